"""expr-lang's own functions, those that take no predicate. https://expr-lang.org/docs/language-definition

The checker has seen the number of their arguments, and their types as far as they were known; here the rest is checked.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from pipeline.engine.expressions import operators, texts
from pipeline.engine.expressions.errors import NotEvaluated
from pipeline.engine.expressions.function_dates import DATES
from pipeline.engine.expressions.ordering import sorted_by
from pipeline.engine.expressions.values import (
    AnyMap,
    Byte,
    Function,
    NilList,
    Texts,
    decoded,
    encoded,
    go_type,
    is_number,
    whole,
    wrapped,
)
from pipeline.engine.expressions.writing import from_json, plain, to_pretty_json

if TYPE_CHECKING:
    from pipeline.engine.expressions.evaluation import Evaluation


def as_int(_run: Evaluation, value: Any) -> int:
    """`int` and Argo's `asInt`: a number cut to a whole one, or a text that is one."""
    if isinstance(value, str):
        return texts.atoi(value, f"invalid operation: int({value[:60]})")
    if is_number(value):
        return whole(value) if isinstance(value, float) else int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    raise NotEvaluated(f"invalid operation: int({go_type(value)})")


def as_float(_run: Evaluation, value: Any) -> float:
    """`float` and Argo's `asFloat`."""
    if isinstance(value, str):
        return texts.parse_float(value, f"invalid operation: float({value[:60]})")
    return operators.to_float(value)


def _len(_run: Evaluation, value: Any) -> int:
    if isinstance(value, Function) or not isinstance(value, str | list | dict):
        raise NotEvaluated(f"invalid argument for len (type {go_type(value)})")
    return len(value)


def _type(_run: Evaluation, value: Any) -> str:
    if value is None:
        return "nil"
    name = go_type(value)
    if isinstance(value, list):
        return "array"
    if isinstance(value, dict):
        return "map"
    return {"float64": "float", "int64": "int", "uint8": "uint"}.get(name, name)


def _abs(_run: Evaluation, value: Any) -> Any:
    if not is_number(value):
        raise NotEvaluated(f"invalid argument for abs (type {go_type(value)})")
    return value if value >= 0 else operators.negate(value)


def _rounding(name: str, rule: Callable[[float], float]) -> Callable[[Evaluation, Any], float]:
    def run(_run: Evaluation, value: Any) -> float:
        if not is_number(value):
            raise NotEvaluated(f"invalid argument for {name} (type {go_type(value)})")
        number = float(value)
        return rule(number) if math.isfinite(number) and isinstance(value, float) else number

    return run


def rounded(number: float) -> float:
    """To the nearest whole number, half away from nought."""
    if abs(number) >= 2**52:
        return number
    cut = float(math.trunc(number))
    result = cut + math.copysign(1, number) if abs(number - cut) >= 0.5 else cut
    return math.copysign(result, number)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        kind = "nil" if value is None else go_type(value)
        raise NotEvaluated(f"interface conversion: interface {{}} is {kind}, not string")
    return value


def _of_texts(run: Callable[..., Any]) -> Callable[..., Any]:
    """A function of texts alone."""
    return lambda _run, *values: run(*[_text(value) for value in values])


def _replace(run: Evaluation, value: Any, old: Any, new: Any, count: Any = -1) -> str:
    return texts.replace(run.budget, _text(value), _text(old), _text(new), operators.to_int(count))


def _split(run: Evaluation, value: Any, separator: Any, count: Any = -1) -> list[str]:
    return texts.split(run.budget, _text(value), _text(separator), operators.to_int(count))


def _split_after(run: Evaluation, value: Any, separator: Any, count: Any = -1) -> list[str]:
    mark = _text(separator)
    parts = texts.split(run.budget, _text(value), mark, operators.to_int(count))
    return Texts(part + mark if number < len(parts) - 1 else part for number, part in enumerate(parts))


def _repeat(run: Evaluation, value: Any, count: Any) -> str:
    number, repeated = operators.to_int(count), _text(value)
    if number < 0:
        raise NotEvaluated(f"invalid argument for repeat (expected positive integer, got {number})")
    if number > 1_000_000:
        raise NotEvaluated("memory budget exceeded")
    run.budget.grow(len(repeated) * number)
    return repeated * number


def _join(run: Evaluation, held: Any, glue: Any = "") -> str:
    if not isinstance(held, list) or isinstance(held, tuple):
        raise NotEvaluated(f"invalid argument for join (type {go_type(held)})")
    return texts.join(run.budget, _text(glue), [_text(entry) for entry in held])


def _leaves(name: str, run: Evaluation, values: tuple[Any, ...] | list[Any], depth: int = 0) -> Iterator[Any]:
    """The numbers of nested lists."""
    if depth > 100:
        raise NotEvaluated("recursion depth exceeded")
    for value in values:
        run.budget.step()
        if isinstance(value, list):
            yield from _leaves(name, run, value, depth + 1)
        elif is_number(value) or (name not in ("max", "min") and hasattr(value, "go_type") and isinstance(value, int)):
            yield value
        else:
            raise NotEvaluated(f"invalid argument for {name} (type {go_type(value)})")


def _extreme(name: str) -> Callable[..., Any]:
    def run(run: Evaluation, *values: Any) -> Any:
        if len(values) == 1 and not isinstance(values[0], list):
            return values[0]
        found: Any = None
        for value in _leaves(name, run, values):
            one, other = (found, value) if name == "max" else (value, found)
            if found is None or operators.less(one, other):
                found = value
        return found

    return run


def _mean(run: Evaluation, *values: Any) -> float:
    found = [float(value) for value in _leaves("mean", run, values)]
    return sum(found) / len(found) if found else 0.0


def _median(run: Evaluation, *values: Any) -> float:
    found = sorted(float(value) for value in _leaves("median", run, values))
    if not found:
        return 0.0
    middle = len(found) // 2
    return found[middle] if len(found) % 2 else (found[middle - 1] + found[middle]) / 2


def _from_base64(_run: Evaluation, value: Any) -> str:
    return decoded(decode64(_text(value)))


def decode64(text: str) -> bytes:
    """The bytes of base64, padded and of the plain alphabet; line ends in it are skipped.

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


def decoded_json(run: Evaluation, text: str) -> Any:
    """The value of a JSON text, which is counted before it is made."""
    run.budget.grow(text.count(",") + text.count("[") + text.count("{"))
    return from_json(text)


def _edge(place: int) -> Callable[[Evaluation, Any], Any]:
    def run(_run: Evaluation, held: Any) -> Any:
        try:
            return operators.fetch(held, place)
        except NotEvaluated:
            return None

    return run


def _get(_run: Evaluation, held: Any, key: Any) -> Any:
    if held is None:
        return None
    if isinstance(held, list | str):
        place = operators.to_int(key)
        raw = held if isinstance(held, list) else encoded(held)
        if not -len(raw) <= place < len(raw):
            return None
        return raw[place] if isinstance(held, list) else Byte(raw[place])
    return operators.fetch(held, key) if isinstance(held, dict) else None


def _list(value: Any, doing: str) -> list[Any]:
    if not isinstance(value, list):
        raise NotEvaluated(f"cannot {doing} {_kind(value)}")
    return value


def _map(value: Any, doing: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise NotEvaluated(doing.format(_kind(value)))
    return value


def _kind(value: Any) -> str:
    if value is None:
        return "invalid"
    return "slice" if isinstance(value, list) else "map" if isinstance(value, dict) else go_type(value)


def _take(_run: Evaluation, held: Any, count: Any) -> list[Any]:
    entries = _list(held, "take from")
    if isinstance(count, bool | float) or not isinstance(count, int):
        raise NotEvaluated(f"cannot take {_kind(count)} elements")
    if count < 0:
        raise NotEvaluated("reflect.Value.Slice: slice index out of bounds")
    return type(entries)(entries[:count])


def _keys(_run: Evaluation, held: Any) -> list[Any]:
    return [_key(key) for key in sorted_keys(_map(held, "cannot get keys from {}"))]


def _values(_run: Evaluation, held: Any) -> list[Any]:
    found = _map(held, "cannot get values from {}")
    return [found[key] for key in sorted_keys(found)]


def sorted_keys(held: dict[Any, Any]) -> list[Any]:
    """The keys in an order that does not change from run to run (Go's does)."""
    return sorted(held, key=lambda key: (str(type(key)), str(key)))


def _key(key: Any) -> Any:
    return key[1] if isinstance(key, tuple) else key


def _to_pairs(_run: Evaluation, held: Any) -> list[Any]:
    found = _map(held, "cannot transform {} to pairs")
    return [[_key(key), found[key]] for key in sorted_keys(found)]


def _from_pairs(_run: Evaluation, held: Any) -> AnyMap:
    if not isinstance(held, list):
        raise NotEvaluated(f"cannot transform {_kind(held)} from pairs")
    found = AnyMap()
    for pair in held:
        if not isinstance(pair, list) or len(pair) != 2:
            raise NotEvaluated("invalid pair" if not isinstance(pair, list) else "invalid pair length")
        found[operators.map_key(pair[0], found)] = pair[1]
    return found


def _reverse(run: Evaluation, held: Any) -> list[Any]:
    entries = _list(held, "reverse")
    run.budget.grow(len(entries))
    return list(reversed(entries))


def _uniq(run: Evaluation, held: Any) -> list[Any]:
    found: list[Any] = []
    for entry in _list(held, "uniq"):
        if not any(operators.equal(entry, other, run.budget) for other in found):
            found.append(entry)
    return found


def _concat(run: Evaluation, *lists: Any) -> list[Any]:
    found: list[Any] = []
    for held in lists:
        entries = _list(held, "concat")
        run.budget.grow(len(entries))
        found.extend(entries)
    return found


def _flatten(run: Evaluation, held: Any) -> list[Any]:
    found: list[Any] = []

    def gather(entries: list[Any], depth: int) -> None:
        if depth > 100:
            raise NotEvaluated("recursion depth exceeded")
        for entry in entries:
            run.budget.step()
            if isinstance(entry, list):
                gather(entry, depth + 1)
            else:
                found.append(entry)

    gather(_list(held, "flatten"), 0)
    run.budget.grow(len(found))
    return found


def _sort(run: Evaluation, held: Any, order: Any = "asc") -> list[Any]:
    if order not in ("asc", "desc"):
        raise NotEvaluated(f"invalid order {plain(order)[:40]}, expected asc or desc")
    if not isinstance(held, list):
        return NilList()
    run.budget.grow(len(held))
    return sorted_by(held, lambda entry: entry, run.budget, reverse=order == "desc")


def _bits(name: str, rule: Callable[[int, int], int]) -> Callable[[Evaluation, Any, Any], int]:
    def run(_run: Evaluation, one: Any, other: Any) -> int:
        for value in (one, other):
            if not is_number(value) or isinstance(value, float):
                raise NotEvaluated(f"cannot use {go_type(value)} as argument (type int) to call {name}")
        if "sh" in name and other < 0:
            raise NotEvaluated(f"invalid operation: negative shift count {other} (type int)")
        return wrapped(rule(int(one), int(other)))

    return run


def _bit_not(_run: Evaluation, value: Any) -> int:
    if not is_number(value) or isinstance(value, float):
        raise NotEvaluated(f"cannot use {go_type(value)} as argument (type int) to call bitnot")
    return ~int(value)


BUILTINS: Final[dict[str, Callable[..., Any]]] = {
    "len": _len, "type": _type, "abs": _abs, "int": as_int, "float": as_float,
    "ceil": _rounding("ceil", lambda number: math.copysign(math.ceil(number), number)),
    "floor": _rounding("floor", lambda number: math.copysign(math.floor(number), number)),
    "round": _rounding("round", rounded), "string": lambda run, value: plain(value, run.budget.put),
    "trim": _of_texts(texts.trim), "trimPrefix": _of_texts(lambda text, mark=" ": text.removeprefix(mark)),
    "trimSuffix": _of_texts(lambda text, mark=" ": text.removesuffix(mark)), "upper": _of_texts(texts.upper),
    "lower": _of_texts(texts.lower), "split": _split, "splitAfter": _split_after, "replace": _replace,
    "repeat": _repeat, "join": _join, "indexOf": _of_texts(texts.index), "lastIndexOf": _of_texts(texts.last_index),
    "hasPrefix": _of_texts(str.startswith), "hasSuffix": _of_texts(str.endswith), "max": _extreme("max"),
    "min": _extreme("min"), "mean": _mean, "median": _median,
    "toJSON": lambda run, value: to_pretty_json(value, run.budget.put),
    "fromJSON": lambda run, value: decoded_json(run, _text(value)),
    "toBase64": _of_texts(lambda text: base64.b64encode(encoded(text)).decode()), "fromBase64": _from_base64,
    "first": _edge(0), "last": _edge(-1), "get": _get, "take": _take, "keys": _keys, "values": _values,
    "toPairs": _to_pairs, "fromPairs": _from_pairs, "reverse": _reverse, "uniq": _uniq, "concat": _concat,
    "flatten": _flatten, "sort": _sort, "bitand": _bits("bitand", lambda one, other: one & other),
    "bitor": _bits("bitor", lambda one, other: one | other), "bitxor": _bits("bitxor", lambda one, other: one ^ other),
    "bitnand": _bits("bitnand", lambda one, other: one & ~other), "bitnot": _bit_not,
    "bitshl": _bits("bitshl", lambda one, other: one << other if other < 64 else 0),
    "bitshr": _bits("bitshr", lambda one, other: one >> min(other, 63)),
    "bitushr": _bits("bitushr", lambda one, other: (one % 2**64) >> other if other < 64 else 0), **DATES,
}  # fmt: skip
