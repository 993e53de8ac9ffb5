"""Which functions an expression calls, and with how many arguments: refused before a run where the controller would
find out amid one."""

from pipeline.engine.language.expr.errors import NotParsed
from pipeline.engine.language.expr.sprig.functions import SPRIG, why_refused
from pipeline.engine.language.expr.syntax.signatures import ARGO
from pipeline.engine.language.expr.syntax.tree import Node, member_path, walk


def check_names(tree: Node, text: str) -> None:
    """Refuse functions of sprig that are not run.

    Raises:
        NotParsed: one is named.
    """
    for node in walk(tree):
        name = _sprig(node)
        problem = why_refused(name) if name else ""
        if problem:
            raise NotParsed(problem, text, node.column)


def check_calls(tree: Node, text: str) -> None:
    """Refuse calls of what is no function, and of sprig's with another number of arguments than they take.

    Raises:
        NotParsed: there is one.
    """
    own = {node.value for node in walk(tree) if node.kind == "let"}
    for node in walk(tree):
        if node.kind != "call":
            continue
        callee = node.parts[0]
        if callee.kind == "name" and callee.value not in ARGO and callee.value not in own:
            raise NotParsed(f"there is no function {callee.value}", text, callee.column)
        name, given = _sprig(callee), len(node.parts) - 1
        if name:
            takes = SPRIG[name].takes
            least = len(takes) - 2 if takes.endswith("*") else len(takes)
            if given < least or (given > least and not takes.endswith("*")):
                raise NotParsed(f"sprig.{name} takes {least} arguments, got {given}", text, node.column)


def _sprig(node: Node) -> str:
    """The function of sprig that a node names; empty where it names none."""
    path = member_path(node) if node.kind == "member" else None
    return path[1] if path is not None and path[0] == "sprig" and len(path) == 2 else ""
