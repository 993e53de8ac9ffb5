"""What a run is about, from a step's options: its logical time, locations, target parameter, a worker's share.

An empty option means the declared one; `option` says what it is called where it was typed. `--as-of` is the logical
time that governs data; if it is empty, or the literal text of cron's variable (as outside cron), it is the time the
workflow was created.
"""

import json
from datetime import UTC, date, datetime
from pathlib import Path

from steps.contract.declaration import Declaration, TableDeclaration
from steps.errors import BadInput

API = "api"
"""The source that is OpenAQ's API, and neither an address nor a folder."""
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


def as_of(text: str, created: str, option: str = "--as-of") -> datetime:
    """The logical time of the run, in UTC.

    Raises:
        BadInput: neither names a time.
    """
    return moment(created, "--created") if text.strip() in _UNSET else moment(text, option)


def span(first: str, last: str, options: tuple[str, str] = ("--from", "--to")) -> tuple[date, date] | None:
    """The first and the last day; None where neither is given.

    Raises:
        BadInput: one is given without the other, is no day, or they are in the wrong order.
    """
    begin, end = options
    if not first and not last:
        return None
    if not first or not last:
        raise BadInput(f"{begin} and {end} go together; give both days, or neither for the project's window")
    days = _day(first, begin), _day(last, end)
    if days[0] > days[1]:
        raise BadInput(f"{begin} {days[0]} is after {end} {days[1]}; wanted the earlier day first")
    return days


def replay(text: str, option: str = "--replay") -> tuple[date, date]:
    """The first and the last day of `FROM/TO`.

    Raises:
        BadInput: they are not two days in that order.
    """
    try:
        first, last = (date.fromisoformat(part.strip()) for part in text.split("/"))
    except ValueError:
        first, last = date.max, date.min
    if first > last:
        raise BadInput(f"{option} {text!r:.60} is not two days; wanted FROM/TO, like 2003-01-01/2003-12-31")
    return first, last


def folder(source: str, option: str = "--source") -> Path:
    """The folder that a source names, which is no address: the root of an archive.

    Raises:
        BadInput: it is not.
    """
    root = Path(source).expanduser()
    if not source.strip() or not root.is_dir():
        raise BadInput(f"{option} {source!r} is not a folder; wanted one that holds records/csv.gz, or an address")
    if not (root / "records" / "csv.gz").is_dir():
        raise BadInput(f"{option} {source!r} has no records/csv.gz in it; wanted the root of an archive")
    return root


def locations(text: str, declaration: Declaration, option: str = "--locations") -> tuple[int, ...]:
    """The ids of the run's locations, sorted and each once; the declared ones if `text` is empty.

    Raises:
        BadInput: a part of it is not an id.
    """
    if not text.strip():
        return tuple(sorted(set(declaration.locations)))
    parts = [part.strip() for part in text.split(",") if part.strip()]
    wrong = next((part for part in parts if not (part.isascii() and part.isdigit() and len(part) <= 18)), None)
    if wrong is not None or not parts:
        named = f"{option} {text!r:.80}" + (f": {wrong!r:.40}" if wrong not in (None, text) else "")
        raise BadInput(f"{named} is not a location's id; wanted numbers, like 9000001,9000002")
    return tuple(sorted({int(part) for part in parts}))


def parameter(text: str, declaration: Declaration, option: str = "--parameter") -> str:
    """The target parameter; the declared one if `text` is empty.

    Raises:
        BadInput: the project does not declare it.
    """
    asked = text.strip() or declaration.learning.target
    name = declaration.spellings().get(asked.casefold())
    if name is None:
        known = ", ".join(sorted(declaration.quantities))
        raise BadInput(f"{option} {asked!r:.60} is no parameter of {declaration.name}, which declares {known}")
    return name


def pods(
    workers: int, declaration: Declaration | TableDeclaration, *, fan_outs: int = 1, option: str = "--workers"
) -> int:
    """`workers`, if each of `fan_outs` that run side by side may have so many.

    Raises:
        BadInput: together they are more pods than the project declares.
    """
    if workers * fan_outs > declaration.pods:
        each = f"{option} {workers}" + (f" for each of {fan_outs} model families" if fan_outs > 1 else "")
        raise BadInput(
            f"{each} is more than the {declaration.pods} pods that {declaration.name} declares; with fewer, each takes "
            "a larger share of the work"
        )
    return workers


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise BadInput(f"{option} {text!r} is not a day; wanted YYYY-MM-DD") from None


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
