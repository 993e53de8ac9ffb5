"""The parameters of a notebook: what its cell tagged `parameters` assigns, with their defaults, and whether given
values suit. An annotation without a value, as in `station: int`, is a parameter that must be given."""

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from steps.contract.notebooks import Scalar
from steps.errors import BadInput

TAG: Final = "parameters"
_WANTED: Final = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
_KINDS: Final[dict[str, type]] = {"int": int, "float": float, "bool": bool, "str": str}


@dataclass(frozen=True)
class Parameter:
    """One of them. `kind`: None if anything will do."""

    name: str
    kind: type | None
    required: bool


def of(notebook: Mapping[str, Any], path: str) -> dict[str, Parameter]:
    """The notebook's parameters by name; none without such a cell.

    Raises:
        BadInput: the cell is not Python.
    """
    found: dict[str, Parameter] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code" or TAG not in cell["metadata"].get("tags", ()):
            continue
        try:
            body = ast.parse(_source(cell)).body
        except SyntaxError as error:
            raise BadInput(f"{path}: the cell of parameters is not Python: {error.msg} (line {error.lineno})") from None
        for line in body:
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                kind = _KINDS.get(ast.unparse(line.annotation))
                found[line.target.id] = Parameter(line.target.id, kind, line.value is None)
            elif isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
                name = line.targets[0].id
                found[name] = Parameter(name, _kind_of(line.value), required=False)
    return found


def filled(known: Mapping[str, Parameter], given: Mapping[str, Scalar], notebook: str) -> dict[str, Scalar]:
    """The given values, each of its parameter's type.

    Raises:
        BadInput: there is no such parameter, one is missing, or a value is of another type.
    """
    if unknown := next((name for name in given if name not in known), None):
        raise BadInput(f"the notebook {notebook} has no parameter {unknown!r}; it has: {', '.join(known) or 'none'}")
    if missing := next((each.name for each in known.values() if each.required and each.name not in given), None):
        raise BadInput(
            f"the notebook {notebook} needs a value for its parameter {missing!r}; give it in the declaration"
        )
    return {name: _typed(known[name], value, notebook) for name, value in given.items()}


def _typed(parameter: Parameter, value: Scalar, notebook: str) -> Scalar:
    """`value`, read from a text where one types it."""
    kind = parameter.kind
    if kind is None or type(value) is kind or (kind is float and type(value) is int):
        return value
    if isinstance(value, str):
        read = _read(value)
        if read is not None and (type(read) is kind or (kind is float and type(read) is int)):
            return read
    elif kind is str:
        return json.dumps(value)
    raise BadInput(f"the notebook {notebook}: {parameter.name}: got {value!r:.60}, wanted {_WANTED[kind]}")


def _read(value: str) -> Scalar | None:
    try:
        found = json.loads(value)
    except ValueError:
        return None
    return found if isinstance(found, bool | int | float) else None


def _kind_of(value: ast.expr) -> type | None:
    try:
        literal = type(ast.literal_eval(value))
    except ValueError:
        return None
    return literal if literal in _WANTED else None


def _source(cell: Mapping[str, Any]) -> str:
    return cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
