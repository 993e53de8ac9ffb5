"""Checks a folder of manifests: with our own readers, which refuse what is not run here, against what a cluster admits,
and with the real `argo lint --offline` and `argo-events lint` where they are installed. A folder is linted as one,
since its manifests refer to each other."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.engine.spec import Workflow


def command(name: str) -> str | None:
    """The command `name`: on PATH, or among a local test cluster's tools (`$CLUSTER_HOME/bin`)."""
    home = os.environ.get("CLUSTER_HOME")
    return shutil.which(name) or (shutil.which(name, path=f"{home}/bin") if home else None)


def folders(place: Path) -> list[Path]:
    """What is linted as one each: the folders in `place`, which are projects; or itself, where manifests lie loose."""
    loose = [*place.glob("*.yaml"), *place.glob("*.yml")]
    return [place] if loose else sorted(path for path in place.iterdir() if path.is_dir())


def lint(folder: Path, line: str) -> Iterator[str]:
    """One line for each workflow and Sensor that is run here, and for each that would hang on a cluster; one for a
    cluster with that line of Argo, one for what argo says, and where there are Sensors, one for what argo-events says.

    Raises:
        Refused: it would not be run here, or the cluster would not admit it.
        UserError: argo or argo-events finds an error.
    """
    from pipeline.engine import load  # noqa: PLC0415 — YAML is not needed for --help
    from pipeline.engine.manifest import check_admission, files  # noqa: PLC0415
    from pipeline.events.reading import read_sensors  # noqa: PLC0415

    manifests = load(folder)
    for name in manifests.names():
        yield f"ok   {name}: this engine runs it"
        yield from _hanging(manifests.workflows[name])
    sensors, refused = read_sensors(files(folder))
    if refused:
        raise refused[0]
    for _, sensor in sensors:
        yield f"ok   {sensor.name}: the watch does what this Sensor does"
    for file in files(folder):
        check_admission(file, line)
    yield f"ok   {folder.name}: a cluster with Argo {line} admits them"
    yield _asked(folder, "argo", ["lint", "--offline"])
    if sensors:
        yield _asked(folder, "argo-events", ["lint", "--strict", "--recursive"])


def _hanging(workflow: "Workflow") -> Iterator[str]:
    """The dags that keep a mutex for ever, on a cluster, from the exit handler: `mutexes/of-a-dag-that-fails` of the
    oracle."""
    handler = workflow.templates.get(workflow.on_exit)
    wanted = set(handler.mutexes) if handler is not None else set()
    for name, template in workflow.templates.items():
        for mutex in sorted(wanted.intersection(template.mutexes)):
            if template.dag is not None and template is not handler:
                yield (
                    f"!!   {workflow.name}: where the dag {name} and the workflow fail, a cluster keeps its mutex "
                    f"{mutex}, and the exit handler {workflow.on_exit} waits for ever; make it steps"
                )


def _asked(folder: Path, program: str, options: Sequence[str]) -> str:
    found = command(program)
    if found is None:
        return f"--   {folder.name}: not checked by {program}, which is not on PATH"
    done = subprocess.run([found, *options, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"{program} lint {folder}: {click.unstyle(done.stdout + done.stderr).strip()}")
    return f"ok   {folder.name}: {program} {' '.join(options)} finds no error"
