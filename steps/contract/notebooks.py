"""What a project declares about its notebooks, and how a step reads it from the JSON that its manifest embeds.

It is a parameter of its own beside the declaration, so that a change of a notebook is none of the other workflows'.
"""

import json
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from steps.contract.declaration import Part, problem
from steps.errors import BadInput

Scalar = bool | int | float | str
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class Delivery(Part):
    """A table that a notebook hands over: the rows of `deliver/<table>.parquet`. A row with the `key` of an earlier one
    replaces it. A column whose type has changed is refused, unless `retype` names it."""

    table: Name
    key: Annotated[tuple[Name, ...], Field(min_length=1)]
    retype: tuple[Name, ...] = ()


class Notebook(Part):
    """A notebook, and what it runs for.

    `path`: a file of the package `steps.notebooks`, or an absolute path that the image has (not below /work or /tmp,
    which are the pod's own); jupytext's percent form or .ipynb. `over`: it runs once for each of these, which the
    parameter `each` gets: a list, or `module:function` of steps that makes one of the declaration and the run's
    locations. `parameters`: of all of them. `minutes` and `memory_mb`: what one may take.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,40}$")]
    path: str
    title: str = ""
    parameters: dict[str, Scalar] = Field(default_factory=dict)
    over: tuple[Scalar, ...] | Annotated[str, Field(pattern=r"^steps\.[\w.]+:\w+$")] = ()
    each: str = ""
    kernel: str = "python3"
    delivers: tuple[Delivery, ...] = ()
    minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 10
    memory_mb: Annotated[int, Field(ge=256)] = 1500

    @model_validator(mode="after")
    def _each_of_over(self) -> Self:
        if bool(self.over) != bool(self.each):
            raise ValueError("over and each: wanted both or neither")
        return self


class Work(Part):
    """One notebook with one set of parameters. `item`: what of `over` it is for; empty if it runs once."""

    notebook: str
    item: str
    parameters: dict[str, Scalar]


class Plan(Part):
    """What a run executes, in order; the items of the fan-out are indexes of it."""

    kind: Literal["notebooks"] = "notebooks"
    work: tuple[Work, ...]


_ALL: TypeAdapter[tuple[Notebook, ...]] = TypeAdapter(tuple[Notebook, ...])


def canonical(notebooks: tuple[Notebook, ...]) -> str:
    """As JSON, a line for each field so that a change shows as one."""
    return json.dumps(_ALL.dump_python(notebooks, mode="json"), sort_keys=True, indent=1, ensure_ascii=False)


def parse(text: str) -> tuple[Notebook, ...]:
    """The notebooks that a manifest names.

    Raises:
        BadInput: it is not JSON, or a field is missing, unknown or of the wrong type.
    """
    try:
        return _ALL.validate_json(text)
    except ValidationError as error:
        raise BadInput(f"--notebooks: {problem(error)}; render the manifests again") from None


def parse_plan(text: str) -> Plan:
    """What a run executes.

    Raises:
        BadInput: it is not a plan.
    """
    try:
        return Plan.model_validate_json(text)
    except ValidationError as error:
        raise BadInput(f"--plan: {problem(error)}; run the workflow again") from None


def named(notebooks: tuple[Notebook, ...], name: str) -> Notebook:
    """The notebook of that name.

    Raises:
        BadInput: none is.
    """
    for notebook in notebooks:
        if notebook.name == name:
            return notebook
    raise BadInput(f"no notebook {name!r}; there are: {', '.join(each.name for each in notebooks) or 'none'}")
