"""The predictors of a SeldonDeployment: who answers, who is on trial, and how.

One predictor answers alone. Of two, the first is the champion; the other, the challenger, has either `shadow: true` (it
gets a copy of each request, its answers are thrown away) or a share of the `traffic` in per cent (a canary).
https://docs.seldon.io/projects/seldon-core/en/latest/reference/seldon-deployment.html
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal

from steps.errors import BadInput

Mode = Literal["direct", "shadow", "canary"]

_PLACE = ("traffic", "shadow", "replicas")  # what may change while it stays the same server


@dataclass(frozen=True)
class Predictors:
    """The two predictors as they are declared. `challenger`: None if there is none. `share`: of the requests that the
    challenger answers, in per cent; 0 for a shadow."""

    champion: dict[str, Any]
    challenger: dict[str, Any] | None
    mode: Mode
    share: int


def of(manifest: dict[str, Any]) -> Predictors:
    """The predictors of the SeldonDeployment `manifest`.

    Raises:
        BadInput: they are none, more than two, or share the requests in a way that Seldon would refuse.
    """
    spec = manifest.get("spec")
    found = spec.get("predictors") if isinstance(spec, dict) else None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise BadInput("spec.predictors is missing; a SeldonDeployment must have it")
    if len(found) not in (1, 2):
        raise BadInput(f"spec.predictors: got {len(found)}; wanted one, or two of which the second is on trial")
    champion, *others = found
    if champion.get("shadow"):
        raise BadInput(f"spec.predictors: {name_of(champion)} is the first and a shadow; wanted the champion first")
    if not others:
        return Predictors(champion, None, "direct", 0)
    (challenger,) = others
    if name_of(champion) == name_of(challenger):
        raise BadInput(f"spec.predictors: both are named {name_of(champion)}; wanted two names")
    if challenger.get("shadow"):
        return Predictors(champion, challenger, "shadow", 0)
    shares = [_share(each) for each in found]
    if sum(shares) != 100:
        raise BadInput(f"spec.predictors: their traffic is {shares[0]} and {shares[1]}; wanted 100 in all, or a shadow")
    return Predictors(champion, challenger, "canary", shares[1])


def name_of(predictor: dict[str, Any]) -> str:
    """Its name; that of its Service is the deployment's, a dash and this."""
    return str(predictor.get("name", "default"))


def key(predictor: dict[str, Any]) -> str:
    """A digest of all that makes a predictor the server that it is."""
    return _digest({name: value for name, value in predictor.items() if name not in _PLACE})


def generation(manifest: dict[str, Any]) -> str:
    """A digest of what a router reads of the object: who is meant to answer, and where they are."""
    return _digest([manifest.get("spec"), places(manifest)])


def places(manifest: dict[str, Any]) -> dict[str, Any]:
    """Where the predictors are, by their Services' names: `{"httpEndpoint": "host:port"}`."""
    found: dict[str, Any] = (manifest.get("status") or {}).get("serviceStatus") or {}
    return found


def _share(predictor: dict[str, Any]) -> int:
    share = predictor.get("traffic", 0)
    if isinstance(share, bool) or not isinstance(share, int) or not 0 <= share <= 100:
        raise BadInput(f"spec.predictors: the traffic of {name_of(predictor)} is {share!r}; wanted 0 to 100")
    return share


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
