"""The gate: whether a challenger is promoted, and why, in words. A refusal is a result, not an error."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from steps.declaration import Gate
from steps.learning.scoring import METRICS, Bootstrap, Score, better

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
    same_recipe: bool = False,
    no_champion: str = NOTHING_LIVE,
) -> Outcome:
    """Promote if the challenger beats every naive predictor, meets the bound, and beats the champion for certain.

    With no champion the first two suffice; `no_champion` says why there is none. `same_recipe`: the folds chose the
    champion's own.
    """
    name, own = challenger.name, challenger.by(gate.metric)
    measured = f"{_named(gate)} {_told(own, gate, unit)} on {challenger.rows} rows it had not seen"
    for other in naive:
        if not better(gate.metric, own, other.by(gate.metric)):
            words = f"{name} has {measured}, no better than {other.name} ({_of(other, gate)})"
            return Outcome(False, f"Not promoted: {words}.")
    if gate.bound is not None and not better(gate.metric, own, gate.bound):
        wanted = f"the project wants {'more' if METRICS[gate.metric] else 'less'} than {gate.bound:g} {unit}".rstrip()
        return Outcome(False, f"Not promoted: {name} has {measured}; {wanted}.")
    beaten = " and ".join(f"{_of(other, gate)} of {other.name}" for other in naive)
    stands = f"{name} has {measured}, against {beaten}"
    if champion is None or bootstrap is None:
        return Outcome(True, f"Promoted: {stands}. {no_champion}")
    if same_recipe:
        return Outcome(False, f"The champion stays: the folds chose its own recipe again, which has {measured}.")
    beaten_too, told = _compared(gate, unit, champion, bootstrap)
    return Outcome(beaten_too, f"{'Promoted' if beaten_too else 'The champion stays'}: {stands}; {told}.")


def _compared(gate: Gate, unit: str, champion: Score, bootstrap: Bootstrap) -> tuple[bool, str]:
    """Whether the champion is beaten for certain, and how the two compare."""
    told = f"the champion's recipe, trained on the same rows, has {_of(champion, gate)}"
    if bootstrap.bound is None:
        return (
            False,
            f"{told}, and {bootstrap.blocks} blocks are too few to tell them apart",
        )
    worse = bootstrap.bound > 0
    verdict = "is worse" if worse else "is better" if bootstrap.difference < 0 else "is not distinguishable from it"
    least = f"{_told(bootstrap.bound, gate, unit)} at {100 * gate.confidence:g} % confidence"
    wanted = "" if worse else ", wanted above 0"
    difference = _told(bootstrap.difference, gate)
    return worse, f"{told} and {verdict}: the difference is {difference}, at least {least}{wanted}"


def _of(score: Score, gate: Gate) -> str:
    return _told(score.by(gate.metric), gate)


def _named(gate: Gate) -> str:
    return gate.metric if METRICS[gate.metric] else gate.metric.upper()


def _told(number: float, gate: Gate, unit: str = "") -> str:
    if METRICS[gate.metric]:
        return f"{number:.3f}"
    digits = f"{number:.2f}" if abs(number) >= 0.095 or number == 0 else f"{number:.2g}"
    return f"{digits} {unit}".rstrip()
