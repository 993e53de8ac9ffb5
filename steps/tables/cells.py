"""From the text of cells to numbers and levels, strictly: anything that a spreadsheet or a language would guess at is
refused.

A number is written with the digits 0 to 9, a point and an exponent. `inf`, `0x10`, `1_000` and thousands separators
are not numbers here, though Python, C or Excel accept some of them. An empty cell, `NA`, `nan`, `null`, `?` and their
like are a number that is missing.

Decimals may be written with a comma if the file has no point in any row, and if one of its numbers at least can be
nothing else: `9,4` and `0,998` can, `1,046` could be a thousand and more.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steps.checking.words import quoted
from steps.contract.declaration import Column
from steps.contract.written import COMMA_NUMBER, MISSING, NUMBER

Numbers = np.ndarray[Any, np.dtype[np.float64]]

_FORMULA = re.compile(r"[=@+\-\t]")
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+")
_GROUPS = re.compile(r"[+-]?[0-9]{1,3}([,. '_’\u00a0\u202f][0-9]{3})+([.,][0-9]+)?|[0-9]+_[0-9_]+")
_EITHER = r"^[+-]?[1-9][0-9]{0,2},[0-9]{3}$"  # with a decimal comma, or with a comma between thousands
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[0-9]{1,2}([./-])[0-9]{1,2}\1[0-9]{2,4}.*")
_TOTALS = re.compile(r"(mean|average|sum|total|min|max|count|std)s?:?", re.IGNORECASE)


def trimmed(texts: Any) -> Any:
    """An arrow array of strings without the blanks around them."""
    return pc.utf8_trim_whitespace(texts)


def numbers(texts: Any, *, comma: bool) -> tuple[Numbers, int | None]:
    """Trimmed texts as numbers, NaN where one is missing, and the index of the first that is neither (then the other
    numbers are meaningless). `comma`: decimals are written with one."""
    fit = pc.match_substring_regex(texts, COMMA_NUMBER if comma else NUMBER)
    if not pc.all(fit).as_py():
        missing = pc.match_substring_regex(texts, MISSING)
        wrong = pc.index(pc.or_(fit, missing), False).as_py()
        if wrong >= 0:
            return np.empty(0), wrong
        texts = pc.if_else(missing, pa.scalar("nan"), texts)
    texts = pc.replace_substring(texts, ",", ".") if comma else texts
    try:
        found = pc.cast(pc.utf8_ltrim(texts, "+"), pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        found = np.array([float(text) for text in texts.to_pylist()], dtype=np.float64)
    endless = np.flatnonzero(np.isinf(found))
    return found + 0.0, int(endless[0]) if len(endless) else None  # + 0.0 turns -0.0 into 0.0


def no_row_number(texts: Any) -> int | None:
    """The index of the first trimmed text that is neither empty nor a whole number, None if there is none."""
    first = pc.index(pc.match_substring_regex(texts, "^[0-9]*$"), False).as_py()
    return first if first >= 0 else None


def commas(texts: Any) -> tuple[bool, int | None]:
    """Of trimmed numbers: whether a comma in one can be a decimal comma alone, and the index of the first that could as
    well be between thousands."""
    with_comma = pc.match_substring(texts, ",")
    either = pc.match_substring_regex(texts, _EITHER)
    first = pc.index(either, True).as_py()
    return bool(pc.sum(with_comma).as_py() != pc.sum(either).as_py()), first if first >= 0 else None


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
    said = next(said for found, said in _FAULTS if found(text))
    return f"{quoted(text)} {said}"


def _foreign_digits(text: str) -> bool:
    return any(character.isdigit() and not character.isascii() for character in text)


# the first that applies wins
_FAULTS: tuple[tuple[Callable[[str], object], str], ...] = (
    (re.compile(NUMBER).fullmatch, "is too large for a number"),
    (
        _DECIMAL_COMMA.fullmatch,
        "has a comma, while others have a point; write decimals with a point, thousands without a sign",
    ),
    (_GROUPS.fullmatch, "has a sign between its digits; write digits alone"),
    (_DATE.fullmatch, "is a date, wanted a number; a spreadsheet may have made one of it"),
    (re.compile(r"[0-9.,+-]+ ?%").fullmatch, "has a percent sign; write the number alone"),
    (re.compile(r"[+-]?inf(inity)?", re.IGNORECASE).fullmatch, "is not a number"),
    (_TOTALS.fullmatch, "is not a number; leave out lines of totals"),
    (_FORMULA.match, "is a formula, wanted a number"),
    (_foreign_digits, "is not written with the digits 0 to 9"),
    (bool, "is not a number"),
)
