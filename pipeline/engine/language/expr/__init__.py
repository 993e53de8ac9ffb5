"""Expressions: `{{=…}}`, `valueFrom.expression`, `fromExpression`, `retryStrategy.expression`. The language is
expr-lang (1.17, as Argo 3.7 has it) with Argo's functions and sprig's. https://expr-lang.org/docs/language-definition
https://argo-workflows.readthedocs.io/en/latest/variables/#expression

No library of Python runs it, so it is written here, and judged by the Go code itself: tests/oracle/expressions.
Nothing of it is loaded until an expression is met.

Bounds, for an expression may come from a value that a step put out: 100,000 characters, 10,000 nodes, nested 60 deep;
250,000 steps, 1,000,000 entries of lists and maps, 16,000,000 characters of text for one evaluation; regular
expressions are RE2's, linear in the text.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pipeline.engine.language.expr.errors import NotEvaluated, NotParsed

if TYPE_CHECKING:
    from pipeline.engine.language.lookup import Lookup

__all__ = ["NotEvaluated", "NotParsed", "check", "evaluate", "guarded_paths", "holds", "paths", "printed", "text_of"]


def check(expression: str, known: Callable[[str], bool] | None = None) -> None:
    """Make sure that an expression can be run where `known` paths have values (any where it is not given).

    Raises:
        NotEvaluated: it cannot be parsed, names what is not known, calls an unknown function, or one with other
            arguments than it takes.
    """
    from pipeline.engine.language.expr import running  # noqa: PLC0415 - loaded where an expression is met

    running.check(expression)
    if known is not None:
        for path in paths(expression):
            if not known(path):
                raise NotEvaluated(f"{path} is not known here")


def paths(expression: str) -> tuple[str, ...]:
    """The variables that an expression needs: `inputs.parameters.a` for `inputs.parameters['a']` too. What it names
    before `??` or `?.` is in `guarded_paths` instead.

    Raises:
        NotEvaluated: it cannot be parsed.
    """
    from pipeline.engine.language.expr.environment import names  # noqa: PLC0415 - loaded where an expression is met

    return names(expression).strict


def guarded_paths(expression: str) -> tuple[str, ...]:
    """The variables that an expression names before `??` or `?.`: they may be absent.

    Raises:
        NotEvaluated: it cannot be parsed.
    """
    from pipeline.engine.language.expr.environment import names  # noqa: PLC0415 - loaded where an expression is met

    return names(expression).guarded


def evaluate(expression: str, lookup: "Lookup | Mapping[str, Any]") -> Any:
    """The value of an expression; None where it is nil. A lookup may also have a method `keys()`, all paths that it
    knows: for maps that are used whole, such as `toJson(workflow.parameters)`; and `now()`, seconds since 1970.

    Raises:
        NotEvaluated: it has none; the message in the controller's words where it has any.
    """
    from pipeline.engine.language.expr import running  # noqa: PLC0415 - loaded where an expression is met

    return running.evaluate(expression, lookup)


def holds(expression: str, lookup: "Lookup | Mapping[str, Any]") -> bool:
    """The boolean that an expression is.

    Raises:
        NotEvaluated: it has no value, or is no boolean.
    """
    from pipeline.engine.language.expr import running  # noqa: PLC0415 - loaded where an expression is met

    return running.holds(expression, lookup)


def text_of(value: Any) -> str:
    """A value as `{{=…}}` renders it: a text as it is, anything else as JSON.

    Raises:
        NotEvaluated: it has no JSON.
    """
    from pipeline.engine.language.expr import running  # noqa: PLC0415 - loaded where an expression is met

    return running.text_of(value)


def printed(value: Any) -> str:
    """A value as an output parameter with `valueFrom.expression` has it, which is Go's `%v`: `1e+06`, `[a b]`.

    Raises:
        NotEvaluated: it is nested too deep, or too long.
    """
    from pipeline.engine.language.expr import running  # noqa: PLC0415 - loaded where an expression is met

    return running.printed(value)
