"""Expressions: `{{=…}}`, `valueFrom.expression`, `fromExpression`, `retryStrategy.expression`. The language is
expr-lang (1.17, as in Argo 3.7) with Argo's and sprig's functions. https://expr-lang.org/docs/language-definition
https://argo-workflows.readthedocs.io/en/latest/variables/#expression

No Python library runs it, so it is implemented here and checked against the Go code itself: tests/oracle/expressions.
None of it is loaded until the first expression.

Bounds, because an expression may come from a value that a step put out: 100,000 characters, 10,000 nodes, 60 levels
deep; for one evaluation 250,000 steps, 1,000,000 list and map entries, 16,000,000 characters of text. Regular
expressions are RE2's: linear in the text.
"""

from typing import TYPE_CHECKING, Any

from pipeline.engine.language.expr.errors import NotEvaluated, NotParsed

if TYPE_CHECKING:
    from pipeline.engine.language.expr.running import check, evaluate, guarded_paths, holds, paths, printed, text_of
else:

    def __getattr__(name: str) -> Any:
        """Load the language when one of its functions is first wanted."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from pipeline.engine.language.expr import running  # noqa: PLC0415

        return getattr(running, name)


__all__ = ["NotEvaluated", "NotParsed", "check", "evaluate", "guarded_paths", "holds", "paths", "printed", "text_of"]
