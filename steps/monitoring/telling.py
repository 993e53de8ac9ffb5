"""What the detectors found, as a summary's parts and in words."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import pandas as pd

from steps.backends.warehouse import skill
from steps.backends.warehouse.skill import Raised
from steps.monitoring import scores
from steps.monitoring.beside import Beside
from steps.monitoring.cause import RECENT
from steps.monitoring.versus import TAKES
from steps.monitoring.watching import ALL, Watched
from steps.summaries.monitoring import Alarm, Day, Monitoring, Other, Way

EVERYWHERE: Final = "all locations"
_LABELS: Final = {"error": "Error", "bands": "Bands"}


def label(kind: str, location: int, everywhere: str = EVERYWHERE) -> str:
    """What a detector watches; `everywhere`: what all together is called."""
    return f"{_LABELS[kind]}, {everywhere if location == ALL else f'location {location}'}"


def against(cause: str) -> str:
    """Why an alarm of that cause, other than the world, starts no training."""
    return "the data are to be mended first" if cause == "data" else "a person has to look"


def way(found: Watched, everywhere: str = EVERYWHERE) -> Way:
    """A detector's way."""
    return Way.of(found, label=label(found.kind, found.location, everywhere))


def alarm(one: skill.Alarm, everywhere: str = EVERYWHERE) -> Alarm:
    """An alarm, with what came of it if it was raised."""
    came = {"training": one.training, "outcome": one.outcome} if isinstance(one, Raised) else {}
    told = {"day": one.day, "cause": one.cause, "words": one.words, "label": label(one.kind, one.location, everywhere)}
    return Alarm.model_validate(told | came)


def days(found: pd.DataFrame) -> tuple[Day, ...]:
    """The days, all locations together; `found` as `skill.days` gives them."""
    if found.empty:
        return ()
    banded = found[found["outside"].notna()]
    outside = (banded["outside"] * banded["hours"]).groupby(banded["day"]).sum() / banded.groupby("day")["hours"].sum()
    together = scores.pooled(found).sort_values("day").set_index("day").assign(outside=outside).reset_index()
    together = together.assign(day=together["day"].dt.date).replace({float("nan"): None})
    return tuple(Day.model_validate(one) for one in together.to_dict("records"))


def with_others(found: Monitoring, standing: Sequence[Beside]) -> Monitoring:
    """The summary with the models that predict beside the live one."""
    said = " ".join([found.words, *(one.words for one in standing)])
    return found.model_copy(update={"others": tuple(map(_other, standing)), "words": said})


def _other(one: Beside) -> Other:
    seen = {"location": ALL, "level": TAKES, "days": one.found.days, "scores": one.found.scores}
    better = Way.model_validate(seen | {"label": "Better than the champion", "evidence": one.found.better})
    worse = Way.model_validate(seen | {"label": "Worse than the champion", "evidence": one.found.worse})
    told = {"role": one.role, "version": one.version, "since": one.since, "most": one.most, "gain": one.found.gain}
    return Other.model_validate(told | {"better": better, "worse": worse, "words": one.words})


def seen(ways: Sequence[Watched]) -> set[date]:
    """The days on which anything was watched."""
    return {day for one in ways for day in one.days}


def words(
    watched: str, ways: Sequence[Watched], alarms: Sequence[Raised], today: date, everywhere: str = EVERYWHERE
) -> str:
    """A sentence on the state: what was `watched`, and the last alarm of this model if it is recent, or how far the
    evidence is from one."""
    if alarms and today - alarms[-1].day <= RECENT:
        last = alarms[-1]
        said = f"alarm of {last.day:%F} ({label(last.kind, last.location, everywhere)}). {last.words}"
        return f"{watched}: {said} {last.outcome or ''}".strip()
    shares = [one.evidence[-1] / one.level for one in ways if one.evidence]
    return f"{watched}: no alarm; the evidence of a change is at {max(shares, default=0.0):.0%} of what it takes."
