"""Who answers: read from a SeldonDeployment, whose status says where its predictors are.

On a cluster Seldon's operator fills `status.serviceStatus` with the address of each predictor's Service, whose name is
`<deployment>-<predictor>`; on a laptop the stack does. A predictor that is not there yet has no server.
"""

from dataclasses import dataclass
from typing import Any

from steps.contract import predictors
from steps.contract.predictors import Mode
from steps.errors import BadInput


@dataclass(frozen=True)
class Server:
    """One predictor. `url`: its address, without a path; None if it is not there yet. `version`: of its model, empty
    if that is not said. `key`: a digest of all that makes it what it is."""

    name: str
    url: str | None
    version: str
    key: str


@dataclass(frozen=True)
class Routes:
    """Who answers the requests to one deployment. `share`: as of `Predictors`. `generation`: a digest of all of it."""

    name: str
    champion: Server
    challenger: Server | None
    mode: Mode
    share: int
    generation: str


def read(found: Any) -> Routes:
    """The routes of a SeldonDeployment.

    Raises:
        BadInput: it is none.
    """
    if not isinstance(found, dict):
        raise BadInput(f"got {found!r:.40}; wanted a SeldonDeployment")
    name = str((found.get("metadata") or {}).get("name", ""))
    given = predictors.of(found)
    places = predictors.places(found)
    champion = _server(name, given.champion, places)
    challenger = _server(name, given.challenger, places) if given.challenger is not None else None
    return Routes(name, champion, challenger, given.mode, given.share, predictors.generation(found))


def _server(deployment: str, predictor: dict[str, Any], places: dict[str, Any]) -> Server:
    name = predictors.name_of(predictor)
    endpoint = (places.get(f"{deployment}-{name}") or {}).get("httpEndpoint")
    url = f"http://{endpoint}" if endpoint else None
    return Server(name, url, _version(predictor), predictors.key(predictor))


def _version(predictor: dict[str, Any]) -> str:
    """The version of its model, as its container is told it."""
    try:
        environment = predictor["componentSpecs"][0]["spec"]["containers"][0].get("env", [])
        return next((str(each["value"]) for each in environment if each["name"] == "MODEL_VERSION"), "")
    except (LookupError, TypeError, AttributeError) as error:
        raise BadInput("spec.predictors: componentSpecs is not what a SeldonDeployment has") from error
