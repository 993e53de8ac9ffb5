"""This machine as the engine sees it: where settings come from, how steps start, what applying an object does."""

import contextlib
import copy
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Final, Protocol

from pipeline import projects
from pipeline.engine import LocalHost, Process, Source, generated_name
from pipeline.engine.spec import Resource
from pipeline.errors import PipelineError, UserError
from pipeline.stack.fork_client import Step, spawn
from pipeline.stack.object_store import connect
from pipeline.stack.objects import buckets, kubectl
from pipeline.stack.objects.kept import Kept, is_kept
from pipeline.stack.stack import SETTINGS, Stack

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

    def phase(self, run: str) -> str | None:
        """The phase of the Workflow of that name; None if there is none."""
        ...


_KINDS: Final = {"configMap": "ConfigMap", "secret": "Secret"}


def is_step(command: Sequence[str]) -> bool:
    """Whether a command is a step of ours: `python -m steps.X …`."""
    python = len(command) > 2 and re.fullmatch(r"python[\d.]*", PurePath(command[0]).name) is not None
    return python and command[1] == "-m" and command[2].startswith("steps.")


class Beforehand(LocalHost):
    """What can be told of this machine without starting a server, or making its state folder `home`. `cluster`: whether
    objects of kinds that are not here go to the cluster of kubectl's context."""

    def __init__(self, home: Path, *, host_paths: bool = False, cluster: bool = False) -> None:
        super().__init__(host_paths=host_paths)
        self._kept = Kept(home)
        self._cluster = cluster

    def has(self, kind: Source, name: str, key: str) -> bool:
        """See `Host`. What a server of ours will have is not asked for."""
        found = self._kept.values(_KINDS[kind], name)
        return (not key or key in found) if found is not None else f"{kind} {name}" in SETTINGS

    def takes(self, kind: str) -> bool:
        """See `Host`."""
        return self._cluster or is_kept(kind) or kind in ("Workflow", "SeldonDeployment")


class StackHost(Beforehand):
    """The engine's `Host`, over the servers of a stack. `workflows`: runs an applied Workflow."""

    def __init__(
        self, stack: Stack, workflows: WorkflowRunner | None = None, *, host_paths: bool = False, cluster: bool = False
    ) -> None:
        super().__init__(stack.home, host_paths=host_paths, cluster=cluster)
        self._stack = stack
        self._workflows = workflows
        self._socket: Path | None = None

    def environment(self, kind: Source, name: str) -> Mapping[str, str]:
        """The variables of one ConfigMap or Secret: one that was set, else one of our servers'; blocks until the server
        behind them answers."""
        found = self._kept.values(_KINDS[kind], name)
        return found if found is not None else self._stack.settings(kind, name)

    def start(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdout: Path, stderr: Path
    ) -> Process:
        """Start a step of ours in a child of the fork server, starting that where it does not run; any other command
        as a process of its own. Both find the projects' own code."""
        if not is_step(command):
            env = {**env, **projects.python_path(env.get("PYTHONPATH", ""))}
            return super().start(command, env=env, cwd=cwd, stdout=stdout, stderr=stderr)
        env = {**projects.code_setting(), **env}
        return self.fork(command[2], command[3:], env=env, cwd=cwd, stdout=stdout, stderr=stderr)

    def change(self, resource: Resource, manifest: dict[str, Any] | None, *, log: Path) -> dict[str, Any]:
        """ConfigMaps and Secrets are kept in the state folder, a Workflow or SeldonDeployment that is created is
        applied; anything else is kubectl's, where that is wanted.

        Raises:
            UserError: it is not.
        """
        kind = str((manifest or {}).get("kind", ""))
        if manifest is not None and is_kept(kind) and not resource.flags:
            found = self._kept.act(resource, manifest)
        elif manifest is not None and self._is_ours(manifest) and resource.action in ("create", "replace", "get"):
            return self._looked_up(manifest) if resource.action == "get" else self.apply(_named(manifest), log=log)
        elif self._cluster:
            found = kubectl.act(resource, manifest)
        else:
            what = f"a {kind}" if kind else f"the flags {' '.join(resource.flags)}"
            raise UserError(f"{resource.action} of {what} is not done without a cluster; send it to one with --kubectl")
        _note(log, f"{kind or 'object'} {found.get('metadata', {}).get('name', '')}: {resource.action}")
        return found

    def _is_ours(self, manifest: dict[str, Any]) -> bool:
        return _is_workflow(manifest) or manifest.get("kind") == "SeldonDeployment"

    def _looked_up(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """A Workflow as it stands.

        Raises:
            UserError: there is none of the name.
        """
        found = self.look(manifest) if _is_workflow(manifest) else None
        if found is None:
            raise UserError(f"there is no {manifest.get('kind')} {manifest.get('metadata', {}).get('name', '')} here")
        return found

    def look(self, manifest: dict[str, Any]) -> dict[str, Any] | None:
        """See `Host`."""
        if self._workflows is not None and _is_workflow(manifest):
            phase = self._workflows.phase(manifest["metadata"]["name"])
            over = manifest.get("status", {}).get("phase") in ("Succeeded", "Failed", "Error")
            return None if phase is None or over else {**manifest, "status": {"phase": phase}}
        ours = is_kept(str(manifest.get("kind"))) or self._is_ours(manifest)
        return kubectl.look(manifest) if self._cluster and not ours else None

    def download(self, fields: Mapping[str, str], secrets: Mapping[str, str], target: Path) -> None:
        """See `Host`."""
        buckets.download(self._store(fields, secrets), bucket_of(fields), fields["key"], target)

    def upload(self, fields: Mapping[str, str], secrets: Mapping[str, str], source: Path) -> None:
        """See `Host`."""
        buckets.upload(self._store(fields, secrets), bucket_of(fields), fields["key"], source)

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
        if is_kept(str(manifest.get("kind"))) or (self._cluster and not self._is_ours(manifest)):
            return self.change(Resource("apply"), manifest, log=log)
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


def _named(manifest: dict[str, Any]) -> dict[str, Any]:
    """An object with a name, where it only has the beginning of one."""
    metadata = manifest.get("metadata", {})
    if metadata.get("name") or not metadata.get("generateName"):
        return manifest
    name = generated_name(str(metadata["generateName"]))
    kept = {key: value for key, value in metadata.items() if key != "generateName"}
    return {**manifest, "metadata": {**kept, "name": name}}


def bucket_of(fields: Mapping[str, str]) -> str:
    """The bucket of an artifact that may leave it out, as one that only has a key does."""
    return fields["bucket"] or "artifacts"


def _is_workflow(manifest: dict[str, Any]) -> bool:
    return manifest.get("kind") == "Workflow" and str(manifest.get("apiVersion")).startswith("argoproj.io/")


def _note(log: Path, line: str) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{datetime.now(UTC):%FT%TZ} {line}\n")
