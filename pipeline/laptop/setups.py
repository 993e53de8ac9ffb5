"""What each project was set up with here: where its data come from, of which locations, and what it learns.

The main job writes it when it has succeeded; the runs of schedules take their parameters from it. So what a person set
up by hand goes on by itself, and not what the project's declaration says for everybody.
"""

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import UserError
from pipeline.stack.state import make
from steps.contract.declaration import Part

_FILE = "setup.json"


class SetUp(Part):
    """One project's; the fields but `sample` are parameters of its workflows. `sample`: made of the sample, whose data
    end and whose ids no archive knows."""

    source: str
    locations: str
    parameter: str
    sample: bool = False

    def parameters(self) -> dict[str, str]:
        """By the names that workflows give them."""
        return {"source": self.source, "locations": self.locations, "parameter": self.parameter}

    def words(self) -> str:
        """It in one line."""
        return f"set up with source {self.source}, locations {self.locations}, parameter {self.parameter}"


_SETUPS = TypeAdapter(dict[str, SetUp])


class SetUps:
    """Those of one state folder, in one file that is replaced whole."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._path = home / _FILE

    def all(self) -> dict[str, SetUp]:
        """By project.

        Raises:
            UserError: the file cannot be understood.
        """
        try:
            return _SETUPS.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValidationError as error:
            raise UserError(
                f"{self._path} is not what was set up ({error.error_count()} faults); remove it and set up again with: "
                "pipeline quickstart"
            ) from None

    def keep(self, project: str, setup: SetUp) -> None:
        """Take this for the project's from now on. Only one process may do so: it holds the main job's lock."""
        make(self._home)
        draft = self._path.with_suffix(".new")
        draft.write_bytes(_SETUPS.dump_json(self.all() | {project: setup}, indent=2) + b"\n")
        draft.replace(self._path)

    def stamp(self) -> tuple[int, ...]:
        """Another one after each change."""
        try:
            found = self._path.stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino


def no_tomorrow(project: str, setup: SetUp | None, locations: str, sample: tuple[int, ...]) -> str:
    """Why the project's schedules are not started; empty if they are. `locations`: what their runs would ask for;
    `sample`: the ids that were made up for the sample."""
    remedy = f"for data that go on: pipeline quickstart {project} --source api, or a folder or URL"
    if setup is not None and setup.sample:
        return (
            f"{project} was set up with the sample, which has no tomorrow, so its schedules are not started; {remedy}"
        )
    if setup is None and locations and set(locations.split(",")) <= set(map(str, sample)):
        return (
            f"{project} is not set up, and the locations it declares are the sample's, so its schedules are not "
            f"started; {remedy}"
        )
    return ""
