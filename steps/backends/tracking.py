"""MLflow: what was tried, decided and registered, for people to look at; and the alias that says what is live.

Contract. Everything created here carries a tag that says what it belongs to (`pipeline.key`: dataset and recipe), and
is looked up by that tag before it is created. So a step that was killed anywhere in between can be run again, and a
decision has one run and one model version. The alias `champion` of the registered model, which is named after the
project, says which version is live; `challenger` says which is on trial beside it. Only `verify` moves them.

A model is logged as a `python_function` with a loader of our own: plain files and no pickle, so that
`mlflow.pyfunc.load_model("models:/openaq@champion")` works wherever `steps` can be imported.
"""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steps.errors import StepError
from steps.settings import setting

# Read by MLflow when it is imported or later: it must not wait for ever, contact other servers, or print.
for _name, _value in {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_UV_AUTO_DETECT": "false",
}.items():
    os.environ.setdefault(_name, _value)

with warnings.catch_warnings():  # MLflow warns of its own type hints
    warnings.filterwarnings("ignore", ".*Any type hint is inferred as AnyType", UserWarning)
    import mlflow.pyfunc

import numpy as np  # noqa: E402 - after the settings that MLflow reads
import pandas as pd  # noqa: E402
from mlflow import MlflowClient  # noqa: E402
from mlflow.entities import LoggedModel, LoggedModelStatus, Metric, Param, Run, RunTag, ViewType  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from mlflow.models import Model, infer_signature  # noqa: E402
from mlflow.utils import requirements_utils  # noqa: E402

ALIAS = "champion"
CHALLENGER = "challenger"
_KEY = "pipeline.key"
_PARENT = "mlflow.parentRunId"
_THREADS = 4

Measured = float | Sequence[float] | Mapping[int, float]


@dataclass(frozen=True)
class Trial:
    """One trial as a child run: its metrics may have several values, which become steps (folds)."""

    name: str
    parameters: Mapping[str, Any]
    metrics: Mapping[str, Measured]


@dataclass(frozen=True)
class Registered:
    """A model version, and the folder in the object store that holds the model's own files."""

    version: int
    model_uri: str


@dataclass(frozen=True)
class Package:
    """A model to register: the folder of its files, the module whose `_load_pyfunc` loads them, what it needs
    installed, and some input with the model's answers."""

    folder: Path
    loader: str
    requirements: Sequence[str]
    example: pd.DataFrame
    answers: "np.ndarray[Any, np.dtype[np.float64]]"


@dataclass(frozen=True)
class Account:
    """What one decision leaves in MLflow; `name` is the run's. A metric with several values has one for each step: a
    list is numbered from 0, a mapping gives the steps."""

    key: str
    name: str
    parameters: Mapping[str, Any]
    metrics: Mapping[str, Measured]
    tags: Mapping[str, str]
    trials: Sequence[Trial] = ()


class Tracking:
    """One project's experiment and registered model on the server that MLFLOW_TRACKING_URI names.

    Raises:
        StepError: the server does not answer, or refuses. Worth a retry.
    """

    def __init__(self, project: str) -> None:
        self.project = project
        self._uri = setting("MLFLOW_TRACKING_URI")
        if "AWS_ENDPOINT_URL_S3" in os.environ:
            os.environ.setdefault("MLFLOW_S3_ENDPOINT_URL", os.environ["AWS_ENDPOINT_URL_S3"])
        logging.getLogger("mlflow").setLevel(logging.ERROR)
        mlflow.set_tracking_uri(self._uri)
        self._client = MlflowClient(self._uri)

    def log(self, account: Account) -> str:
        """Write the account as one run with its trials as child runs; returns the run's id. Repeated, it completes the
        same run."""
        with self._talking("log the decision"):
            experiment = self._experiment()
            parent = self._run(experiment, account.key, account.name, {})
            self._log_trials(experiment, parent, account.trials)
            self._write(parent, account.parameters, account.metrics, account.tags)
            self._finish(parent)
        return str(parent.info.run_id)

    def attach(self, run_id: str, name: str, text: str) -> None:
        """Store a text as an artifact of the run. Repeated, it replaces the text."""
        with self._talking(f"keep {name}"):
            self._client.log_text(run_id, text, name)

    def register(self, run_id: str, key: str, package: Package, tags: Mapping[str, str]) -> Registered:
        """Make the packaged model a version of the project's registered model. Repeated, it returns the same
        version."""
        with self._talking("register the model"):
            model = self._logged(key) or self._log_model(run_id, key, package)
            version = self._version(run_id) or self._new_version(run_id, model, {**tags, _KEY: key})
        return Registered(version, f"{model.artifact_location.rstrip('/')}/data/{package.folder.name}")

    def alias(self) -> int | None:
        """The live version, or None if the alias or the model does not exist."""
        try:
            with self._talking("read the alias"):
                version = self._client.get_registered_model(self.project).aliases.get(ALIAS)
        except _Absent:
            return None
        return None if version is None else int(version)

    def move_alias(self, version: int) -> None:
        """Point the alias at `version`: it is live."""
        with self._talking("move the alias"):
            self._client.set_registered_model_alias(self.project, ALIAS, str(version))

    def name_challenger(self, version: int | None) -> None:
        """Point the alias `challenger` at the version that is on trial; None: take it away."""
        with self._talking("name the challenger"):
            if version is not None:
                self._client.set_registered_model_alias(self.project, CHALLENGER, str(version))
            elif CHALLENGER in self._client.get_registered_model(self.project).aliases:
                self._client.delete_registered_model_alias(self.project, CHALLENGER)

    def forget(self, version: int) -> None:
        """Take a version out of the registry. Repeated, it changes nothing."""
        with suppress(_Absent), self._talking(f"forget version {version}"):
            self._client.delete_model_version(self.project, str(version))

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(self.project)
        if found is None:
            try:
                return str(self._client.create_experiment(self.project))
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
                found = self._client.get_experiment_by_name(self.project)
        return str(found.experiment_id)

    def _run(self, experiment: str, key: str, name: str, tags: Mapping[str, str]) -> Run:
        """The run with that key, or a new one."""
        wanted = f"tags.`{_KEY}` = '{key}'"
        found = self._client.search_runs([experiment], wanted, ViewType.ACTIVE_ONLY, max_results=1)
        return found[0] if found else self._client.create_run(experiment, tags={**tags, _KEY: key}, run_name=name)

    def _log_trials(self, experiment: str, parent: Run, trials: Sequence[Trial]) -> None:
        parent_id = parent.info.run_id
        there = self._client.search_runs([experiment], f"tags.`{_PARENT}` = '{parent_id}'", max_results=1000)
        by_name = {run.info.run_name: run for run in there}

        def log(trial: Trial) -> None:
            run = by_name.get(trial.name)
            if run is None:
                run = self._client.create_run(experiment, tags={_PARENT: parent_id}, run_name=trial.name)
            if run.info.status != "FINISHED":
                self._write(run, trial.parameters, trial.metrics, {})
                self._finish(run)

        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(log, trials))

    def _write(
        self, run: Run, parameters: Mapping[str, Any], metrics: Mapping[str, Measured], tags: Mapping[str, str]
    ) -> None:
        began = run.info.start_time  # not the present time: a value that is written again must not count twice
        self._client.log_batch(
            run.info.run_id,
            metrics=[
                Metric(name, value, began, step)
                for name, measured in metrics.items()
                for step, value in _steps(measured).items()
            ],
            params=[Param(name, str(value)) for name, value in parameters.items()],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )

    def _finish(self, run: Run) -> None:
        self._client.set_terminated(run.info.run_id)

    def _logged(self, key: str) -> LoggedModel | None:
        """The model with that key and complete files."""
        wanted = f"tags.`{_KEY}` = '{key}'"
        found = self._client.search_logged_models([self._experiment()], filter_string=wanted)
        return next((model for model in found if model.status == LoggedModelStatus.READY), None)

    def _log_model(self, run_id: str, key: str, package: Package) -> LoggedModel:
        # or MLflow scans every installed package, a second or more, to warn of versions that are right
        requirements_utils._MODULES_TO_PACKAGES = requirements_utils._MODULES_TO_PACKAGES or {}
        logged = self._client.create_logged_model(self._experiment(), "model", run_id, tags={_KEY: key})
        Model.log(
            artifact_path=None,
            name="model",
            flavor=mlflow.pyfunc,
            run_id=run_id,
            model_id=logged.model_id,
            loader_module=package.loader,
            data_path=str(package.folder),
            pip_requirements=list(package.requirements),
            signature=infer_signature(package.example, package.answers),
            input_example=package.example,
        )
        return self._client.get_logged_model(logged.model_id)

    def _version(self, run_id: str) -> int | None:
        found = self._client.search_model_versions(f"name = '{self.project}' and run_id = '{run_id}'")
        return min((int(version.version) for version in found), default=None)

    def _new_version(self, run_id: str, model: LoggedModel, tags: Mapping[str, str]) -> int:
        try:
            self._client.create_registered_model(self.project)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        made = self._client.create_model_version(
            self.project, model.model_uri, run_id, tags=dict(tags), model_id=model.model_id, await_creation_for=None
        )
        return int(made.version)

    @contextmanager
    def _talking(self, what: str) -> Iterator[None]:
        try:
            yield
        except MlflowException as error:
            kind = _Absent if error.error_code == "RESOURCE_DOES_NOT_EXIST" else StepError
            first = str(error).partition("\n")[0][:300]
            raise kind(f"the tracking server at {self._uri} did not {what}: {first}") from error


def _steps(measured: Measured) -> Mapping[int, float]:
    if isinstance(measured, int | float):
        return {0: measured}
    return measured if isinstance(measured, Mapping) else dict(enumerate(measured))


class _Absent(StepError):
    """The server does not have it."""
