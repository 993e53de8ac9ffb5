"""Values where only one kind will do, with Go's complaint about others."""

from typing import Any

from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.values.values import go_type


def boolean(value: Any) -> bool:
    """A value that must be true or false."""
    if not isinstance(value, bool):
        raise NotEvaluated(f"interface conversion: interface {{}} is {_short(value)}, not bool")
    return value


def text(value: Any) -> str:
    """A value that must be a text."""
    if not isinstance(value, str):
        raise NotEvaluated(f"interface conversion: interface {{}} is {_short(value)}, not string")
    return value


def _short(value: Any) -> str:
    return "nil" if value is None else go_type(value)
