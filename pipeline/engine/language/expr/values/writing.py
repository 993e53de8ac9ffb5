"""Values as text, as Go's `%v` prints them and as its JSON encoder does; and back from JSON."""

import json
import math
import re
from collections.abc import Callable
from typing import Any, Final

from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.values.values import AnyMap, NilList, NilMap, go_type
from pipeline.engine.language.numbers import float_text

MAX_DEPTH: Final = 100
Charge = Callable[[int], None]  # counts what is written; raises if it is too much


def free(_size: int) -> None:
    """Counts nothing: for values that cannot be large."""


def plain(value: Any, charge: Charge = free, depth: int = 0) -> str:  # noqa: PLR0911 - one for each kind of value
    """A value as `%v` prints it."""
    if isinstance(value, str):
        charge(len(value))
        return value
    charge(1)
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if depth > MAX_DEPTH:
        raise NotEvaluated(f"a value is nested deeper than {MAX_DEPTH}")
    if isinstance(value, list):
        return f"[{' '.join(plain(entry, charge, depth + 1) for entry in value)}]"
    if isinstance(value, dict):
        keys = sorted(value, key=_order)
        return f"map[{' '.join(f'{plain(key)}:{plain(value[key], charge, depth + 1)}' for key in keys)}]"
    if hasattr(value, "go_type"):
        return str(value)
    return int.__repr__(value) if isinstance(value, int) else go_type(value)


def _order(key: Any) -> tuple[int, Any]:
    """Keys of unlike kinds by kind, then by value."""
    if isinstance(key, bool):
        return 1, key
    if isinstance(key, int | float):
        return 2, key
    return (3, key) if isinstance(key, str) else (0, 0)


def to_json(value: Any, charge: Charge = free, *, html: bool = True) -> str:
    """The JSON of a value, as Go's encoder writes it: compact, keys sorted, `<`, `>`, `&` escaped (`html`).

    Raises:
        NotEvaluated: it has no JSON, or is nested too deep.
    """
    parts: list[str] = []
    _write(value, parts.append, charge, 0)
    return _for_html("".join(parts)) if html else "".join(parts)


def to_pretty_json(value: Any, charge: Charge = free, *, html: bool = True) -> str:
    """The same with two spaces for each level."""
    found = json.loads(to_json(value, charge, html=False), parse_float=_Raw, parse_int=_Raw)
    text = _indented(found, "\n", charge)
    return _for_html(text) if html else text


def _for_html(text: str) -> str:
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


class _Raw(str):
    """A number as it was written."""

    __slots__ = ()


def _indented(value: Any, newline: str, charge: Charge) -> str:
    charge(len(newline))
    deeper = newline + "  "
    if isinstance(value, list) and value:
        return f"[{deeper}{f',{deeper}'.join(_indented(entry, deeper, charge) for entry in value)}{newline}]"
    if isinstance(value, dict) and value:
        entries = (f"{_text(key)}: {_indented(entry, deeper, charge)}" for key, entry in value.items())
        return f"{{{deeper}{f',{deeper}'.join(entries)}{newline}}}"
    return str(value) if isinstance(value, _Raw) else to_json(value, html=False)


def _text(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    if not quoted.isascii():
        quoted = quoted.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        if any("\ud800" <= letter <= "\udfff" for letter in quoted):
            quoted = "".join("\\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in quoted)
    return quoted


def _write(value: Any, put: Callable[[str], None], charge: Charge, depth: int) -> None:
    if isinstance(value, str):
        charge(len(value) + 2)
        put(_text(value))
        return
    charge(1)
    if depth > MAX_DEPTH:
        raise NotEvaluated(f"a value is nested deeper than {MAX_DEPTH}")
    if value is None or isinstance(value, NilList | NilMap):
        put("null")
    elif isinstance(value, bool):
        put("true" if value else "false")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise NotEvaluated(f"json: unsupported value: {float_text(value)}")
        put(float_text(value, -6, 21).replace("e-0", "e-"))
    elif isinstance(value, int):
        put(int.__repr__(value))
    elif isinstance(value, dict) and not isinstance(value, AnyMap):
        _write_map(value, put, charge, depth)
    elif isinstance(value, list):
        put("[")
        for number, entry in enumerate(value):
            if number:
                put(",")
            _write(entry, put, charge, depth + 1)
        put("]")
    else:
        put(_other(value))


def _other(value: Any) -> str:
    if not hasattr(value, "json"):
        raise NotEvaluated(f"json: unsupported type: {go_type(value)}")
    return str(value.json())


def _write_map(value: dict[str, Any], put: Callable[[str], None], charge: Charge, depth: int) -> None:
    put("{")
    for number, key in enumerate(sorted(value, key=lambda text: text.encode("utf-8", "surrogatepass"))):
        if number:
            put(",")
        charge(len(key) + 3)
        put(_text(key))
        put(":")
        _write(value[key], put, charge, depth + 1)
    put("}")


def from_json(text: str) -> Any:
    """The value of a JSON text, as Go decodes it: all numbers are floats.

    Raises:
        NotEvaluated: it is not JSON.
    """
    if "\\u" in text:
        text = _ESCAPE.sub(lambda match: "\\ufffd" if match["lone"] else match[0], text)
    try:
        return json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_constant)
    except ValueError as error:
        raise NotEvaluated(f"invalid JSON: {error}") from None
    except RecursionError:
        raise NotEvaluated("invalid JSON: it is nested too deep") from None


_ESCAPE: Final = re.compile(
    r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.DOTALL
)


def _number(text: str) -> float:
    found = float(text)
    if math.isinf(found):
        raise ValueError(f"cannot unmarshal number {text[:40]} into a float64")
    return found


def _constant(text: str) -> float:
    raise ValueError(f"invalid character {text[0]!r} looking for beginning of value")


def quoted(text: str) -> str:
    """A text in Go's quotes (`%q`)."""
    return f'"{"".join(_QUOTED.get(letter) or _letter(letter) for letter in text)}"'


_QUOTED: Final = {
    '"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
}  # fmt: skip


def _letter(letter: str) -> str:
    if letter == " " or (letter.isprintable() and not letter.isspace()):
        return letter
    code = ord(letter)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
