"""The recipe that a challenger meets: that of the live model."""

from steps.backends import promotions
from steps.backends.database import begin
from steps.contract.command import log
from steps.errors import BadInput
from steps.learning.recipe import Recipe


def live_recipe(project: str, parameter: str) -> Recipe | None:
    """The recipe of the live model, where it predicts `parameter`; one that cannot be read counts as none."""
    with begin() as connection:
        live = promotions.champion(connection, project)
    if live is None or live.parameter != parameter:
        return None
    try:
        return Recipe.from_json(live.recipe)
    except BadInput as error:
        log.warning("the live model's recipe does not compete: %s", error)
        return None
