"""The live model together with the dataset that it was fitted on, as a training needs them to judge it."""

from steps.backends import history, objects, promotions
from steps.backends.database import begin
from steps.contract.command import log
from steps.errors import BadInput, CheckFailed
from steps.learning import lake
from steps.learning.dataset import Dataset
from steps.learning.refresh import Live
from steps.release import stored
from steps.summaries.decision import Recipe


def live_model(project: str, recipe: Recipe, now: Dataset | None = None) -> Live | None:
    """The live model, which `recipe` made, if both it and its dataset can be read. `now`: what is learned from, which
    may lack rows that were taken back."""
    with begin() as connection:
        live = promotions.champion(connection, project)
        dataset = promotions.dataset(connection, project, live.version) if live else None
    if live is None or dataset is None:
        return None
    try:
        model = stored.load(live.model_uri, live.digest).model
        learned = lake.load(objects.lake(), project, dataset)
    except (BadInput, CheckFailed) as error:
        log.warning("version %d of %s, the live one, is neither scored nor refreshed: %s", live.version, project, error)
        return None
    return Live(live.version, recipe, model, learned, _taken_back(project, learned, now) if now else 0)


def _taken_back(project: str, learned: Dataset, now: Dataset) -> int:
    """How many of the rows that were learned from are not there any more, as people took some back."""
    after, upto = learned.sequence, now.sequence
    if after is None or upto is None:
        return 0
    with begin() as connection:
        entries = history.entries(connection, project, after=after, upto=upto)
    return int((~learned.known(now)).sum()) if any(one.rows < 0 for one in entries) else 0
