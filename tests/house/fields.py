"""The fields of a declaration, from the code: `python -m tests.house.fields` writes their tables into docs/projects.md.

What a field is stands below it as a string, which ends with an example: `E.g.` and the example in backquotes. Whether
it has a default, and which, is asked of the class.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline import project
from steps.contract import declaration
from steps.contract.declaration import Part
from tests import ROOT

PAGE: Final = ROOT / "docs" / "projects.md"
BEGIN: Final = "<!-- the fields, written by `make fields` -->\n"
END: Final = "<!-- the end of the fields -->\n"
_EXAMPLE: Final = re.compile(r"(.*?)(?:;? E\.g\. `(.*)`\.)?", re.DOTALL)
_FIXED: Final = {"kind"}  # which nobody writes
CLASSES: Final[tuple[type[Part], ...]] = (
    project.TableProject, declaration.Table, declaration.Column, declaration.TableLearning, declaration.Shift,
    project.Project, declaration.Quantity, declaration.Expectations, declaration.Learning, declaration.Family,
    declaration.Range, declaration.Choice, declaration.Gate, declaration.Refresh, project.Kept, project.Images,
    project.Extra, project.Schedule, project.Reconciling, project.Watching, project.Tidying, project.Place,
)  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A field as the page has it. `default`: as Python writes it; empty where it must be given."""

    name: str
    default: str
    words: str
    example: str


def fields_of(kind: type[BaseModel]) -> list[Field]:
    """The fields of a class, those that it must be given first."""
    said: dict[str, str] = {}
    for each in reversed([one for one in kind.__mro__ if issubclass(one, BaseModel) and one is not BaseModel]):
        said |= _said(each)
    found = [_field(name, info, said.get(name, "")) for name, info in kind.model_fields.items() if name not in _FIXED]
    return sorted(found, key=lambda one: bool(one.default))


def tables() -> Iterator[str]:
    """All of them, in Markdown."""
    for kind in CLASSES:
        yield f"\n### {kind.__name__}\n\n{' '.join((inspect.getdoc(kind) or '').split())}\n\n"
        yield "| field | default | what | for example |\n|---|---|---|---|\n"
        for each in fields_of(kind):
            default = f"`{each.default}`" if each.default else "**must be given**"
            yield f"| `{each.name}` | {default} | {each.words} | `{each.example}` |\n"
    yield "\n"


def written(page: str) -> str:
    """The page with the fields as they are now."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + "".join(tables()) + END + rest.partition(END)[2]


def _said(kind: type[BaseModel]) -> dict[str, str]:
    """The string below each field of a class's own."""
    body = ast.parse(inspect.cleandoc("\n" + inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        text = getattr(getattr(below, "value", None), "value", None)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, str):
            found[field.target.id] = " ".join(text.split())
    return found


def _field(name: str, info: FieldInfo, said: str) -> Field:
    match = _EXAMPLE.fullmatch(said)
    words, example = match.groups() if match else (said, "")
    return Field(name, _default(info), words.replace("|", "\\|"), (example or "").replace("|", "\\|"))


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return ""
    value = info.default
    return f"{type(value).__name__}()" if isinstance(value, BaseModel) else repr(value).replace("'", '"')


if __name__ == "__main__":
    Path(PAGE).write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
