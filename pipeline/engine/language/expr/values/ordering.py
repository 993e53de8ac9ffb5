"""Sorting by `<`, which may fail: texts and numbers have no common order."""

from collections.abc import Callable, Iterable
from functools import cmp_to_key
from typing import Any

from pipeline.engine.language.expr.budget import Budget
from pipeline.engine.language.expr.values import operators


def sorted_by(entries: Iterable[Any], key: Callable[[Any], Any], budget: Budget, *, reverse: bool = False) -> list[Any]:
    """The entries in the order of their keys.

    Raises:
        NotEvaluated: two of them cannot be compared.
    """

    def compare(one: Any, other: Any) -> int:
        budget.step()
        first, second = key(one), key(other)
        if operators.less(first, second):
            return 1 if reverse else -1
        if operators.less(second, first):
            return -1 if reverse else 1
        return 0

    return sorted(entries, key=cmp_to_key(compare))
