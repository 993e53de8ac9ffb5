"""A container of the image that the manifest names, by podman or docker."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from pipeline.engine.execution.runtimes.contract import Launch, Runtime, Work
from pipeline.engine.places import Binding, Place
from pipeline.engine.settings import write_private
from pipeline.engine.spec import Container, Template
from pipeline.errors import PipelineError

SCRIPT: Final = "/argo/staging/script"  # as on a cluster
_LABEL: Final = "pipeline.run"
_MARKER: Final = "containers"  # a file in the folder of a run that may have some
_PULL: Final = {None: "missing", "IfNotPresent": "missing", "Always": "always", "Never": "never"}
# Where podman looks for what it makes a container's first process, so that this one takes TERM as any other does.
_INIT: Final = tuple(f"{each}/podman/catatonit" for each in ("/usr/libexec", "/usr/local/libexec", "/usr/lib"))


class ImageContainer(Runtime):
    """See `Runtime`. The image runs, with its entry point, user, working folder and files; a `command` takes the place
    of its entry point, `args` that of its arguments. Of this machine the step sees the volumes, its input artifacts and
    the network, and nothing else. It may write what its user may; of that, outputs are copied out when it has ended,
    and the rest is gone. The environment is the image's and the manifest's. Volumes may be written by any user, as on
    most clusters."""

    name = "container"

    def attach(self, place: Place, bindings: Iterable[Binding]) -> None:
        """See `Runtime`: they are mounted when the step starts."""
        place.bindings.extend(bindings)
        for each in place.bindings:
            _open(each, place)

    def make_room(self, path: str, place: Place) -> None:
        """See `Runtime`. Folders in a volume it makes by itself, as on a cluster: they are its user's."""
        if not any(each.holds(path) for each in place.bindings):
            super().make_room(path, place)

    def variables(self, place: Place) -> dict[str, str]:  # noqa: ARG002 - the image has them
        """See `Runtime`: none."""
        return {}

    def script(self, place: Place) -> str:  # noqa: ARG002 - the same in every place
        """See `Runtime`."""
        return SCRIPT

    def words(self, container: Container) -> tuple[str, ...]:
        """See `Runtime`: without a command, the image's entry point gets them."""
        if not container.image:
            raise PipelineError("there is no image that could run in a container")
        return (*container.command, *container.args) if container.entry == "given" else container.args

    def launch(self, work: Work) -> Launch:
        """See `Runtime`. The client of podman or docker passes TERM on to the container."""
        place, container = work.place, work.container
        (place.run / _MARKER).touch()
        _make_folder(work)
        own = container.entry == "given"
        command = [
            *(tool(), "run", "--name", _name(place), f"--label={_LABEL}={_digest(place.run)}", "--network=host"),
            *("--log-driver=none", "--security-opt=label=disable", "--stop-timeout=0"),
            f"--pull={_PULL[container.pull]}",
            *(["--init"] if _has_init() else []),
            *([] if _copied(work.template, place) else ["--rm"]),
            *(["--workdir", container.working_dir] if container.working_dir else []),
            *(["--user", user] if (user := container.user or work.template.user) else []),
            *_environment(work),
            *_mounted(work),
            *(["--entrypoint", work.words[0]] if own else []),
            container.image,
            *(work.words[1:] if own else work.words),
        ]
        env = {**os.environ, **{name: value for name, value in work.env.items() if "\n" in value}}
        return Launch(command, env, place.own, ending=(tool(), "rm", "-f", _name(place)))

    def collect(self, template: Template, place: Place) -> None:
        """See `Runtime`."""
        if not (copied := _copied(template, place)):
            return  # it has removed itself
        for path in copied:
            _quietly("cp", f"{_name(place)}:{path}", str(place.local(path)))
        _quietly("rm", "-f", _name(place))

    def sweep(self, run: Path) -> None:
        """See `Runtime`."""
        if not (run / _MARKER).exists():
            return
        found = subprocess.run(
            [tool(), "ps", "-aq", f"--filter=label={_LABEL}={_digest(run)}"],
            capture_output=True,
            text=True,
            check=False,
        )
        if left := found.stdout.split():
            _quietly("rm", "-f", *left)
        (run / _MARKER).unlink(missing_ok=True)


@cache
def _found() -> tuple[str, str]:
    """The program that runs containers here, or why there is none and what to do."""
    problem = "neither podman nor docker is installed; install podman (apt install podman, dnf install podman)"
    for name in ("podman", "docker"):
        program = shutil.which(name)
        if program is None:
            continue
        tried = subprocess.run([program, "ps", "-q"], capture_output=True, text=True, check=False)
        if tried.returncode == 0:
            return program, ""
        said = " ".join(tried.stderr.split())
        problem = f"{name} does not work here: {said or f'exit code {tried.returncode}'}; start it, or install podman"
    return "", problem


def missing() -> str:
    """Why there can be no container here, and what to do; empty if there can."""
    return _found()[1]


def tool() -> str:
    """The program that runs containers here.

    Raises:
        PipelineError: there is none.
    """
    program, problem = _found()
    if problem:
        raise PipelineError(f"no step can run in a container here: {problem}")
    return program


def _has_init() -> bool:
    there = any(Path(each).exists() for each in _INIT) or shutil.which("catatonit") is not None
    return there or Path(tool()).name == "docker"  # which brings its own


def _quietly(*words: str) -> None:
    subprocess.run([tool(), *words], capture_output=True, check=False)


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _name(place: Place) -> str:
    return f"{place.node}-{_digest(place.own)[:8]}"


def _copied(template: Template, place: Place) -> list[str]:
    """The outputs that must be copied out: those that are not where this machine sees them."""
    seen = [*place.bindings, *(Binding(each.path, place.local(each.path)) for each in template.inputs.artifacts)]
    return [path for path in dict.fromkeys(template.outcomes) if not any(each.holds(path) for each in seen)]


def _make_folder(work: Work) -> None:
    """Mount a working folder that the image has not: Kubernetes and docker make one, podman refuses to."""
    container, place = work.container, work.place
    folder = container.working_dir
    if not folder or any(each.holds(folder) for each in place.bindings) or Path(tool()).name == "docker":
        return
    if not _has_folder(container.image, folder):
        made = place.local(folder)
        made.mkdir(parents=True, exist_ok=True)
        made.chmod(0o777)
        place.bindings.append(Binding(folder, made))


def _has_folder(image: str, folder: str) -> bool:
    """Whether an image has a folder, as far as that can be told: it is here, and may be mounted (as root)."""
    mounted = subprocess.run([tool(), "image", "mount", image], capture_output=True, text=True, check=False)
    if mounted.returncode:
        return True
    found = (Path(mounted.stdout.strip()) / folder.lstrip("/")).is_dir()
    _quietly("image", "unmount", image)
    return found


def _environment(work: Work) -> Iterator[str]:
    """Its variables by a private file, since others see command lines; those of several lines by the client's own
    environment, since the file has one line for each."""
    file = work.place.own / "secrets" / "environment"
    write_private(file, "".join(f"{name}={value}\n" for name, value in work.env.items() if "\n" not in value))
    yield from ("--env-file", str(file))
    for name, value in work.env.items():
        if "\n" in value:
            yield from ("--env", name)


def _mounted(work: Work) -> Iterator[str]:
    place = work.place
    for each in work.template.inputs.artifacts:
        source = place.local(each.path)
        if source.exists() and not any(binding.holds(each.path) for binding in place.bindings):
            yield from ("-v", f"{source}:{each.path}")
    if work.template.script is not None:
        yield from ("-v", f"{place.script}:{SCRIPT}:ro")
    for each_binding in place.bindings:
        yield from ("-v", f"{each_binding.source}:{each_binding.path}{':ro' if each_binding.read_only else ''}")


def _open(binding: Binding, place: Place) -> None:
    """Let any user of a container at a volume of ours, as Kubernetes does; a private folder is around Secrets."""
    source, secrets = binding.source, place.own / "secrets"
    if source.is_relative_to(secrets):
        secrets.chmod(0o700)
        for each in (source, *source.rglob("*")):
            each.chmod(0o755 if each.is_dir() else 0o644)
    elif source.is_dir() and source.is_relative_to(place.run.parent.parent) and not binding.read_only:
        with suppress(PermissionError):  # a container's user has it
            source.chmod(0o777)
