"""A sandbox: a process in a mount namespace of its own, made by bubblewrap.

https://github.com/containers/bubblewrap
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final

from pipeline.engine.execution.runtimes.contract import Launch, Runtime, Work
from pipeline.engine.execution.runtimes.environment import of_engine
from pipeline.engine.execution.runtimes.roots import PRIVATE, Root
from pipeline.engine.host import NoSuchCommand
from pipeline.engine.language.paths import is_absolute, of_the_machine
from pipeline.engine.places import Binding, Place
from pipeline.engine.spec import Template

HOME: Final = "/tmp/home"  # noqa: S108 - of the step's own /tmp
# TERM is for the step: bubblewrap, which would take the step with it, ignores it, and `env` has the step not do so.
# The shell stays, since bubblewrap ends with its parent, and a thread of the engine would be one too short-lived. It
# tries again where the step was not begun: a mount of this machine has gone while bubblewrap made its own of it. Into
# $0 bubblewrap writes the exit code of a step that was begun.
_LEADER: Final = """trap '' TERM
for attempt in 1 2 3 4 5; do
  "$@" 3>"$0"; code=$?
  while read -r line; do case $line in *exit-code*) exit $code;; esac; done <"$0"
done
exit $code"""
_TRIAL: Final = ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-pid", "--die-with-parent")
_DEVICES: Final = ("dri", "kfd", "nvidia*")  # of /dev, with which one computes


class Sandbox(Runtime):
    """See `Runtime`. Declared paths are really there. The rest of this machine is as it is, read-only: a step sees what
    this user may see, of processes only its own, and of the state folder nothing. It may write to what is its own:
    below declared paths, in its working folder (where it declares none, /tmp), in `/tmp`, `/var/tmp`, HOME and
    `/dev/shm`. Of that, what the template does not declare is gone when it has ended."""

    name = "sandbox"

    def attach(self, place: Place, bindings: Iterable[Binding]) -> None:
        """See `Runtime`: they are mounted when the step starts."""
        place.bindings.extend(bindings)

    def variables(self, place: Place) -> dict[str, str]:
        """See `Runtime`."""
        place.local(HOME).mkdir(parents=True, exist_ok=True)
        return {**of_engine(), "HOME": HOME, "TMPDIR": "/tmp"}  # noqa: S108 - of the step's own

    def script(self, place: Place) -> str:
        """See `Runtime`."""
        return str(place.script)

    def launch(self, work: Work) -> Launch:
        """See `Runtime`."""
        place = work.place
        _check_command(work)
        folder = _working_folder(work)
        own = [*(str(PurePosixPath(path).parent) for path in work.template.files), folder]
        root = Root(own, [each.path for each in place.bindings], place.own / "files")
        program, env = _program("bwrap"), _program("env")
        command = [
            *("/bin/sh", "-c", _LEADER, str(place.own / "tmp" / "sandbox.json")),
            *(program, *root.arguments(), *_shown(work)),
            *("--json-status-fd", "3", "--unshare-pid", "--die-with-parent", "--chdir", folder),
            *("--", env, "--default-signal=TERM", *work.words),
        ]
        return Launch(command, work.env, place.own)

    def collect(self, template: Template, place: Place) -> None:
        """See `Runtime`."""
        _prune(place.own / "files", {place.own / "files" / path.lstrip("/") for path in template.paths})


@cache
def missing() -> str:
    """Why there can be no sandbox here, and what to do; empty if there can."""
    program, env = shutil.which("bwrap"), shutil.which("env")
    if program is None:
        return "bubblewrap is not installed; install it (apt install bubblewrap, dnf install bubblewrap)"
    said = ""
    for _ in range(5):  # as in _LEADER: a mount that goes meanwhile says nothing of the machine
        tried = subprocess.run(
            [program, *_TRIAL, str(env), "--default-signal=TERM", "true"], capture_output=True, text=True, check=False
        )
        if tried.returncode == 0:
            return ""
        said = next(iter(tried.stderr.strip().splitlines()), f"exit code {tried.returncode}")
    return f"bubblewrap does not work here: {said}"


def _check_command(work: Work) -> None:
    name = work.words[0]
    if is_absolute(name) and work.place.local(name).exists():
        return
    if shutil.which(name, path=work.env.get("PATH", os.defpath)) is None:
        raise NoSuchCommand(name)


def _working_folder(work: Work) -> str:
    """Where it starts: in /, where it has files right there; else in /tmp."""
    folder = work.container.working_dir
    if folder.startswith("/"):
        work.place.local(folder).mkdir(parents=True, exist_ok=True)
        return str(PurePosixPath(folder))
    return "/" if any(PurePosixPath(path).parent == PurePosixPath("/") for path in work.template.files) else PRIVATE[0]


def _shown(work: Work) -> Iterator[str]:
    """What is mounted in the file system: volumes, the script, and what lies where the step has folders of its own."""
    place, template = work.place, work.template
    state = str(place.run.parent.parent)
    seen = tuple(dict.fromkeys((*of_the_machine(template.given_paths, template.paths), *_of_the_engine())))
    yield from _again(seen, PRIVATE)
    yield from ("--tmpfs", state)
    if template.script is not None:
        yield from ("--ro-bind", str(place.script), str(place.script))
    for each in place.bindings:
        yield from ("--ro-bind" if each.read_only else "--bind", str(each.source), each.path)
    yield from _again(seen, [each.path for each in place.bindings if not each.read_only])
    for device in _devices():
        yield from ("--dev-bind", device, device)


def _again(seen: Iterable[str], folders: Iterable[str]) -> Iterator[str]:
    """What of this machine is to be seen where one of `folders` now hides it."""
    below = tuple(f"{each.rstrip('/')}/" for each in folders)
    for path in seen:
        if path.startswith(below):
            yield from ("--ro-bind-try", path, path)


def _program(name: str) -> str:
    return str(shutil.which(name))


@cache
def _devices() -> list[str]:
    return sorted(str(device) for pattern in _DEVICES for device in Path("/dev").glob(pattern))


def _of_the_engine() -> Iterator[str]:
    """The folders of the programs and libraries that the engine has."""
    yield from (sys.prefix, sys.base_prefix, str(Path.cwd()))
    yield from filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))


def _prune(folder: Path, kept: set[Path]) -> None:
    """Delete all of a folder that is neither kept nor leads to what is."""
    for each in folder.iterdir():
        if each in kept:
            continue
        if each.is_symlink() or not each.is_dir():
            each.unlink(missing_ok=True)
        elif any(each in path.parents for path in kept):
            _prune(each, kept)
        else:
            shutil.rmtree(each, ignore_errors=True)
