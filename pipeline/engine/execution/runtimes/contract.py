"""The contract that every place in which a step may run keeps."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pipeline.engine.execution.runtimes.ending import with_ends
from pipeline.engine.host import Host, Process
from pipeline.engine.language.variables import replace_all
from pipeline.engine.places import Binding, Place
from pipeline.engine.spec import Container, Template
from pipeline.errors import PipelineError


@dataclass(frozen=True, eq=False)
class Work:
    """A step that is ready to start: `words` are its command with all its arguments, `env` all of its environment."""

    template: Template
    container: Container
    place: Place
    words: Sequence[str]
    env: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Launch:
    """What starts a step. `ending`: the command that ends what KILL does not reach; empty where it reaches all."""

    words: Sequence[str]
    env: Mapping[str, str]
    folder: Path
    ending: tuple[str, ...] = ()


class Runtime(ABC):
    """Where a step runs.

    *Paths.* A template declares absolute paths: of artifacts, of outputs that are files, of mounts, of its working
    folder. They are the step's own: nothing of this machine is seen or changed there. The engine has them below the
    node's folder, or in the volume that is mounted there (`Place.local`): it puts inputs there before the step begins,
    reads outputs there once it has ended, and touches nothing while it runs. What else the step can see or write is
    said by each runtime.

    *Private.* HOME and the folder for temporary files are the step's alone, empty when it begins and gone when it has
    ended. Of the caller's environment it gets nothing but what `variables` says. Its values of Secrets are in its
    environment and in files that only this user can read, and those are gone when it has ended.

    *Shared.* The network is this machine's, so that servers on 127.0.0.1 are reached. Volumes are folders of the run or
    of the state folder, and two steps that mount one see each other's writes at once.

    *Ends.* `Process.kill` sends TERM to the step, which may end as it likes, and KILL to all that it has started,
    whichever sessions it has made. Its exit code is its own; 128 and the number of the signal where one ended it. What
    it leaves running when it ends is ended too. When the engine dies at once (`kill -9`), the step may go on until the
    run is resumed, which ends it first: by its process, which the journal names, and by `sweep`.
    """

    name: ClassVar[str]

    def finds(self, path: str, place: Place) -> str:  # noqa: ARG002 - one of them has it elsewhere
        """Where the step finds a declared path."""
        return path

    def filled(self, template: Template, place: Place) -> Container:
        """The template's container in which `{{inputs.artifacts.NAME.path}}` and the like are paths that it finds."""
        paths = {tag: self.finds(path, place) for tag, path in declared(template).items()}
        container: Container = replace_all(template.container, paths.get)
        return container

    @abstractmethod
    def attach(self, place: Place, bindings: Iterable[Binding]) -> None:
        """Have volumes where they are mounted: for the step, and for `place.local`."""

    def make_room(self, path: str, place: Place) -> None:
        """Have the folder in which it is to put an output."""
        place.local(path).parent.mkdir(parents=True, exist_ok=True)

    @abstractmethod
    def variables(self, place: Place) -> dict[str, str]:
        """The environment before the manifest adds to it."""

    @abstractmethod
    def script(self, place: Place) -> str:
        """Where the step finds the `source` of a script, which the engine writes to `place.script`."""

    def words(self, container: Container) -> tuple[str, ...]:
        """The command and its arguments, as the manifest has them.

        Raises:
            PipelineError: it is not known what runs.
        """
        if container.entry == "unknown" or not (container.command or container.args):
            image = container.image or "runs"
            raise PipelineError(f"there is no command, and what the image {image} runs is not known here")
        return (*container.command, *container.args)

    @abstractmethod
    def launch(self, work: Work) -> Launch:
        """What starts it.

        Raises:
            NoSuchCommand: there is no such command.
            PipelineError, OSError: it cannot be started.
        """

    def start(self, work: Work, host: Host) -> Process:
        """Start it; it waits for its `release`.

        Raises:
            NoSuchCommand: there is no such command.
            PipelineError, OSError: it cannot be started.
        """
        found, place = self.launch(work), work.place
        process = host.start(found.words, env=found.env, cwd=found.folder, stdout=place.stdout, stderr=place.stderr)
        return with_ends(process, [found.ending])

    def collect(self, template: Template, place: Place) -> None:  # noqa: B027 - most have nothing to do
        """Have its outputs where `place.local` says, and drop what is not to be kept. It has ended."""

    def sweep(self, run: Path) -> None:  # noqa: B027 - most have nothing to do
        """End what is left of the steps of the run with this folder, none of which may run now."""


def declared(template: Template) -> dict[str, str]:
    """The paths that a template declares, by the variables that name them."""
    found = {f"inputs.artifacts.{each.name}.path": each.path for each in template.inputs.artifacts}
    found.update((f"outputs.artifacts.{each.name}.path", each.path) for each in template.outputs.artifacts)
    found.update(
        (f"outputs.parameters.{each.name}.path", each.value_from.path)
        for each in template.outputs.parameters
        if each.value_from is not None
    )
    return found
