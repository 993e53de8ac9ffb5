"""Whether an alarm starts a training: rules that keep a storm of alarms to one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from steps.pages.words import count

COOL_DOWN: Final = timedelta(days=14)  # between two trainings for alarms about one model
REFUSED: Final = timedelta(days=90)  # after one that kept the champion
FEWEST_DAYS: Final = 30  # that the live model has not learned from


@dataclass(frozen=True)
class Earlier:
    """A training that an alarm of the same model started: the alarm's day, and what came of it: None while it is under
    way, otherwise whether a model was released; and the version of what it made, while that is on trial."""

    day: date
    released: bool | None
    on_trial: int | None = None


def reason_against(day: date, learned_until: date | None, earlier: Sequence[Earlier]) -> str | None:
    """Why an alarm of that day, taken for a change of the world, starts no training; None if it does.

    `learned_until`: the last day that the live model has learned from, None if unknown.
    """
    for one in earlier:
        if one.released is None:
            return f"the training for the alarm of {one.day:%F} was under way"
        if one.on_trial:
            return f"version {one.on_trial}, made for the alarm of {one.day:%F}, was on trial"
        if day - one.day < COOL_DOWN:
            return f"the alarm of {one.day:%F} started one; wanted {COOL_DOWN.days} days between two"
        if not one.released and day - one.day < REFUSED:
            kept = f"the training for the alarm of {one.day:%F} kept the champion"
            return f"{kept}; wanted {REFUSED.days} days before another"
    new = (day - learned_until).days if learned_until else FEWEST_DAYS
    if new < FEWEST_DAYS:
        return f"only {count(new, 'day')} have come that the live model has not learned from; wanted {FEWEST_DAYS}"
    return None
