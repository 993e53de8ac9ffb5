"""Project: the declaration that a use case fills in. Everything that differs between use cases is here; no step and no
part of the engine knows a project by name.

It is `steps.contract.declaration`, the part that steps read, and what only its workflows need. The first is embedded
in the manifests as canonical JSON.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import extract_tb

from pydantic import Field, ValidationError

from pipeline.errors import UserError
from steps.contract.declaration import Declaration, Part, TableDeclaration, problem
from steps.contract.notebooks import Notebook
from steps.errors import StepError

_BETWEEN = ("/pydantic/", "<frozen", "/importlib/", "/pipeline/project.py", "/pipeline/projects/__init__.py")
"""Of a traceback: files that lie between a mistake in a declaration and where it is noticed."""


class Schedule(Part):
    """When cron starts a workflow, in `timezone`, and how late it may start (seconds)."""

    daily: str
    weekly: str
    notebooks: str = "0 3 * * *"  # when the daily run is over
    timezone: str
    starting_deadline_seconds: int


class Place(Part):
    """Where a project looks for locations when none are named: degrees (WGS 84), and how far around (metres)."""

    name: str
    latitude: float
    longitude: float
    radius: int


class Kept(Part):
    """How much of what its live model is asked is kept in the lake: the share of requests, and the most rows in a
    minute."""

    share: float = Field(default=1.0, ge=0, le=1)
    rows: int = Field(default=1_000, ge=0, le=100_000)


class Project(Declaration):
    """A use case that learns from series."""

    source: str  # where data comes from: an archive's URL, or a folder
    schedule: Schedule
    home: Place
    requests: Kept = Kept()
    notebooks: tuple[Notebook, ...] = ()  # a parameter of their own workflow, and of no other

    def declaration(self) -> str:
        """What steps need of it; see `_canonical`."""
        return _canonical(self, Declaration)


class Reconciling(Part):
    """When a cron looks for what no event announced, in `timezone`."""

    schedule: str = "*/5 * * * *"
    timezone: str = "Europe/Vienna"
    starting_deadline_seconds: int = 240


class Watching(Part):
    """When a cron looks how the live model does on the files that came, in `timezone`."""

    schedule: str = "30 2 * * *"
    timezone: str = "Europe/Vienna"
    starting_deadline_seconds: int = 6 * 3600


class TableProject(TableDeclaration):
    """A use case that learns from files dropped into its inbox."""

    reconciling: Reconciling = Reconciling()
    requests: Kept = Kept()
    watching: Watching = Watching()

    def declaration(self) -> str:
        """What steps need of it; see `_canonical`."""
        return _canonical(self, TableDeclaration)


def _canonical(project: Project | TableProject, schema: type[Part]) -> str:
    """What `schema` has of a project as canonical JSON, a line for each field so that a change shows as one.

    Raises:
        UserError: it would hold `{{`, which Argo expands.
    """
    fields = project.model_dump(include=set(schema.model_fields))
    text = json.dumps(fields, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    if "{{" in text:
        raise UserError(f"the declaration of {project.name} holds '{{{{', which Argo would expand; take it out")
    return text


@contextmanager
def declaring(module: str) -> Iterator[None]:
    """Around the import of a declaration's module: what is wrong with it becomes a line that says where.

    Raises:
        UserError: a field is missing, unknown or of the wrong type; or Python cannot run the file.
    """
    try:
        yield
    except SyntaxError as error:
        raise UserError(f"{error.filename}, line {error.lineno}: {error.msg}") from None
    except Exception as error:
        frames = [
            each for each in extract_tb(error.__traceback__) if not any(map(each.filename.__contains__, _BETWEEN))
        ]
        frames = [each for each in frames if "-packages/" not in each.filename] or frames
        where = f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else module
        raise UserError(f"{where}: {_said(error)}") from None


def _said(error: Exception) -> str:
    """An error on one line: of a declaration, which field, what was got, what was wanted."""
    if isinstance(error, ValidationError):
        return problem(error, error.title)
    plain = isinstance(error, TypeError | NameError | ImportError | UserError | StepError)
    return " ".join((str(error) if plain else f"{type(error).__name__}: {error}").split())
