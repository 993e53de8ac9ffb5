"""expr-lang's own functions, except those that take a predicate. https://expr-lang.org/docs/language-definition

The checker has seen how many arguments they get, and of which types as far as it knew them; the rest is checked here.
"""

import base64
import re
from collections.abc import Callable
from typing import Any, Final

from pipeline.engine.language.expr.builtins.dates import DATES
from pipeline.engine.language.expr.builtins.lists import LISTS
from pipeline.engine.language.expr.builtins.numbers import NUMBERS
from pipeline.engine.language.expr.context import Context
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.values import operators, texts
from pipeline.engine.language.expr.values.conversions import text as text_of
from pipeline.engine.language.expr.values.values import Function, Texts, decoded, encoded, go_type
from pipeline.engine.language.expr.values.writing import from_json, plain, to_pretty_json


def _len(_run: Context, value: Any) -> int:
    if isinstance(value, Function) or not isinstance(value, str | list | dict):
        raise NotEvaluated(f"invalid argument for len (type {go_type(value)})")
    return len(value)


def _type(_run: Context, value: Any) -> str:
    if value is None:
        return "nil"
    name = go_type(value)
    if isinstance(value, list):
        return "array"
    if isinstance(value, dict):
        return "map"
    return {"float64": "float", "int64": "int", "uint8": "uint"}.get(name, name)


def _of_texts(run: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose arguments are all texts."""
    return lambda _run, *values: run(*[text_of(value) for value in values])


def _replace(run: Context, value: Any, old: Any, new: Any, count: Any = -1) -> str:
    return texts.replace(run.budget, text_of(value), text_of(old), text_of(new), operators.to_int(count))


def _split(run: Context, value: Any, separator: Any, count: Any = -1) -> list[str]:
    return texts.split(run.budget, text_of(value), text_of(separator), operators.to_int(count))


def _split_after(run: Context, value: Any, separator: Any, count: Any = -1) -> list[str]:
    mark = text_of(separator)
    parts = texts.split(run.budget, text_of(value), mark, operators.to_int(count))
    return Texts(part + mark if number < len(parts) - 1 else part for number, part in enumerate(parts))


def _repeat(run: Context, value: Any, count: Any) -> str:
    number, repeated = operators.to_int(count), text_of(value)
    if number < 0:
        raise NotEvaluated(f"invalid argument for repeat (expected positive integer, got {number})")
    if number > 1_000_000:
        raise NotEvaluated("memory budget exceeded")
    run.budget.grow(len(repeated) * number)
    return repeated * number


def _join(run: Context, held: Any, glue: Any = "") -> str:
    if not isinstance(held, list) or isinstance(held, tuple):
        raise NotEvaluated(f"invalid argument for join (type {go_type(held)})")
    return texts.join(run.budget, text_of(glue), [text_of(entry) for entry in held])


def _from_base64(_run: Context, value: Any) -> str:
    return decoded(decode64(text_of(value)))


def decode64(text: str) -> bytes:
    """The bytes of padded base64 in the standard alphabet; line ends in it are skipped.

    Raises:
        NotEvaluated: it is not base64.
    """
    try:
        return base64.b64decode(encoded(text.replace("\n", "").replace("\r", "")), validate=True)
    except ValueError:
        letters = re.match(r"[A-Za-z0-9+/\r\n]*", text)
        whole = letters.end() if letters else 0
        place = whole if whole < len(text) and text[whole] != "=" else whole // 4 * 4
        raise NotEvaluated(f"illegal base64 data at input byte {place}") from None


def decoded_json(run: Context, text: str) -> Any:
    """The value of a JSON text, whose size is counted before it is built."""
    run.budget.grow(text.count(",") + text.count("[") + text.count("{"))
    return from_json(text)


BUILTINS: Final[dict[str, Callable[..., Any]]] = {
    "len": _len, "type": _type, "string": lambda run, value: plain(value, run.budget.put),
    "trim": _of_texts(texts.trim), "trimPrefix": _of_texts(lambda text, mark=" ": text.removeprefix(mark)),
    "trimSuffix": _of_texts(lambda text, mark=" ": text.removesuffix(mark)), "upper": _of_texts(texts.upper),
    "lower": _of_texts(texts.lower), "split": _split, "splitAfter": _split_after, "replace": _replace,
    "repeat": _repeat, "join": _join, "indexOf": _of_texts(texts.index), "lastIndexOf": _of_texts(texts.last_index),
    "hasPrefix": _of_texts(str.startswith), "hasSuffix": _of_texts(str.endswith),
    "toJSON": lambda run, value: to_pretty_json(value, run.budget.put),
    "fromJSON": lambda run, value: decoded_json(run, text_of(value)),
    "toBase64": _of_texts(lambda text: base64.b64encode(encoded(text)).decode()), "fromBase64": _from_base64,
    **NUMBERS, **LISTS, **DATES,
}  # fmt: skip
