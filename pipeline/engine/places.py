"""The folder of a node, with its logs, its files and what only its process needs.

`<run>/<node>/stdout.log`, `stderr.log`, each with its `.times`; `script`; `files/`, into which the absolute paths
that a template declares are mapped; `volumes/`, its own; `containers/<name>/`, the same of each other container of
its pod; `home/`, `tmp/` and `secrets/`, which are gone once it has ended.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pipeline.engine.language.paths import is_absolute
from pipeline.engine.spec import Artifact

LOG_BYTES = 64 * 2**20  # a longer log loses its beginning
_KEPT_BYTES = 2**20


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)


def folder_of(home: Path, run_id: str) -> Path:
    """Where a run's files are."""
    return home / "runs" / run_id


@dataclass(frozen=True, eq=False)
class Binding:
    """A volume, or a part of one, and the declared path where a step has it."""

    path: str
    source: Path
    read_only: bool = False

    def holds(self, path: str) -> bool:
        """Whether a declared path is in it."""
        return f"{path}/".startswith(f"{self.path}/")


@dataclass(frozen=True, eq=False)
class Place:
    """The folder of one node within that of its run. `bindings`: what is mounted, a mount in another after that."""

    run: Path
    node: str  # its id
    bindings: list[Binding] = field(default_factory=list)
    container: str = ""  # of several of its pod, one with files and logs of its own

    @property
    def folder(self) -> Path:
        """Where all of it is."""
        return self.run / self.node

    @property
    def own(self) -> Path:
        """Where the files and logs of its container are."""
        return self.folder / "containers" / self.container if self.container else self.folder

    def of(self, container: str) -> "Place":
        """The place of a container of its pod; that of the main one is the node's."""
        return self if container == "main" else Place(self.run, self.node, container=container)

    @property
    def stdout(self) -> Path:
        """What it printed."""
        return self.own / "stdout.log"

    @property
    def stderr(self) -> Path:
        """What it logged."""
        return self.own / "stderr.log"

    @property
    def script(self) -> Path:
        """The file with the `source` of a script."""
        return self.own / "script"

    def local(self, path: str) -> Path:
        """Where a declared absolute path is on this machine.

        Raises:
            ValueError: it is not absolute, or leads back.
        """
        if not is_absolute(path):
            raise ValueError(f"the path {path!r} is not an absolute one without '..'")
        for each in reversed(self.bindings):
            if each.holds(path):
                return each.source / PurePosixPath(path).relative_to(each.path)
        return self.own / "files" / PurePosixPath(path).relative_to("/")

    def as_declared(self, text: str) -> str:
        """A text in which the paths of this machine are those that the manifest declares."""
        return text.replace(f"{self.own / 'files'}/", "/")

    @property
    def claims(self) -> Path:
        """Where the volumes are that outlive a run."""
        return self.run.parent.parent / "volumes"

    def kept(self, artifact: str, path: str) -> str:
        """How the journal names the file of a declared path: relative to the run's folder. What lies in a volume of
        others, which may still change it, is copied."""
        local = self.local(path)
        if local.resolve().is_relative_to(self.folder.resolve()):
            return str(local.relative_to(self.run))
        copy = self.folder / "outputs" / artifact
        copy.parent.mkdir(exist_ok=True)
        _copy(local, copy)
        return str(copy.relative_to(self.run))

    def prepare(self) -> None:
        """Make the folder, empty: an attempt that is started again finds nothing of its first try."""
        shutil.rmtree(self.own, ignore_errors=True)
        self.bindings.clear()
        for name in ("files", "home", "tmp"):
            (self.own / name).mkdir(parents=True)
        for log in (self.stdout, self.stderr):
            log.touch()

    def drop_scratch(self) -> None:
        """Delete what only its process needed."""
        for folder in (self.folder, *self.folder.glob("containers/*")):
            for name in ("home", "tmp", "secrets"):
                shutil.rmtree(folder / name, ignore_errors=True)

    def provide(self, artifact: Artifact) -> None:
        """Put an input artifact where the template wants it; does nothing for an optional one that is not given."""
        target = self.local(artifact.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if artifact.raw is not None:
            target.write_text(artifact.raw, encoding="utf-8")
        elif artifact.stored is not None:
            _copy(self.run / artifact.stored / artifact.sub_path, target)
        if artifact.mode is not None and target.exists():
            target.chmod(artifact.mode)

    def text_of(self, artifact: Artifact) -> str:
        """The content of an artifact."""
        if artifact.raw is not None:
            return artifact.raw
        return (self.run / (artifact.stored or "")).read_text(encoding="utf-8")

    def shorten_logs(self) -> None:
        """Keep the end of a log that floods the disk."""
        for log in (self.stdout, self.stderr, *self.folder.glob("containers/*/*.log")):
            if log.exists() and log.stat().st_size > LOG_BYTES:
                with log.open("r+b") as file:
                    file.seek(-_KEPT_BYTES, 2)
                    end = file.read(_KEPT_BYTES)
                    file.truncate(0)
                with log.open("ab") as file:  # as its process does, so that neither overwrites the other
                    file.write(b"(earlier output dropped: more than 64 MB)\n" + end)
