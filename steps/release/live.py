"""The live model together with the dataset that it was fitted on, as a training needs them to judge it."""

from steps.backends import objects, promotions
from steps.backends.database import begin
from steps.contract.command import log
from steps.errors import BadInput, CheckFailed
from steps.learning import lake
from steps.learning.refresh import Live
from steps.release import stored
from steps.summaries.decision import Recipe


def live_model(project: str, recipe: Recipe) -> Live | None:
    """The live model, which `recipe` made, if both it and its dataset can be read."""
    with begin() as connection:
        live = promotions.champion(connection, project)
        dataset = promotions.dataset(connection, project, live.version) if live else None
    if live is None or dataset is None:
        return None
    try:
        model, _ = stored.load(live.model_uri, live.digest)
        return Live(live.version, recipe, model, lake.load(objects.lake(), project, dataset))
    except (BadInput, CheckFailed) as error:
        log.warning("version %d of %s, the live one, is neither scored nor refreshed: %s", live.version, project, error)
        return None
