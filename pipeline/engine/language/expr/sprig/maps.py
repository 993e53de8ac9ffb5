"""sprig's functions for maps, JSON and types. As in sprig, `set` and `unset` change the map that they are given."""

from typing import Any, Final

from pipeline.engine.language.expr.builtins.functions import decoded_json
from pipeline.engine.language.expr.context import Context
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.sprig.numbers import Entry, is_zero
from pipeline.engine.language.expr.sprig.texts import text_of
from pipeline.engine.language.expr.values import operators
from pipeline.engine.language.expr.values.values import Byte, Function, NilMap, Texts, go_type
from pipeline.engine.language.expr.values.writing import to_json, to_pretty_json

Map = dict[str, Any]


def _set(_run: Context, held: Map, key: str, value: Any) -> Map:
    if isinstance(held, NilMap):
        raise NotEvaluated("assignment to entry in nil map")
    held[key] = value
    return held


def _unset(_run: Context, held: Map, key: str) -> Map:
    held.pop(key, None)
    return held


def _pluck(_run: Context, key: str, *maps: Map) -> list[Any]:
    return [held[key] for held in maps if key in held]


def _keys(_run: Context, *maps: Map) -> Texts:
    return Texts(key for held in maps for key in sorted(held))


def _pick(_run: Context, held: Map, *keys: str) -> Map:
    return {key: held[key] for key in keys if key in held}


def _omit(_run: Context, held: Map, *keys: str) -> Map:
    return {key: value for key, value in held.items() if key not in keys}


def _dict(run: Context, *values: Any) -> Map:
    found: Map = {}
    for place in range(0, len(values), 2):
        found[text_of(run, values[place])] = values[place + 1] if place + 1 < len(values) else ""
    return found


def _merge(run: Context, target: Map, *sources: Map) -> Map:
    for source in sources:
        _into(run, target, source, overwrite=False)
    return target


def _overwrite(run: Context, target: Map, *sources: Map) -> Map:
    for source in sources:
        _into(run, target, source, overwrite=True)
    return target


def _into(run: Context, target: Map, source: Map, *, overwrite: bool, depth: int = 0) -> None:
    if depth > 100:
        raise NotEvaluated("a value is nested deeper than 100")
    for key, value in source.items():
        run.budget.step()
        held = target.get(key)
        if isinstance(held, dict) and isinstance(value, dict) and held is not value:
            _into(run, held, value, overwrite=overwrite, depth=depth + 1)
        elif key not in target or is_zero(held) or (overwrite and not is_zero(value)):
            target[key] = value


def _copy(run: Context, value: Any, depth: int = 0) -> Any:
    if depth > 100:
        raise NotEvaluated("a value is nested deeper than 100")
    run.budget.step()
    if isinstance(value, dict):
        return type(value)({key: _copy(run, entry, depth + 1) for key, entry in value.items()})
    if isinstance(value, list):
        return type(value)(_copy(run, entry, depth + 1) for entry in value)
    return value


def _deep_copy(run: Context, value: Any) -> Any:
    if value is None:
        raise NotEvaluated("reflect: call of reflect.Value.Type on zero Value")
    return _copy(run, value)


def _dig(_run: Context, *values: Any) -> Any:
    if len(values) < 3:
        raise NotEvaluated("dig needs at least three arguments")
    *keys, default, held = values
    for key in keys:
        if not isinstance(key, str):
            raise NotEvaluated(f"interface conversion: interface {{}} is {go_type(key)}, not string")
    for key in keys:
        if type(held) is not dict:
            raise NotEvaluated(
                f"interface conversion: interface {{}} is {go_type(held)}, not map[string]interface {{}}"
            )
        if key not in held:
            return default
        held = held[key]
    return held


def _from_json(run: Context, text: str) -> Any:
    try:
        return decoded_json(run, text)
    except NotEvaluated:
        return None


def _json(run: Context, value: Any) -> str:
    try:
        return to_json(value, run.budget.put)
    except NotEvaluated as error:
        if str(error).startswith("json:"):
            return ""
        raise


def _pretty(run: Context, value: Any) -> str:
    try:
        return to_pretty_json(value, run.budget.put)
    except NotEvaluated as error:
        if str(error).startswith("json:"):
            return ""
        raise


def _kind_of(_run: Context, value: Any) -> str:
    if value is None:
        return "invalid"
    if isinstance(value, Function):
        return "func"
    if isinstance(value, list):
        return "slice"
    if isinstance(value, dict):
        return "map"
    if hasattr(value, "go_type"):
        return {"time.Duration": "int64", "time.Month": "int", "time.Weekday": "int"}.get(value.go_type, "struct")
    return "uint8" if isinstance(value, Byte) else go_type(value)


MAPS: Final[dict[str, Entry]] = {
    "dict": ("a*", _dict), "get": ("ms", lambda _run, held, key: held.get(key, "")), "set": ("msa", _set),
    "unset": ("ms", _unset), "hasKey": ("ms", lambda _run, held, key: key in held), "pluck": ("sm*", _pluck),
    "keys": ("m*", _keys), "values": ("m", lambda _run, held: [held[key] for key in sorted(held)]),
    "pick": ("ms*", _pick), "omit": ("ms*", _omit), "merge": ("mm*", _merge), "mustMerge": ("mm*", _merge),
    "mergeOverwrite": ("mm*", _overwrite), "mustMergeOverwrite": ("mm*", _overwrite), "deepCopy": ("a", _deep_copy),
    "mustDeepCopy": ("a", _deep_copy), "dig": ("a*", _dig), "fromJson": ("s", _from_json),
    "mustFromJson": ("s", decoded_json), "toJson": ("a", _json),
    "mustToJson": ("a", lambda run, value: to_json(value, run.budget.put)), "toPrettyJson": ("a", _pretty),
    "mustToPrettyJson": ("a", lambda run, value: to_pretty_json(value, run.budget.put)),
    "toRawJson": ("a", lambda run, value: to_json(value, run.budget.put, html=False)),
    "mustToRawJson": ("a", lambda run, value: to_json(value, run.budget.put, html=False)),
    "typeOf": ("a", lambda _run, value: go_type(value)),
    "typeIs": ("sa", lambda _run, name, value: go_type(value) == name),
    "typeIsLike": ("sa", lambda _run, name, value: go_type(value) in (name, f"*{name}")),
    "kindOf": ("a", _kind_of), "kindIs": ("sa", lambda run, name, value: _kind_of(run, value) == name),
    "deepEqual": ("aa", lambda run, one, other: operators.deep_equal(one, other, run.budget)),
}  # fmt: skip
