"""This machine as the engine sees it: where settings come from, how steps start, what applying an object does."""

import contextlib
import copy
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Protocol

from pipeline.engine import LocalHost, Process, Source
from pipeline.errors import PipelineError, UserError
from pipeline.stack import objects
from pipeline.stack import secrets as given
from pipeline.stack.fork_client import Step, spawn
from pipeline.stack.object_store import connect
from pipeline.stack.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class WorkflowRunner(Protocol):
    """Runs Workflows that are applied."""

    def apply(self, manifest: dict[str, Any]) -> str:
        """Start the Workflow unless there is one of that name; its phase. It runs by itself from then on.

        Raises:
            UserError: it cannot be run here.
        """
        ...


def is_step(command: Sequence[str]) -> bool:
    """Whether a command is a step of ours: `python -m steps.X …`."""
    python = len(command) > 2 and re.fullmatch(r"python[\d.]*", PurePath(command[0]).name) is not None
    return python and command[1] == "-m" and command[2].startswith("steps.")


class StackHost(LocalHost):
    """The engine's `Host`, over the servers of a stack. `workflows`: runs an applied Workflow."""

    def __init__(self, stack: Stack, workflows: WorkflowRunner | None = None, *, host_paths: bool = False) -> None:
        super().__init__(host_paths=host_paths)
        self._stack = stack
        self._workflows = workflows
        self._socket: Path | None = None

    def environment(self, kind: Source, name: str) -> Mapping[str, str]:
        """The variables of one ConfigMap or Secret: one that was set, else one of our servers'; blocks until the server
        behind them answers."""
        found = given.read(self._stack.home, name) if kind == "secret" else None
        return found if found is not None else self._stack.settings(kind, name)

    def has(self, kind: Source, name: str, key: str) -> bool:
        """See `Host`. What a server of ours will have is not asked for."""
        found = given.read(self._stack.home, name) if kind == "secret" else None
        return (not key or key in found) if found is not None else self._stack.knows(kind, name)

    def start(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdout: Path, stderr: Path
    ) -> Process:
        """Start a step of ours in a child of the fork server, starting that where it does not run; any other command
        as a process of its own."""
        if not is_step(command):
            return super().start(command, env=env, cwd=cwd, stdout=stdout, stderr=stderr)
        return self.fork(command[2], command[3:], env=env, cwd=cwd, stdout=stdout, stderr=stderr)

    def download(self, fields: Mapping[str, str], secrets: Mapping[str, str], target: Path) -> None:
        """See `Host`."""
        objects.download(self._store(fields, secrets), bucket_of(fields), fields["key"], target)

    def upload(self, fields: Mapping[str, str], secrets: Mapping[str, str], source: Path) -> None:
        """See `Host`."""
        objects.upload(self._store(fields, secrets), bucket_of(fields), fields["key"], source)

    def _store(self, fields: Mapping[str, str], secrets: Mapping[str, str]) -> "S3Client":
        """The store that an artifact names; the embedded one where it names none."""
        if not fields["endpoint"]:
            return connect(self._stack.settings("secret", "object-store"))
        scheme = "http" if fields["insecure"] else "https"
        return connect(
            {
                "AWS_ENDPOINT_URL_S3": f"{scheme}://{fields['endpoint']}",
                "AWS_ACCESS_KEY_ID": secrets.get("accessKeySecret", ""),
                "AWS_SECRET_ACCESS_KEY": secrets.get("secretKeySecret", ""),
                "AWS_DEFAULT_REGION": fields["region"] or "us-east-1",
            }
        )

    def fork(
        self, module: str, arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdout: Path, stderr: Path
    ) -> Step:
        """Start what `python -m module arguments…` does in a child of the fork server, which is started if need be."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                return spawn(self._socket, module, arguments, env=env, cwd=cwd, stdout=stdout, stderr=stderr)
        self._socket = Path(self._stack.ensure("fork-server").removeprefix("unix:"))
        return spawn(self._socket, module, arguments, env=env, cwd=cwd, stdout=stdout, stderr=stderr)

    def apply(self, manifest: dict[str, Any], *, log: Path) -> dict[str, Any]:
        """Start a Workflow, whose status then has the `phase`; or run the model server that a SeldonDeployment
        describes. Returns the object with the status that Seldon's operator would give it: `state` Available and
        `address.url`, or `state` Failed and `description`.

        Raises:
            UserError: the object is of another kind, needs a cluster, or names a Secret that is not here.
        """
        applied = copy.deepcopy(manifest)
        if self._workflows is not None and _is_workflow(manifest):
            phase = self._workflows.apply(manifest)
            applied["status"] = {"phase": phase}
            _note(log, f"Workflow {manifest['metadata']['name']}: {phase}")
            return applied
        try:
            url = self._stack.deploy(manifest)
            applied["status"] = {"state": "Available", "address": {"url": url}}
            line = f"Available at {url}"
        except UserError:
            raise
        except PipelineError as error:
            applied["status"] = {"state": "Failed", "description": str(error)}
            line = f"Failed: {error}"
        _note(log, line)
        return applied


def bucket_of(fields: Mapping[str, str]) -> str:
    """The bucket of an artifact that may leave it out, as one that only has a key does."""
    return fields["bucket"] or "artifacts"


def _is_workflow(manifest: dict[str, Any]) -> bool:
    return manifest.get("kind") == "Workflow" and str(manifest.get("apiVersion")).startswith("argoproj.io/")


def _note(log: Path, line: str) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{datetime.now(UTC):%FT%TZ} {line}\n")
