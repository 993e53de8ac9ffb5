"""Every field of Argo's schema runs, is accepted, or is refused by its name; and the page says which."""

import pytest

from pipeline.engine.manifest import Fields
from pipeline.engine.manifest.workflows import KINDS
from tests.fields import __main__ as command
from tests.fields import asking, page, schema
from tests.fields.asking import ACCEPTED, REFUSED, RUNS, UNSETTLED, Answer

ANSWERS = list(asking.answers(schema.load().types))
WORDS = {f"{each.path}.{each.field}": each.word for each in ANSWERS}
LEAF = {"Workflow": {"spec": "WorkflowSpec"}, "WorkflowSpec": {"templates": "[Template]"}}


def asked(types: schema.Types) -> list[Answer]:
    """The answers of the engine about a part of a schema."""
    asking._read.cache_clear()
    others: schema.Types = {kind: {} for kind in ("WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")}
    return [each for each in asking.answers({**others, **LEAF, **types}) if each.type in types]


def test_no_field_is_in_none_of_the_three() -> None:
    assert [f"{each.path}.{each.field}: {each.message}" for each in ANSWERS if each.word == UNSETTLED] == []


def test_the_page_is_what_the_engine_says() -> None:
    there = command.PAGE.read_text(encoding="utf-8")
    assert there == page.page(ANSWERS, schema.load()), "run python -m tests.fields"


@pytest.mark.parametrize(
    ("field", "word"),
    [
        ("spec.entrypoint", RUNS),
        ("spec.podGC", ACCEPTED),
        ("spec.shutdown", REFUSED),
        ("spec.templates[].container.command", RUNS),
        ("spec.templates[].container.resources", ACCEPTED),
        ("spec.templates[].plugin", REFUSED),
        ("spec.templates[].outputs.artifacts[].git", REFUSED),
    ],
)
def test_a_word(field: str, word: str) -> None:
    assert WORDS[f"Workflow.{field}"] == word


def test_a_field_that_argo_adds_is_refused_by_its_name() -> None:
    (answer,) = asked({"Template": {"invented": "text"}})
    assert (answer.word, "templates[main].invented is not a field" in answer.message) == (REFUSED, True)


def test_a_field_that_is_read_and_dropped_is_in_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fields, "ignore", lambda fields, *names: fields._taken.update(names))
    (answer,) = asked({"Template": {"nodeSelector": "{text}"}})
    assert (answer.word, answer.message) == (UNSETTLED, "is read and dropped")


def test_names_and_types_are_all_that_is_read_of_a_schema() -> None:
    text = {"type": "string", "description": "What it is."}
    found = schema._types({
        **{f"io.argoproj.workflow.v1alpha1.{kind}": {"properties": {}} for kind in KINDS[1:]},
        "io.argoproj.workflow.v1alpha1.Workflow": {"properties": {
            "name": text,
            "few": {"type": "array", "items": {"$ref": "#/definitions/x.Part"}},
            "named": {"type": "object", "additionalProperties": text},
        }},
        "x.Part": {"properties": {"size": {"type": "integer"}}},
    })  # fmt: skip
    assert found["Workflow"] == {"name": "text", "few": "[Part]", "named": "{text}"}
    assert found["Part"] == {"size": "number"}
