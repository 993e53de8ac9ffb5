"""What Argo adds to expr-lang: `asInt`, `asFloat`, `toJson`, `jsonpath`, `sprig`."""

from typing import Any, Final

from pipeline.engine.language.expr.builtins.functions import decoded_json
from pipeline.engine.language.expr.builtins.numbers import as_float, as_int
from pipeline.engine.language.expr.context import Context
from pipeline.engine.language.expr.jsonpath.paths import query
from pipeline.engine.language.expr.sprig.functions import SPRIG
from pipeline.engine.language.expr.values.values import Function
from pipeline.engine.language.expr.values.writing import to_json


def _json(run: Context, value: Any) -> str:
    return to_json(value, run.budget.put)


def _jsonpath(run: Context, text: str, path: str) -> Any:
    return query(path, decoded_json(run, text), run.budget)


LIBRARY: Final[dict[str, Any]] = {
    "asInt": Function("asInt", "a", as_int), "asFloat": Function("asFloat", "a", as_float),
    "toJson": Function("toJson", "a", _json), "jsonpath": Function("jsonpath", "ss", _jsonpath), "sprig": SPRIG,
}  # fmt: skip
