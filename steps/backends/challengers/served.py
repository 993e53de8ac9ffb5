"""How a champion and a challenger on trial are served: one SeldonDeployment with two predictors.

https://docs.seldon.io/projects/seldon-core/en/latest/analytics/routers.html and its page on rolling deployments name
what is used of it: `shadow` and `traffic`.
"""

from typing import Any, Final

from steps.backends.challengers import Trial

PREDICTOR: Final = "challenger"


def beside(champion: dict[str, Any], challenger: dict[str, Any], trial: Trial) -> dict[str, Any]:
    """The champion's SeldonDeployment with the predictor of the challenger's as a second one: a shadow, whose answers
    nobody gets, or a canary, with its share of the traffic in whole percent."""
    (first,), (second,) = champion["spec"]["predictors"], challenger["spec"]["predictors"]
    if trial.how == "shadow":
        predictors = [first, second | {"name": PREDICTOR, "shadow": True}]
    else:
        percent = round(100 * trial.share)
        predictors = [first | {"traffic": 100 - percent}, second | {"name": PREDICTOR, "traffic": percent}]
    return champion | {"spec": champion["spec"] | {"predictors": predictors}}
