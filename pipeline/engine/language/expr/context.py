"""What a function may ask of the evaluation that calls it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.engine.language.expr.budget import Budget
from pipeline.engine.language.expr.syntax.tree import Node


class Context(ABC):
    """One evaluation of one expression: its names, its clock, its budget, and the variables of predicates."""

    def __init__(self, names: Mapping[str, Any], now: Callable[[], float]) -> None:
        self.names = names
        self.now = now
        self.budget = Budget()
        self.variables: dict[str, Any] = {}
        self.pointers: list[dict[str, Any]] = []

    @abstractmethod
    def value(self, node: Node) -> Any:
        """The value of a node.

        Raises:
            NotEvaluated: it has none.
        """
