"""What this engine does with each field: the answer of its reader to a small workflow that has the field.

A field *runs* if what is read differs with it, is *accepted* if the reader names it among what has no meaning here, and
is *refused* if the refusal is of its name. Anything else (refused for its value, or read and dropped) is *unsettled*: a
mistake of an example, or of the engine.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from pipeline.engine.manifest.fields import ignored
from pipeline.engine.manifest.workflows import KINDS, resolve
from pipeline.errors import Refused
from tests.fields import examples
from tests.fields.schema import Types

RUNS, ACCEPTED, REFUSED, UNSETTLED = "runs", "accepted", "refused", "unsettled"
_OF_ITS_NAME: Final = re.compile(
    r"is not run by this engine|is not a field that this engine knows|is only for |is for arguments and outputs|"
    r"a \w+ has none in this engine"
)
_WORDS: Final[dict[str, Any]] = {"text": "x", "number": 1, "flag": True, "any": "x"}

Document = dict[str, Any]
Put = Callable[[Any], Document]


@dataclass(frozen=True)
class Answer:
    """What becomes of the field of that name in the mapping at `path`, which is of the type `type`. `held`: the type of
    what it holds, if that is a mapping."""

    path: str
    type: str
    field: str
    held: str
    word: str
    message: str = ""


@dataclass(frozen=True)
class _Place:
    """A mapping of a manifest: where it is, its type, and a manifest with some such mapping there."""

    path: str
    type: str
    put: Put
    within: tuple[str, ...]


def answers(types: Types) -> Iterator[Answer]:
    """The answer for every field down to leaves, or to what is accepted or refused with all in it."""
    for kind in KINDS:
        yield from _of(_Place(kind, kind, lambda mapping: mapping, ()), types)


def _of(place: _Place, types: Types) -> Iterator[Answer]:
    for field, kind in types[place.type].items():
        path, held = f"{place.path}.{field}", kind.strip("[]{}")
        document = _with(place, field, kind)
        answer = Answer(place.path, place.type, field, held if held in types else "", *_word(document, path))
        again = held in (*place.within, place.type) or _is_elsewhere(path)
        if held not in types or answer.word in (ACCEPTED, REFUSED) or not types[held] or again:
            yield answer if not again or answer.word != UNSETTLED else Answer(*_key(answer), RUNS)
            continue
        yield Answer(*_key(answer), RUNS)
        yield from _of(_inner(place, field, kind), types)


def _key(answer: Answer) -> tuple[str, str, str, str]:
    return answer.path, answer.type, answer.field, answer.held


def _is_elsewhere(path: str) -> bool:
    """Whether what is there is described in another place, with the same fields."""
    return any(f".{path}".endswith(f".{each}") for each in examples.ELSEWHERE)


def _with(place: _Place, field: str, kind: str) -> Document:
    """A manifest that has the field."""
    path = f"{place.path}.{field}"
    whole = examples.of(examples.MANIFESTS, path, place.type)
    if whole is not None:
        return examples.manifest(whole)
    given = examples.of(examples.MAPPINGS, path, place.type)
    if given is not None:
        return copy.deepcopy(place.put(given))
    value = examples.of(examples.VALUES, path, place.type)
    if value is None:
        held = kind.strip("[]{}")
        value = _listed(path, kind, _WORDS.get(held) or examples.base(path, held))
    return copy.deepcopy(place.put({**examples.base(place.path, place.type), field: value}))


def _inner(place: _Place, field: str, kind: str) -> _Place:
    """The mapping that a field holds."""
    path, held = f"{place.path}.{field}", kind.strip("[]{}")

    def put(mapping: Any) -> Document:
        around = examples.of(examples.AROUND, path, place.type)
        around = examples.base(place.path, place.type) if around is None else around
        return place.put({**around, field: _listed(path, kind, mapping)})

    brackets = re.sub(r"\w+", "", kind.replace(held, ""))
    return _Place(path + brackets, held, put, (*place.within, place.type))


def _listed(path: str, kind: str, value: Any) -> Any:
    """A value as its field has it: by itself, in a list, in a mapping. Others of a list stand before it."""
    if kind.startswith("[["):
        return [[*examples.BEFORE.get(path.rpartition(".")[2], [])], [value]]
    if kind.startswith("["):
        return [*examples.BEFORE.get(path.rpartition(".")[2], []), value]
    return {"k": value} if kind.startswith("{") else value


def _word(document: Document, path: str) -> tuple[str, str]:
    try:
        read, meaningless = _read(json.dumps(document))
    except Refused as refused:
        message = next((each for each in refused.problems if _OF_ITS_NAME.search(each)), "")
        return (REFUSED, message) if message else (UNSETTLED, "; ".join(refused.problems))
    try:
        before, meaningless_before = _read(json.dumps(_without(document, path)))
    except Refused:
        return RUNS, ""
    field = path.rpartition(".")[2]
    if meaningless.count(field) > meaningless_before.count(field):
        return ACCEPTED, ""
    return (RUNS, "") if read != before or _is_settled(path) else (UNSETTLED, "is read and dropped")


def _is_settled(path: str) -> bool:
    return any(f".{path}".endswith(f".{each}") for each in examples.READ_ELSEWHERE)


@cache
def _read(text: str) -> tuple[str, list[str]]:
    """What the engine reads, and the fields that mean nothing to it."""
    beside = (examples.OTHER, examples.CLUSTERS) if "emplateRef" in text else ()
    with ignored() as meaningless:
        found = resolve(("f.yaml", each) for each in (json.loads(text), *beside))
    return repr({name: each for name, each in found.workflows.items() if name not in examples.NAMES}), meaningless


def _without(document: Document, path: str) -> Document:
    """The same without the field at `path`, in the last entry of each list on the way."""
    found = copy.deepcopy(document)
    *way, field = path.split(".")[1:]
    here: Any = found
    for step in way:
        here = here[re.sub(r"[\[\]{}]", "", step)]
        while isinstance(here, list):
            here = here[-1]
        if step.endswith("{}"):
            here = here["k"]
    del here[field]
    return found
