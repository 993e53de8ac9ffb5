"""What the columns of a table are, told by a sample: numbers with a range that leaves room, levels, or nothing to learn
from. And which of them is the target, where nobody says it."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from pipeline.errors import UserError
from pipeline.init.reading import Sample
from steps.contract.written import COMMA_NUMBER, MISSING, NUMBER

Task = Literal["regression", "classification"]

_MOST_LEVELS: Final = 20
_MOST_CLASSES: Final = 10
_MISSING_SHARE: Final = 0.05  # of a column's cells; with more it is left out
_KEY: Final = re.compile(r"(.*[\s_.-])?(id|key|index|uuid|guid|nr|no)", re.IGNORECASE)
_TARGETS: Final = ("target", "label", "class", "outcome", "y", "response")
_FEW_ROWS: Final = 200


@dataclass(frozen=True)
class Found:
    """A column. `numbers`: its values; None for levels. `left_out`: why nothing is learned from it, empty if it is.
    `missing`: how many cells say that there is none."""

    name: str
    numbers: tuple[float, ...] | None = None
    levels: tuple[str, ...] = ()
    missing: int = 0
    left_out: str = ""

    @property
    def whole(self) -> bool:
        """Whether all its numbers are whole."""
        return self.numbers is not None and all(one.is_integer() for one in self.numbers)


@dataclass(frozen=True)
class Guess:
    """What is declared of a table. `why`: how target and task were found. `refused_share`: as `Table` has it."""

    columns: tuple[Found, ...]
    target: Found
    task: Task
    why: str
    refused_share: float
    folds: int
    notes: tuple[str, ...] = field(default=())

    @property
    def used(self) -> tuple[Found, ...]:
        """The columns that are declared, the target last."""
        others = [one for one in self.columns if not one.left_out and one.name != self.target.name]
        return (*others, self.target)

    @property
    def ignored(self) -> tuple[Found, ...]:
        """Those that files may have, and that nothing looks at."""
        return tuple(one for one in self.columns if one.left_out and one.name)


def told(sample: Sample) -> tuple[Found, ...]:
    """What each column is."""
    return tuple(_found(name, sample.column(index)) for index, name in enumerate(sample.names))


def kind(texts: list[str]) -> str:
    """What a column's cells hold, `numbers` or `texts`; empty where all are missing."""
    there = [text for text in texts if not re.match(MISSING, text)]
    if not there:
        return ""
    return "texts" if _numbers(there) is None else "numbers"


def guess(sample: Sample, columns: Sequence[Found], target: str, task: Task | None) -> Guess:
    """What to declare. `target`, `task`: what was asked for; where nothing was, they are guessed, and it is said.

    Raises:
        UserError: no such column can be a target.
    """
    chosen, why = _target(sample, columns, target)
    others = [one for one in columns if not one.left_out and one.name != chosen.name]
    if not others:
        raise UserError(f"{sample.file}: beside the target {chosen.name!r} there is no column to learn from")
    classes = chosen.whole and len(set(chosen.numbers or ())) <= _MOST_CLASSES
    decided = task or ("classification" if classes else "regression")
    if decided == "classification" and not chosen.whole:
        raise UserError(f"{sample.file}: {chosen.name!r} has fractions and names no classes; give --task regression")
    indexes = [sample.names.index(one.name) for one in (*others, chosen)]
    lacking = sum(any(re.match(MISSING, row[each].strip()) for each in indexes) for row in sample.rows)
    share = max(0.01, math.ceil(150 * lacking / len(sample.rows)) / 100)
    few = sample.whole and len(sample.rows) < _FEW_ROWS
    notes = [f"{lacking:,} rows lack something, and are left out"] if lacking else []
    notes += [f"{len(sample.rows):,} rows are few; a training wants some 150 at least"] if few else []
    return Guess(tuple(columns), chosen, decided, why, min(share, 1.0), 3 if few else 5, tuple(notes))


def room(low: float, high: float, *, whole: bool) -> tuple[float, float]:
    """A range around what was seen, half its width more on each side; not below 0 where nothing is."""
    span = high - low or abs(high) or 1.0
    step = 10.0 ** math.floor(math.log10(span)) / 2
    step = max(1.0, step) if whole else step
    least = 0.0 if 0 <= low < span else math.floor((low - span / 2) / step) * step
    most = 0.0 if -span < high <= 0 else math.ceil((high + span / 2) / step) * step
    digits = max(0, 1 - math.floor(math.log10(step)))
    return round(max(0.0, least) if low >= 0 else least, digits), round(most, digits)


def _found(name: str, texts: list[str]) -> Found:
    there = [text for text in texts if not re.match(MISSING, text)]
    missing, numbers = len(texts) - len(there), _numbers(there)
    levels = tuple(sorted(set(there))) if numbers is None else ()
    left_out = _useless(name, there, len(texts)) or _key_like(name, there, numbers, len(texts))
    return Found(name, numbers, () if left_out else levels, missing, left_out)


def _useless(name: str, there: list[str], rows: int) -> str:
    """Why a column tells nothing, whatever it holds; empty if it may."""
    if not name:
        return "it has no name"
    if not there:
        return "it is empty"
    if len(set(there)) == 1:
        return f"it is always {there[0][:30]!r}"
    missing = 1 - len(there) / rows
    return f"{missing:.0%} of it is missing" if missing > _MISSING_SHARE else ""


def _key_like(name: str, there: list[str], numbers: tuple[float, ...] | None, rows: int) -> str:
    """Why a column says which row it is, or holds texts that are no levels; empty if it does neither."""
    different = len(set(there))
    if numbers is None:
        many = different > _MOST_LEVELS or different == rows
        return f"it holds texts, {different:,} different ones" if many else ""
    keys = different == rows and all(one.is_integer() for one in numbers) and _counts(name, numbers)
    return "it has another whole number in each row, as a key has" if keys else ""


def _counts(name: str, numbers: Sequence[float]) -> bool:
    """Whether whole numbers that are all different look like keys: by the name, or as they count rows."""
    return bool(_KEY.fullmatch(name)) or max(numbers) - min(numbers) == len(numbers) - 1


def _numbers(texts: list[str]) -> tuple[float, ...] | None:
    if all(re.match(NUMBER, text) for text in texts):
        found = tuple(map(float, texts))
    elif all(re.match(COMMA_NUMBER, text) for text in texts):
        found = tuple(float(text.replace(",", ".")) for text in texts)
    else:
        return None
    return found if all(map(math.isfinite, found)) else None


def _target(sample: Sample, columns: Sequence[Found], asked: str) -> tuple[Found, str]:
    by_name = {one.name: one for one in columns if one.name}
    if asked and asked not in by_name:
        raise UserError(f"{sample.file} has no column {asked!r}; it has: {', '.join(by_name)}")
    named = next((one for one in by_name if one.lower() in _TARGETS), "")
    able = [one.name for one in columns if not one.left_out and one.numbers is not None]
    name = asked or named or (able[-1] if able else "")
    if not name:
        raise UserError(f"{sample.file} has no column of numbers that could be a target; give another file")
    why = "as asked" if asked else f"guessed, {'by its name' if named else 'the last one'}; --target names another"
    found = by_name[name]
    if found.left_out:
        raise UserError(f"{sample.file}: {name!r} cannot be the target, as {found.left_out}; --target names another")
    if found.levels:
        shown = ", ".join(level for level, _ in Counter(found.levels).most_common(3))
        raise UserError(f"{sample.file}: the target {name!r} holds texts ({shown}, …); number its classes in the file")
    return found, why
