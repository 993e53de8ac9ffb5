"""The list of trials: drawn once, in order, from a seed. Apart from `trials`, since only this needs Optuna."""

import warnings
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from steps.backends.caching import canonical
from steps.contract.declaration import Choice, Family, Range
from steps.learning.recipe import SEED
from steps.learning.trials import Parameters
from steps.summaries.decision import Recipe


def draw(family: Family, champion: Recipe | None) -> list[Parameters]:
    """The parameters of the family's trials, in order, no two alike; no more than it declares.

    The champion's come first if it is of this family, uses all features and its parameters are those of the space. Then
    the middle of the space, then a scrambled Sobol sequence, which leaves no large hole (Bergstra and Bengio 2012).
    """
    drawn: list[Parameters] = []
    if champion and champion.family == family.name and champion.features is None:
        drawn += [dict(champion.parameters)] if set(champion.parameters) == set(family.space) else []
    space = {name: _distribution(part) for name, part in sorted(family.space.items())}
    study = _study()
    study.enqueue_trial({name: _middle(part) for name, part in family.space.items()})
    for _ in range(4 * family.trials):  # a small space may repeat parameters
        drawn.append(dict(sorted(study.ask(space).params.items())))
        unique = {canonical(parameters): parameters for parameters in drawn}
        if len(unique) >= family.trials:
            break
    return list(unique.values())


def _study() -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # QMCSampler, "experimental" since 3.0
        sampler = optuna.samplers.QMCSampler(scramble=True, seed=SEED)
    return optuna.create_study(sampler=sampler)


def _distribution(part: Choice | Range) -> BaseDistribution:
    if isinstance(part, Choice):
        return CategoricalDistribution(part.values)
    if isinstance(part.low, int) and isinstance(part.high, int):
        return IntDistribution(part.low, part.high, log=part.log)
    return FloatDistribution(part.low, part.high, log=part.log)


def _middle(part: Choice | Range) -> Any:
    if isinstance(part, Choice):
        return part.values[0]
    middle = (part.low * part.high) ** 0.5 if part.log else (part.low + part.high) / 2
    return round(middle) if isinstance(part.low, int) and isinstance(part.high, int) else middle
