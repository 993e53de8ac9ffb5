"""What MLflow's registry says, by its REST API, since importing MLflow takes seconds.

https://mlflow.org/docs/latest/api_reference/rest-api.html
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from pipeline.errors import PipelineError

_ALIAS = "champion"
_PATIENCE = 10.0  # seconds


@dataclass(frozen=True)
class ModelRegistry:
    """The registry of the tracking server at `address`."""

    address: str

    def champion(self, project: str) -> int | None:
        """The version that has the alias `champion`, if any.

        Raises:
            PipelineError: the server does not answer.
        """
        found = self._get("registered-models/get", name=project).get("registered_model", {})
        versions = {each["alias"]: int(each["version"]) for each in found.get("aliases", ())}
        return versions.get(_ALIAS)

    def run(self, project: str, version: int) -> str | None:
        """The id of the run that made a version, if the registry has it.

        Raises:
            PipelineError: the server does not answer.
        """
        found = self._get("model-versions/get", name=project, version=str(version)).get("model_version", {})
        return str(found["run_id"]) if found.get("run_id") else None

    def page(self, project: str, version: int) -> str:
        """The address of a version's page."""
        return f"{self.address}/#/models/{project}/versions/{version}"

    def _get(self, what: str, **asked: str) -> dict[str, Any]:
        url = f"{self.address}/api/2.0/mlflow/{what}?{urllib.parse.urlencode(asked)}"
        try:
            with urllib.request.urlopen(url, timeout=_PATIENCE) as answer:  # noqa: S310 - our own server's address
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            if error.code == 404:  # RESOURCE_DOES_NOT_EXIST
                return {}
            raise PipelineError(f"the tracking server at {self.address} answered {error.code} to {what}") from error
        except (OSError, ValueError) as error:
            raise PipelineError(f"the tracking server at {self.address} did not answer to {what}: {error}") from error
