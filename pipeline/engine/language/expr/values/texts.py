"""Go's text functions where they differ from Python's: what counts as a space, a number, a position."""

import re
from collections.abc import Sequence
from typing import Final

from pipeline.engine.language.expr.budget import Budget
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.values.values import NilList, Texts, encoded

SPACES: Final = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"  # noqa: E501
_INTEGER: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)
_FLOAT: Final = re.compile(
    r"[+-]?(?:[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?|inf|infinity|nan"
    r"|0x(?P<whole>[0-9a-f]*)\.?(?P<part>[0-9a-f]*)p(?P<power>[+-]?[0-9]+))",
    re.ASCII | re.IGNORECASE,
)


# An underscore that is not between two digits.
_UNDERSCORES: Final = re.compile(r"(?<![0-9a-fA-FxX])_|_(?![0-9a-fA-F])")


def trim(text: str, letters: str = SPACES) -> str:
    """Without these characters at either end."""
    return text.strip(letters) if letters else text


def upper(text: str) -> str:
    """In upper case, letter by letter (ß stays)."""
    if text.isascii():
        return text.upper()
    return "".join(one if len(one := letter.upper()) == 1 else letter for letter in text)


def lower(text: str) -> str:
    """In lower case, letter by letter."""
    if text.isascii():
        return text.lower()
    return "".join(one if len(one := letter.lower()) == 1 else letter for letter in text)


def index(text: str, part: str) -> int:
    """The first position of a part, in bytes; -1 if it is not there."""
    return text.find(part) if text.isascii() else encoded(text).find(encoded(part))


def last_index(text: str, part: str) -> int:
    """The last position of a part, in bytes; -1 if it is not there."""
    return text.rfind(part) if text.isascii() else encoded(text).rfind(encoded(part))


def replace(budget: Budget, text: str, old: str, new: str, count: int) -> str:
    """With at most `count` replacements; all if it is negative."""
    found = text.count(old)
    budget.write(len(text) + (found if count < 0 else min(found, count)) * len(new))
    return text.replace(old, new, count)


def split(budget: Budget, text: str, separator: str, count: int = -1) -> list[str]:
    """At most `count` parts; letters if the separator is empty."""
    if count == 0:
        return NilList()
    if separator == "":
        budget.grow(len(text))
        parts = list(text)
        return Texts(parts if count < 0 or len(parts) <= count else [*parts[: count - 1], "".join(parts[count - 1 :])])
    budget.grow(text.count(separator))
    return Texts(text.split(separator, -1 if count < 0 else count - 1))


def join(budget: Budget, glue: str, parts: Sequence[str]) -> str:
    """The parts with glue between them."""
    budget.write(sum(map(len, parts)) + len(glue) * len(parts))
    return glue.join(parts)


def atoi(text: str, problem: str) -> int:
    """A 64-bit decimal whole number.

    Raises:
        NotEvaluated: it is not one; the message is `problem`.
    """
    if _INTEGER.fullmatch(text) is None or len(text) > 40:
        raise NotEvaluated(problem)
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise NotEvaluated(problem)
    return number


def parse_float(text: str, problem: str) -> float:
    """A float as Go reads it.

    Raises:
        NotEvaluated: it is not one; the message is `problem`.
    """
    if len(text) > 400:
        raise NotEvaluated(problem)
    if "_" in text:
        if _UNDERSCORES.search(text) is not None:
            raise NotEvaluated(problem)
        text = text.replace("_", "")
    match = _FLOAT.fullmatch(text)
    if match is None:
        raise NotEvaluated(problem)
    try:
        number = float.fromhex(text) if match["power"] is not None else float(text)
    except (ValueError, OverflowError):
        raise NotEvaluated(problem) from None
    if number in (float("inf"), float("-inf")) and "inf" not in text.lower():
        raise NotEvaluated(problem)
    return number
