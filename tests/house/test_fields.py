"""docs/projects.md has every field of a declaration, as the code has it."""

from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter

from pipeline import project
from steps.contract import declaration
from tests.house.fields import CLASSES, PAGE, fields_of, written

FIELDS = [(kind.__name__, each) for kind in CLASSES for each in fields_of(kind)]


def test_the_page_is_what_the_code_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page), "run: make fields"


def test_every_class_that_a_declaration_is_made_of_is_there() -> None:
    parts = {each for module in (project, declaration) for each in vars(module).values() if _is_part(each)}
    plain = {declaration.Part, declaration.Judged, declaration.Declaration, declaration.TableDeclaration}
    assert parts - plain == set(CLASSES)


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=lambda part: part if isinstance(part, str) else part.name)
def test_every_field_says_what_it_is_and_has_an_example(kind: str, field: Any) -> None:
    assert field.words, f"{kind}.{field.name}: there is no string below it"
    assert field.example, f"{kind}.{field.name}: its string ends without an example"


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=lambda part: part if isinstance(part, str) else part.name)
def test_an_example_is_a_value_that_the_field_may_have(kind: str, field: Any) -> None:
    if "…" in field.example:
        pytest.skip("it is shortened")
    info = next(each for each in CLASSES if each.__name__ == kind).model_fields[field.name]
    value = eval(field.example, {**vars(declaration), **vars(project)})
    kept: Any = Annotated[info.annotation, info]
    TypeAdapter(kept).validate_python(value)


def _is_part(each: object) -> bool:
    return (
        isinstance(each, type)
        and issubclass(each, declaration.Part)
        and each.__module__.endswith(("pipeline.project", "steps.contract.declaration"))
    )
