"""The gate: whether a challenger is promoted, and why, in words. A refusal is a result, not an error."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from steps.declaration import Gate
from steps.learning.scoring import Bootstrap, Score

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
    measured = f"{gate.metric.upper()} {_told(own)} {unit} on {challenger.rows} rows it had not seen"
    for other in naive:
        if not own < other.by(gate.metric):
            words = f"{name} has {measured}, no better than {other.name} ({_of(other, gate)})"
            return Outcome(False, f"Not promoted: {words}.")
    if gate.bound is not None and not own < gate.bound:
        return Outcome(
            False, f"Not promoted: {name} has {measured}; the project wants less than {gate.bound:g} {unit}."
        )
    beaten = " and ".join(f"{_of(other, gate)} of {other.name}" for other in naive)
    stands = f"{name} has {measured}, against {beaten}"
    if champion is None or bootstrap is None:
        return Outcome(True, f"Promoted: {stands}. {no_champion}")
    if same_recipe:
        return Outcome(False, f"The champion stays: the folds chose its own recipe again, which has {measured}.")
    better, told = _compared(gate, unit, champion, bootstrap)
    return Outcome(better, f"{'Promoted' if better else 'The champion stays'}: {stands}; {told}.")


def _compared(gate: Gate, unit: str, champion: Score, bootstrap: Bootstrap) -> tuple[bool, str]:
    """Whether the champion is beaten for certain, and how the two compare."""
    told = f"the champion's recipe, trained on the same rows, has {_of(champion, gate)}"
    if bootstrap.bound is None:
        return (
            False,
            f"{told}, and {bootstrap.blocks} blocks of {gate.block_hours} hours are too few to tell them apart",
        )
    better = bootstrap.bound > 0
    verdict = "is worse" if better else "is better" if bootstrap.difference < 0 else "is not distinguishable from it"
    least = f"{_told(bootstrap.bound)} {unit} at {100 * gate.confidence:g} % confidence"
    wanted = "" if better else ", wanted above 0"
    return better, f"{told} and {verdict}: the difference is {_told(bootstrap.difference)}, at least {least}{wanted}"


def _of(score: Score, gate: Gate) -> str:
    return _told(score.by(gate.metric))


def _told(number: float) -> str:
    return f"{number:.2f}" if abs(number) >= 0.095 or number == 0 else f"{number:.2g}"
