"""The recipe that a challenger competes with: that of the live model."""

from pydantic import ValidationError

from steps.backends import promotions
from steps.backends.database import begin
from steps.contract.command import log
from steps.summaries.decision import Recipe


def live_recipe(project: str, parameter: str) -> Recipe | None:
    """The recipe of the live model, if that predicts `parameter` and its recipe can be read."""
    with begin() as connection:
        live = promotions.champion(connection, project)
    if live is None or live.parameter != parameter:
        return None
    try:
        return Recipe.model_validate(live.recipe)
    except ValidationError:
        wanted = "a recipe of family, parameters and features"
        log.warning("the live model's recipe does not compete: got %.200r, wanted %s", live.recipe, wanted)
        return None
