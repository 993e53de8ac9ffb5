"""What a run is about, from a step's options: its logical time, locations, target parameter, a worker's share.

An empty option means the declared one. `--as-of` is the logical time that governs data; if it is empty, or the literal
text of cron's variable (as outside cron), it is the time the workflow was created.
"""

import json
from datetime import UTC, datetime

from steps.contract.declaration import Declaration, TableDeclaration
from steps.errors import BadInput

_UNSET = ("", "{{workflow.scheduledTime}}")


def moment(text: str, option: str) -> datetime:
    """The time that `text` (RFC 3339, with an offset) names, in UTC.

    Raises:
        BadInput: it is not one.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise BadInput(f"{option} {text!r} is not a time; wanted RFC 3339 with an offset, like 2003-12-31T23:00:00Z")
    return found.astimezone(UTC)


def as_of(text: str, created: str) -> datetime:
    """The logical time of the run, in UTC.

    Raises:
        BadInput: neither names a time.
    """
    return moment(created, "--created") if text.strip() in _UNSET else moment(text, "--as-of")


def locations(text: str, declaration: Declaration) -> tuple[int, ...]:
    """The ids of the run's locations, sorted and each once; the declared ones if `text` is empty.

    Raises:
        BadInput: a part of it is not an id.
    """
    if not text.strip():
        return tuple(sorted(set(declaration.locations)))
    parts = [part.strip() for part in text.split(",") if part.strip()]
    wrong = next((part for part in parts if not (part.isascii() and part.isdigit() and len(part) <= 18)), None)
    if wrong is not None or not parts:
        raise BadInput(f"--locations: {wrong or text!r} is not a location's id; wanted numbers, like 9000001,9000002")
    return tuple(sorted({int(part) for part in parts}))


def parameter(text: str, declaration: Declaration) -> str:
    """The target parameter; the declared one if `text` is empty.

    Raises:
        BadInput: the project does not declare it.
    """
    asked = text.strip() or declaration.learning.target
    name = declaration.spellings().get(asked.casefold())
    if name is None:
        raise BadInput(f"no parameter {asked!r}; the project declares {', '.join(sorted(declaration.quantities))}")
    return name


def pods(workers: int, declaration: Declaration | TableDeclaration, *, fan_outs: int = 1) -> int:
    """`workers`, if each of `fan_outs` that run side by side may have so many.

    Raises:
        BadInput: together they are more pods than the project declares.
    """
    if workers * fan_outs > declaration.pods:
        each = f"--workers {workers}" + (f" for each of {fan_outs} model families" if fan_outs > 1 else "")
        raise BadInput(
            f"{each} is more than the {declaration.pods} pods that {declaration.name} declares; with fewer, each takes "
            "a larger share of the work"
        )
    return workers


def width(workers: str, worker: int) -> int:
    """How many workers share a list: the length of the JSON list of all of them. Worker i does i, i + width, ….

    Raises:
        BadInput: that is not such a list, or `worker` is not in it.
    """
    try:
        count = len(json.loads(workers))
    except (TypeError, ValueError):
        raise BadInput(f"--workers {workers!r:.80} is not a JSON list; wanted one like [0,1]") from None
    if worker >= count:
        raise BadInput(f"--worker {worker} is none of the {count} in --workers")
    return count
