"""A request, from its JSON to the numbers that the model takes; or what is wrong with it, in one line."""

import sys
from typing import Any

import numpy as np
from seldon_core.flask_utils import SeldonMicroserviceException

from steps.models.base import Array

MAX_ROWS = 10_000
_SHOWN = 5  # names in a message


def bad(message: str) -> SeldonMicroserviceException:
    """What answers a wrong request: status 400, and the message."""
    return SeldonMicroserviceException(message, status_code=400, reason="BAD_INPUT")


def table(message: object) -> tuple[list[str], list[Any]]:
    """The names and rows of a request.

    Raises:
        SeldonMicroserviceException: it has none of the two.
    """
    data = message.get("data") if isinstance(message, dict) else None
    if not isinstance(data, dict):
        raise bad('the request has no "data"; wanted {"data": {"names": [...], "ndarray": [[...]]}}')
    names = data.get("names")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise bad('"names" must be the list of the features, as GET /metadata gives them')
    if isinstance(data.get("ndarray"), list):
        return names, data["ndarray"]
    tensor = data.get("tensor")
    if isinstance(tensor, dict):
        shape, values = tensor.get("shape"), tensor.get("values")
        if isinstance(values, list) and names and shape == [len(values) // len(names), len(names)]:
            return names, [values[start : start + len(names)] for start in range(0, len(values), len(names))]
        raise bad(f'"tensor" has shape {shape}; wanted [rows, {len(names)}] and as many values')
    raise bad('"data" has neither "ndarray" nor "tensor"')


def order(features: list[str], names: list[str]) -> list[int]:
    """Where each of the model's features is among `names`.

    Raises:
        SeldonMicroserviceException: they are not the same.
    """
    place = {name: index for index, name in enumerate(names)}
    problems = {
        "twice": sorted({name for name in names if names.count(name) > 1}) if len(place) < len(names) else [],
        "missing": [name for name in features if name not in place],
        "not the model's": sorted(set(place).difference(features)),
    }
    wrong = [f"{word}: {_some(found)}" for word, found in problems.items() if found]
    if wrong:
        raise bad(f"the features do not fit; {'; '.join(wrong)} (GET /metadata lists the {len(features)} of the model)")
    return [place[name] for name in features]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(name[:60] for name in names[:_SHOWN]) + more


def numbers(rows: list[Any], names: list[str]) -> Array:
    """The rows as float64; NaN for null.

    Raises:
        SeldonMicroserviceException: one is not a list of numbers, or there are none, or too many.
    """
    if not rows:
        raise bad("there are no rows to predict from; wanted at least one")
    if len(rows) > MAX_ROWS:
        raise bad(f"{len(rows)} rows at once; wanted at most {MAX_ROWS}, send them in parts")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != len(names):
            got = f"{len(row)} values" if isinstance(row, list) else f"{row!r:.40}"
            raise bad(f"row {number} is {got}; wanted a list of {len(names)}, one for each name")
        for name, value in zip(names, row, strict=True):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise bad(f"row {number}, {name[:60]}: {value!r:.40} is not a number; wanted one, or null if missing")
            if isinstance(value, int) and abs(value) > sys.float_info.max:
                raise bad(f"row {number}, {name[:60]}: out of range; wanted a number, or null if missing")
    values = np.array(rows, dtype=np.float64)
    if np.isinf(values).any():
        row_at, column_at = np.argwhere(np.isinf(values))[0]
        raise bad(f"row {row_at + 1}, {names[column_at][:60]}: infinite; wanted a number, or null if missing")
    return values
