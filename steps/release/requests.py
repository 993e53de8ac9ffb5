"""What the live model was asked, beside what it has learned from: signals that need no truth, and alarm nobody.

Without labels a change of the inputs tells nothing of a change of the error, so this is shown and never acted on.
"""

from datetime import date, datetime, timedelta
from typing import Final

import numpy as np

from steps.backends import objects, promotions
from steps.backends.database import begin
from steps.contract.command import log
from steps.errors import StepError
from steps.learning.recipe import ask
from steps.learning.refresh import Live
from steps.models.base import Array
from steps.monitoring import asked
from steps.monitoring.asked import Heard
from steps.release.live import live_model
from steps.summaries.decision import Recipe
from steps.summaries.monitoring import Absent, Monitoring, Requests

DAYS: Final = 7  # that are looked at
KEPT: Final = timedelta(days=90)  # before they are deleted
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
_MOST_ROWS: Final = 5_000  # of what was learned from
_SHOWN: Final = 10
_LARGEST: Final = 1e90  # that a summary takes, with room


def told(project: str, summary: Monitoring, *, beside: bool) -> Monitoring:
    """The summary with what its model was asked in the days before. `beside`: beside what was learned from, which is
    read whole. What is too old is deleted; and where the store does not answer, the summary is as it was."""
    if summary.version is None:
        return summary
    try:
        asked.forget(objects.lake(), project, (summary.as_of - KEPT).date())
        heard = asked.read(objects.lake(), project, summary.version, _days(summary.as_of))
        if heard is None:
            return summary
        return summary.model_copy(update={"requests": _signals(heard, _live(project) if beside else None)})
    except StepError as error:
        log.warning("what was asked of %s is not shown: %s", project, error)
        return summary


def _days(now: datetime) -> list[date]:
    return [now.date() - timedelta(days=ago) for ago in range(DAYS, -1, -1)]


def _live(project: str) -> Live | None:
    with begin() as connection:
        champion = promotions.champion(connection, project)
    return live_model(project, Recipe.model_validate(champion.recipe)) if champion else None


def _signals(heard: Heard, live: Live | None) -> Requests:
    usual, shares = _learned(live) if live and live.version == heard.version else ((), {})
    missing = {name: float(np.isnan(values).mean()) for name, values in heard.values.items()}
    listed = [Absent(feature=name, share=share, usual=shares.get(name)) for name, share in missing.items()]
    moved = sorted(listed, key=lambda one: -abs(one.share - (one.usual or 0.0)))
    return Requests(
        since=heard.since,
        requests=heard.requests,
        rows=len(heard.answers),
        answers=_quantiles(heard.answers),
        usual=usual,
        absent=tuple(one for one in moved[:_SHOWN] if one.share or one.usual),
    )


def _learned(live: Live) -> tuple[tuple[float, ...], dict[str, float]]:
    """The quantiles of the model's predictions for what it has learned from, and the shares that are missing there."""
    rows = live.learned.rows
    drawn = rows if len(rows) <= _MOST_ROWS else rows.iloc[:: len(rows) // _MOST_ROWS + 1]
    missing = drawn[list(live.model.features)].isna().mean()
    return _quantiles(ask(live.model, drawn)), {str(name): float(share) for name, share in missing.items()}


def _quantiles(answers: Array) -> tuple[float, ...]:
    known = np.clip(answers[~np.isnan(answers)], -_LARGEST, _LARGEST)  # a request may hold anything, and get an answer
    return tuple(np.quantile(known, QUANTILES).tolist()) if len(known) else ()
