"""From the text of cells to numbers and levels, strictly: anything that a spreadsheet or a language would guess at is
refused.

A number is written with the digits 0 to 9, a point and an exponent. `nan`, `inf`, `0x10`, `1_000`, decimal commas and
thousands separators are not numbers here, though Python, C or Excel accept some of them.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steps.checking.words import quoted
from steps.contract.declaration import Column

Numbers = np.ndarray[Any, np.dtype[np.float64]]

_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_FORMULA = re.compile(r"[=@+\-\t]")
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+")
_GROUPS = re.compile(r"[+-]?[0-9]{1,3}([,. '_’\u00a0\u202f][0-9]{3})+([.,][0-9]+)?|[0-9]+_[0-9_]+")
_ABSENT = re.compile(r"na|n/a|[+-]?nan|null|none|-|\?|[+-]?inf(inity)?", re.IGNORECASE)


def trimmed(texts: Any) -> Any:
    """An arrow array of strings without the blanks around them."""
    return pc.utf8_trim_whitespace(texts)


def numbers(texts: Any) -> tuple[Numbers, int | None]:
    """Trimmed texts as numbers, and the index of the first that is not one (then the other numbers are meaningless)."""
    wrong = pc.index(pc.match_substring_regex(texts, _NUMBER), False).as_py()
    if wrong >= 0:
        return np.empty(0), wrong
    try:
        found = pc.cast(pc.utf8_ltrim(texts, "+"), pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        found = np.array([float(text) for text in texts.to_pylist()], dtype=np.float64)
    endless = np.flatnonzero(~np.isfinite(found))
    return found + 0.0, int(endless[0]) if len(endless) else None  # + 0.0 turns -0.0 into 0.0


def formula(texts: Any, column: Column) -> int | None:
    """The index of the first trimmed text that a spreadsheet would compute, None if there is none."""
    for one in pc.unique(texts).to_pylist():
        if _FORMULA.match(one) and one not in column.levels:
            return int(pc.index(texts, one).as_py())
    return None


def words(text: str, column: Column) -> str:
    """What is wrong with a cell."""
    if column.levels:
        return f"{quoted(text)} is a formula, wanted one of {', '.join(column.levels)}"
    if not text:
        return "the cell is empty, wanted a number"
    said = next(said for found, said in _FAULTS if found(text))
    return f"{quoted(text)} {said}"


def _foreign_digits(text: str) -> bool:
    return any(character.isdigit() and not character.isascii() for character in text)


# the first that applies wins
_FAULTS: tuple[tuple[Callable[[str], object], str], ...] = (
    (re.compile(_NUMBER).fullmatch, "is too large for a number"),
    (_ABSENT.fullmatch, "is not a number; leave out rows without one"),
    (_DECIMAL_COMMA.fullmatch, "has a comma; write decimals with a point, thousands without a sign"),
    (_GROUPS.fullmatch, "has a sign between its digits; write digits alone"),
    (_FORMULA.match, "is a formula, wanted a number"),
    (_foreign_digits, "is not written with the digits 0 to 9"),
    (bool, "is not a number"),
)
