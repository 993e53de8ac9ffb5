"""Whether a file's new rows come from the world that the live model learned from.

What matters is the relation, not the inputs: a survey of larger animals is welcome, one whose rings are counted
differently is not. So the champion predicts the new rows, and its mean error on them is compared with that on the
holdout, where it was judged. The bound is a number of standard errors of that mean, plus the project's tolerance, since
no two surveys are quite alike.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd

from steps.backends import objects, promotions
from steps.backends.database import begin
from steps.contract.command import log
from steps.contract.declaration import TableDeclaration
from steps.features.table import features
from steps.learning import decisions
from steps.models import Model
from steps.release.stored import load

_MOST_ROWS = 50_000  # that are predicted: the first by their hash, which amounts to a random draw


@dataclass(frozen=True, eq=False)
class Champion:
    """The live model, and its residuals on the holdout (target minus prediction): their mean and standard deviation, in
    the target's unit. `decision`: the one that made it live."""

    model: Model
    mean: float
    sd: float
    decision: int


def champion(project: str) -> Champion | None:
    """The live model of the project; None if there is none, or if the lake does not have its residuals.

    Raises:
        CheckFailed: its files are gone or were changed.
        StepError: the database or the object store does not answer.
    """
    with begin() as connection:
        live = promotions.champion(connection, project)
        judged = None if live is None else _judged(promotions.get(connection, project, live.decision))
    if live is None or judged is None:
        log.info("no model is live, so no file is compared with what it expects")
        return None
    decision = decisions.find(objects.lake(), project, judged)
    residuals = decision.residuals if decision else None
    if residuals is None:
        log.info("decision %s has no residuals, so no file is compared with what its model expects", judged)
        return None
    model = load(live.model_uri, live.digest).model
    return Champion(model, residuals.mean, residuals.sd, live.decision)


def reason(new_rows: pd.DataFrame, champion: Champion | None, declaration: TableDeclaration) -> str | None:
    """Why a file's new rows come from a different world; None if they do not, or are too few to tell."""
    bound = declaration.learning.shift
    if champion is None or bound is None or declaration.learning.task != "regression" or len(new_rows) < bound.rows:
        return None
    asked = new_rows.sort_values("row").head(_MOST_ROWS)
    inputs = features(asked, declaration)
    if not set(champion.model.features) <= set(inputs.columns):
        log.info("the live model of decision %d wants other columns, so no file is compared with it", champion.decision)
        return None
    target = declaration.target
    expected = champion.model.predict(inputs[list(champion.model.features)].to_numpy(dtype=np.float64))
    mean = float(np.mean(asked[target.name].to_numpy(dtype=np.float64) - expected))
    allowed = bound.errors * champion.sd / sqrt(len(asked)) + bound.tolerance
    if abs(mean - champion.mean) <= allowed:
        return None
    unit = f" {target.unit}" if target.unit else ""
    side = "above" if mean > 0 else "below"
    return (
        f"its {len(asked):,} new rows are on average {abs(mean):.2f}{unit} {side} what the live model (decision "
        f"{champion.decision}) expects; on the holdout that was {champion.mean:.2f} with a standard deviation of "
        f"{champion.sd:.2f}, and {allowed:.2f} from it are allowed ({bound.errors:g} standard errors of "
        f"{champion.sd / sqrt(len(asked)):.2f}, and {bound.tolerance:g})"
    )


def _judged(live: promotions.Promotion) -> int:
    """The decision that judged the live model, which a rollback did not."""
    return live.decision if live.restores is None else live.restores
