"""The page of all fields, made of the engine's answers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from tests.fields.asking import ACCEPTED, REFUSED, RUNS, Answer
from tests.fields.schema import Schema

_WITHOUT_END: Final = 1000  # fields: of no use to know
_MANY: Final = 8  # places that are named whole
_WORDS: Final = (RUNS, ACCEPTED, REFUSED)
_HEAD: Final = """\
# Every field of a manifest

Made by `python -m tests.fields`, which asks the engine itself: its reader is given a small workflow with each field;
not to be edited. The fields are those of Argo Workflows {versions}, in a Workflow, WorkflowTemplate,
ClusterWorkflowTemplate and CronWorkflow. A test fails where a field is in none of these three:

| a field | | of {all:,} |
| --- | --- | --- |
| *runs* | what is run differs with it | {runs:,} |
| *accepted* | it has no meaning without a cluster, as `pipeline explain FILE` says | {accepted:,} |
| *refused* | before anything starts, by name and line: take it out, or run the manifest on a cluster | {refused:,} |

What is accepted or refused is so with all in it (in brackets: how many fields that are). What a field may hold, Argo
says in [its reference](https://argo-workflows.readthedocs.io/en/latest/fields/); a value that could not run is refused
too, with what was wanted. What running means, and how it was compared with the real controller, is in [Any Argo
workflow](argo.md).

The same fields stand in several places: `workflowSpec` of a CronWorkflow and `spec` of the templates as `spec` of a
Workflow, `inline` and `templateDefaults` as `templates[]`, the arguments of steps and hooks as those of tasks.
"""
_VERSIONS: Final = """
## What not all versions have

| field | only in | here |
| --- | --- | --- |
"""


def page(answers: Sequence[Answer], schema: Schema) -> str:
    """The whole page."""
    counts = {word: sum(each.word == word for each in answers) for word in _WORDS}
    versions = " and ".join(schema.versions)
    head = _HEAD.format(versions=versions, all=len(answers), **counts)
    return head + "".join(_mappings(answers, schema)) + _VERSIONS + "".join(_of_versions(answers, schema))


def _mappings(answers: Sequence[Answer], schema: Schema) -> Iterator[str]:
    """A table for each mapping; one for all places where the same fields are taken."""
    mappings: dict[str, list[Answer]] = {}
    for answer in sorted(answers, key=lambda each: each.path.startswith("CronWorkflow")):
        mappings.setdefault(answer.path, []).append(answer)
    places: dict[str, list[str]] = {}
    for path, fields in mappings.items():
        places.setdefault(_table(fields, schema), []).append(_place(path))
    for table, paths in places.items():
        yield f"\n## `{paths[0]}`\n\n{_also(paths)}{table}"


def _also(paths: Sequence[str]) -> str:
    """The other places, each by its own name where there are many."""
    others = paths[1:]
    if len(others) > _MANY:
        others = list(dict.fromkeys(f"…{path.rpartition('.')[2]}" for path in paths))
    return f"Also {', '.join(f'`{each}`' for each in others)}.\n\n" if others else ""


def _place(path: str) -> str:
    return path.removeprefix("Workflow.").replace("[[]]", "[][]").replace("{}", ".NAME")


def _table(fields: Sequence[Answer], schema: Schema) -> str:
    lines = []
    for word in _WORDS:
        names = [_name(each, schema) for each in fields if each.word == word]
        lines += [f"| *{word}* | {', '.join(names)} |\n"] if names else []
    return "| | fields |\n| --- | --- |\n" + "".join(lines)


def _name(answer: Answer, schema: Schema) -> str:
    only = schema.only.get(f"{answer.type}.{answer.field}", "")
    within = len(set(_leaves(answer.held, schema.types, ()))) if answer.held and answer.word != RUNS else 0
    notes = [str(within)] if 0 < within < _WITHOUT_END else []
    notes += [f"only Argo {only}"] if only else []
    return f"`{answer.field}`" + (f" ({', '.join(notes)})" if notes else "")


def _leaves(name: str, types: Mapping[str, Mapping[str, str]], within: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The paths of all fields in a type, down to leaves."""
    for field, kind in types[name].items():
        held = kind.strip("[]{}")
        if held in types and types[held] and held not in within:
            yield from ((field, *rest) for rest in _leaves(held, types, (*within, name)))
        else:
            yield (field,)


def _of_versions(answers: Iterable[Answer], schema: Schema) -> Iterator[str]:
    words: dict[str, set[str]] = {}
    for each in answers:
        words.setdefault(f"{each.type}.{each.field}", set()).add(each.word)
    for field, only in schema.only.items():
        here = " or ".join(sorted(words.get(field, {"as the field that it is in"})))
        yield f"| `{field}` | {only} | {here} |\n"
