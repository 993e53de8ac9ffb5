"""Project: the declaration that a use case fills in. Everything that differs between use cases is here; no step and no
part of the engine knows a project by name.

It is `steps.contract.declaration`, the part that steps read, and what only its workflows need. The first is embedded
in the manifests as canonical JSON.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import extract_tb
from typing import Literal

from pydantic import Field, ValidationError, field_validator

from pipeline import images
from pipeline.errors import UserError
from steps.contract.declaration import Declaration, Part, TableDeclaration, problem
from steps.contract.notebooks import Notebook
from steps.errors import StepError

_BETWEEN = ("/pydantic/", "<frozen", "/importlib/", "/pipeline/project.py", "/pipeline/projects/__init__.py")
"""Of a traceback: files that lie between a mistake in a declaration and where it is noticed."""


class Schedule(Part):
    """When cron starts a series' workflows."""

    daily: str = "0 1 * * *"
    """When data are collected and predictions made, as five fields of cron. E.g. `"30 4 * * *"`."""
    weekly: str = "30 2 * * 0"
    """When a model is trained. E.g. `"0 2 1 * *"`."""
    notebooks: str = "0 3 * * *"
    """When notebooks run: once the daily run is over. E.g. `"0 6 * * 1"`."""
    features: str = "30 3 * * *"
    """When features are shown to others, likewise. E.g. `"0 5 * * *"`."""
    timezone: str = "Europe/Vienna"
    """Of these times, by its name at IANA. E.g. `"America/New_York"`."""
    starting_deadline_seconds: int = 6 * 3600
    """How late one may start, in seconds. E.g. `3600`."""


class Place(Part):
    """Where a project looks for locations when none are named."""

    name: str
    """What it is called. E.g. `"Vienna"`."""
    latitude: float
    """In degrees (WGS 84). E.g. `48.2085`."""
    longitude: float
    """In degrees (WGS 84). E.g. `16.3731`."""
    radius: int
    """How far around, in metres. E.g. `12_000`."""


class Kept(Part):
    """How much of what its live model is asked is kept in the lake."""

    share: float = Field(default=1.0, ge=0, le=1)
    """Of the requests; a share of 1. E.g. `0.1`."""
    rows: int = Field(default=1_000, ge=0, le=100_000)
    """The most rows in a minute. E.g. `0`."""


class Images(Part):
    """The images that have the project's own code, for a cluster; ours where none is given."""

    steps: str = ""
    """In which steps run; it stands on `pipeline-steps`. E.g. `"housing-steps:1.0"`."""
    serving: str = ""
    """In which its model is served; it stands on `pipeline-serve`. E.g. `"housing-serve:1.0"`."""

    @property
    def steps_image(self) -> str:
        """The one that steps run in."""
        return self.steps or images.STEPS

    @property
    def serving_image(self) -> str:
        """The one that serves."""
        return self.serving or images.SERVING


Point = Literal["prepare", "ingest", "decide", "release", "publish"]


class Extra(Part):
    """A step of the project's own, at a point of its workflows."""

    name: str = Field(pattern=r"^[a-z]([-a-z0-9]{0,30}[a-z0-9])?$")
    """What it is called; its node is `own-` and this. E.g. `"tell"`."""
    run: str = Field(pattern=r"^\w+(\.\w+)*:\w+$")
    """`module:function` of the project's own package. E.g. `"energy.extras:tell"`."""
    after: Point
    """The step that it follows: of a series `prepare` (days are checked) or `publish`, of a table `ingest` (files are),
    of both `decide` or `release` (a model is live). E.g. `"publish"`."""
    secret: str = ""
    """A Secret whose keys it gets as variables of its environment. E.g. `"mail"`."""


class Tidying(Part):
    """When a cron looks for what nobody needs any more, and whether it removes it."""

    schedule: str = "30 5 * * 0"
    """As five fields of cron. E.g. `"0 4 1 * *"`."""
    timezone: str = "Europe/Vienna"
    """Of this time, by its name at IANA. E.g. `"UTC"`."""
    starting_deadline_seconds: int = 6 * 3600
    """How late it may start, in seconds. E.g. `3600`."""
    days: int = Field(default=30, ge=1, le=99_999)
    """Nothing younger goes, in days. E.g. `90`."""
    remove: bool = False
    """Whether it is removed, and not only shown. E.g. `True`."""


class Project(Declaration):
    """A use case that learns from series."""

    source: str
    """Where data come from: an archive's URL, or a folder in its layout. E.g. `"https://archive.example.org"`."""
    schedule: Schedule = Schedule()
    """When cron starts its workflows. E.g. `Schedule(daily="30 4 * * *")`."""
    home: Place | None = None
    """Where the API is asked for locations when none are named. E.g. `Place(name="Vienna", latitude=48.2,
    longitude=16.4, radius=12_000)`."""
    requests: Kept = Kept()
    """What is kept of what its model is asked. E.g. `Kept(share=0.1)`."""
    features_hours: int = Field(default=48, ge=1)
    """How old features may be, in hours, that its model server looks up for a location. E.g. `72`."""
    images: Images = Images()
    """Those that have its own code. E.g. `Images(steps="energy-steps:1.0", serving="energy-serve:1.0")`."""
    notebooks: tuple[Notebook, ...] = ()
    """Notebooks that run over its locations. E.g. `(Notebook(name="station", title="…", path="shipped/x.py"),)`."""
    tidying: Tidying = Tidying()
    """When it is looked for what may go. E.g. `Tidying(days=90, remove=True)`."""
    extras: tuple[Extra, ...] = ()
    """Steps of its own. E.g. `(Extra(name="tell", run="energy.extras:tell", after="publish"),)`."""

    @field_validator("extras")
    @classmethod
    def _placed(cls, extras: tuple[Extra, ...]) -> tuple[Extra, ...]:
        return _placed(extras, "prepare", "decide", "release", "publish")

    def declaration(self) -> str:
        """What steps need of it; see `_canonical`."""
        return _canonical(self, Declaration)


class Reconciling(Part):
    """When a cron looks for files that no event announced."""

    schedule: str = "*/5 * * * *"
    """As five fields of cron. E.g. `"*/15 * * * *"`."""
    timezone: str = "Europe/Vienna"
    """Of this time, by its name at IANA. E.g. `"UTC"`."""
    starting_deadline_seconds: int = 240
    """How late it may start, in seconds. E.g. `600`."""


class Watching(Part):
    """When a cron looks how the live model does on the files that came."""

    schedule: str = "30 2 * * *"
    """As five fields of cron. E.g. `"0 6 * * *"`."""
    timezone: str = "Europe/Vienna"
    """Of this time, by its name at IANA. E.g. `"UTC"`."""
    starting_deadline_seconds: int = 6 * 3600
    """How late it may start, in seconds. E.g. `3600`."""


class TableProject(TableDeclaration):
    """A use case that learns from files dropped into its inbox."""

    reconciling: Reconciling = Reconciling()
    """When it is looked for files that no event announced. E.g. `Reconciling(schedule="*/15 * * * *")`."""
    requests: Kept = Kept()
    """What is kept of what its model is asked. E.g. `Kept(share=0.1)`."""
    images: Images = Images()
    """Those that have its own code. E.g. `Images(steps="housing-steps:1.0", serving="housing-serve:1.0")`."""
    watching: Watching = Watching()
    """When it is looked how the live model does. E.g. `Watching(schedule="0 6 * * *")`."""
    tidying: Tidying = Tidying()
    """When it is looked for what may go. E.g. `Tidying(days=90, remove=True)`."""
    extras: tuple[Extra, ...] = ()
    """Steps of its own. E.g. `(Extra(name="tell", run="housing.extras:tell", after="release"),)`."""

    @field_validator("extras")
    @classmethod
    def _placed(cls, extras: tuple[Extra, ...]) -> tuple[Extra, ...]:
        return _placed(extras, "ingest", "decide", "release")

    def declaration(self) -> str:
        """What steps need of it; see `_canonical`."""
        return _canonical(self, TableDeclaration)


def _placed(extras: tuple[Extra, ...], *points: Point) -> tuple[Extra, ...]:
    for number, each in enumerate(extras):
        if each.after not in points:
            raise ValueError(f"{each.name!r} is after {each.after!r}; wanted {', '.join(points)}")
        if each.name in [other.name for other in extras[:number]]:
            raise ValueError(f"two steps are named {each.name!r}; give one another name")
    return extras


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


def _wanted(error: ValidationError) -> str:
    """What a field that is missing should hold, in words; empty for any other mistake."""
    first, parts = error.errors(include_url=False)[0], [Part]
    for part in parts:
        parts += part.__subclasses__()
        info = part.model_fields.get(str(first["loc"][-1])) if first["loc"] else None
        if first["type"] == "missing" and part.__name__ == error.title and info is not None:
            return f"; wanted {_in_words(info.annotation)}"
    return ""


def _in_words(kind: object) -> str:
    """A type as a person says it."""
    if kind is str:
        return "a text"
    return f"a {kind.__name__}" if isinstance(kind, type) else re.sub(r"\w+(?:\.\w+)*\.(\w+)", r"\1", str(kind))


def _said(error: Exception) -> str:
    """An error on one line: of a declaration, which field, what was got, what was wanted."""
    if isinstance(error, ValidationError):
        return problem(error, error.title) + _wanted(error)
    plain = isinstance(error, TypeError | NameError | ImportError | UserError | StepError)
    return " ".join((str(error) if plain else f"{type(error).__name__}: {error}").split())
