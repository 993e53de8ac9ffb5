"""Which functions an expression calls, and with how many arguments. The controller finds mistakes in these only during
a run; here they are refused before it."""

from pipeline.engine.language.expr.errors import NotParsed
from pipeline.engine.language.expr.sprig.functions import SPRIG, why_refused
from pipeline.engine.language.expr.syntax.signatures import ARGO
from pipeline.engine.language.expr.syntax.tree import Node, member_path, walk


def check_names(tree: Node, text: str) -> None:
    """Refuse sprig functions that are not supported.

    Raises:
        NotParsed: one is named.
    """
    for node in walk(tree):
        name = _sprig(node)
        problem = why_refused(name) if name else ""
        if problem:
            raise NotParsed(problem, text, node.column)


def check_calls(tree: Node, text: str) -> None:
    """Refuse calls of unknown functions, and of sprig's with a number of arguments that they do not take.

    Raises:
        NotParsed: there is one.
    """
    functions = ARGO | {node.value for node in walk(tree) if node.kind == "let"}
    for node in walk(tree):
        if node.kind != "call":
            continue
        callee = node.parts[0]
        if callee.kind == "name" and callee.value not in functions:
            raise NotParsed(f"there is no function {callee.value}", text, callee.column)
        name, given = _sprig(callee), len(node.parts) - 1
        if name:
            takes, repeats = SPRIG[name].takes, SPRIG[name].takes.endswith("*")
            least = len(takes) - 2 if repeats else len(takes)
            if given < least or (given > least and not repeats):
                raise NotParsed(f"sprig.{name} takes {least} arguments, got {given}", text, node.column)


def _sprig(node: Node) -> str:
    """The sprig function that a node names; empty if none."""
    path = member_path(node) if node.kind == "member" else None
    return path[1] if path is not None and path[0] == "sprig" and len(path) == 2 else ""
