"""The gate: whether a challenger is promoted, and why, in words. A refusal is a result, not an error."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from steps.contract.declaration import Gate
from steps.learning.scoring import METRICS, better
from steps.summaries.decision import Bootstrap, Score

TOO_GOOD: Final = 0.2  # of the best naive predictor's error: so little is more often a leak than a find
NOTHING_LIVE: Final = "No model that predicts this was live."


@dataclass(frozen=True)
class Outcome:
    """What was decided, and one or two sentences on what decided it."""

    promoted: bool
    words: str


def decide(
    gate: Gate,
    unit: str,
    *,
    naive: Sequence[Score],
    challenger: Score,
    champion: Score | None,
    bootstrap: Bootstrap | None,
    span: str = "",
    same_recipe: bool = False,
    no_champion: str = NOTHING_LIVE,
) -> Outcome:
    """Promote the challenger if it beats every naive predictor, meets the bound, and certainly beats the champion.

    Without a champion the first two are enough; `no_champion` says why there is none. `span`: what the two were
    compared over, such as 74 days. `same_recipe`: the folds chose the champion's recipe.
    """
    name = challenger.name
    if short := shortfall(gate, unit, naive, challenger):
        return Outcome(False, f"Not promoted: {name} has {short}.")
    measured = _measured(challenger, gate, unit)
    beaten = " and ".join(f"{_of(other, gate)} of {other.name}" for other in naive)
    if champion is None or bootstrap is None:
        return Outcome(True, f"Promoted: {name} has {measured}, against {beaten}. {no_champion}")
    if same_recipe:
        return Outcome(False, f"Kept the champion: the folds chose its own recipe again, which has {measured}.")
    theirs = f"{_of(champion, gate)} of the champion's recipe, trained on the same rows"
    surely = bootstrap.bound is not None and bootstrap.bound > 0
    verdict = f"{name} was {_gain(gate, champion, bootstrap)}{_sure(bootstrap, span or f'{bootstrap.blocks} blocks')}"
    words = f"{verdict}. It has {measured}, against {theirs}, {beaten}.{_least(gate, unit, bootstrap)}"
    return Outcome(surely, f"{'Promoted' if surely else 'Kept the champion'}: {words}")


def shortfall(gate: Gate, unit: str, naive: Sequence[Score], own: Score) -> str:
    """What a score is, if it is no better than a naive predictor's or misses the gate's bound; nothing otherwise."""
    value, measured = own.by(gate.metric), _measured(own, gate, unit)
    for other in naive:
        if not better(gate.metric, value, other.by(gate.metric)):
            return f"{measured}, no better than {other.name} ({_of(other, gate)})"
    if gate.bound is not None and not better(gate.metric, value, gate.bound):
        wanted = f"the project wants {'more' if METRICS[gate.metric] else 'less'} than {gate.bound:g} {unit}".rstrip()
        return f"{measured}; {wanted}"
    return ""


def _measured(own: Score, gate: Gate, unit: str) -> str:
    return f"{named(gate)} {formatted(own.by(gate.metric), gate, unit)} on {own.rows:,} rows it had not seen"


def too_good(gate: Gate, naive: Sequence[Score], challenger: Score, matter: Sequence[str]) -> str:
    """A sentence that says to look where the challenger's score is too good to be taken on trust, else nothing.

    It is compared with the naive predictors, which see no input: the champion's recipe, trained on the same rows, knows
    from a leaking one as much as the challenger. `matter`: the features that matter most to it.
    """
    best = min(naive, key=lambda score: error(score, gate))
    least = error(best, gate)
    if least <= 0 or error(challenger, gate) > TOO_GOOD * least:
        return ""
    share = 100 * (1 - error(challenger, gate) / least)
    first = f", first at what matters most to it: {', '.join(matter)}" if matter else ""
    below = f"Its error is {share:.0f} % below that of {best.name}"
    return f" {below}, too good to be taken on trust: a reason to look{first}."


def error(score: Score, gate: Gate) -> float:
    """What is the less the better: an error by the gate's metric, or the share of wrong answers."""
    return 1 - score.by(gate.metric) if METRICS[gate.metric] else score.by(gate.metric)


def _gain(gate: Gate, champion: Score, bootstrap: Bootstrap) -> str:
    """How much better than the champion: errors in per cent, accuracies in points."""
    gain = 100 * bootstrap.difference / (1.0 if METRICS[gate.metric] else champion.by(gate.metric))
    size = f"{abs(gain):.1f}" if abs(gain) >= 0.05 or gain == 0 else f"{abs(gain):.1g}"
    of = "points" if METRICS[gate.metric] else "%"
    return f"{size} {of} {'worse' if gain < 0 else 'better'} than the champion"


def _sure(bootstrap: Bootstrap, span: str) -> str:
    if bootstrap.bound is None:
        return f", and {span} are too few to tell that from chance"
    if bootstrap.bound > 0:
        return f", more than chance over {span}"
    return f" over {span}" if bootstrap.difference < 0 else f", not distinguishable from chance over {span}"


def _least(gate: Gate, unit: str, bootstrap: Bootstrap) -> str:
    """The difference and its lower bound."""
    if bootstrap.bound is None:
        return ""
    least = f"{formatted(bootstrap.bound, gate, unit)} at {100 * gate.confidence:g} % confidence"
    wanted = "" if bootstrap.bound > 0 else ", wanted above 0"
    return f" The difference is {formatted(bootstrap.difference, gate)}, at least {least}{wanted}."


def _of(score: Score, gate: Gate) -> str:
    return formatted(score.by(gate.metric), gate)


def named(gate: Gate) -> str:
    """The metric's name, for people."""
    return gate.metric if METRICS[gate.metric] else gate.metric.upper()


def formatted(number: float, gate: Gate, unit: str = "") -> str:
    """A score, or a difference of two, with as many digits as tell something."""
    if METRICS[gate.metric]:
        return f"{number:.3f}"
    digits = f"{number:.2f}" if abs(number) >= 0.095 or number == 0 else f"{number:.2g}"
    return f"{digits} {unit}".rstrip()
