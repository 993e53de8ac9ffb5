"""sprig's functions for texts, encodings, digests and regular expressions. Lengths count bytes, as in Go."""

import base64
import hashlib
import posixpath
import zlib
from collections.abc import Callable
from typing import Any, Final

from pipeline.engine.language.expr.builtins import patterns
from pipeline.engine.language.expr.builtins.functions import decode64
from pipeline.engine.language.expr.context import Context
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.sprig import words
from pipeline.engine.language.expr.sprig.numbers import Entry
from pipeline.engine.language.expr.values import texts
from pipeline.engine.language.expr.values.values import TextMap, Texts, bytes_of, decoded, encoded, size
from pipeline.engine.language.expr.values.writing import plain, quoted


def _simple(rule: Callable[..., Any]) -> Callable[..., Any]:
    """A function that needs nothing from the evaluation."""
    return lambda _run, *values: rule(*values)


def text_of(run: Context, value: Any) -> str:
    """A value as sprig writes it."""
    return plain(value, run.budget.put)


def text_list(run: Context, value: Any) -> Texts:
    """Anything as a list of texts, without nils."""
    if isinstance(value, list):
        return Texts(text_of(run, entry) for entry in value if entry is not None)
    return Texts() if value is None else Texts([text_of(run, value)])


def _repeat(run: Context, count: int, text: str) -> str:
    if count < 0:
        raise NotEvaluated("strings: negative Repeat count")
    run.budget.grow(len(text) * count)
    return text * count


def _quote(run: Context, *values: Any) -> str:
    return " ".join(quoted(text_of(run, value)) for value in values if value is not None)


def _squote(run: Context, *values: Any) -> str:
    return " ".join(f"'{text_of(run, value)}'" for value in values if value is not None)


def _cat(run: Context, *values: Any) -> str:
    return " ".join(text_of(run, value) for value in values if value is not None)


def _indent(run: Context, spaces: int, text: str) -> str:
    if spaces < 0:
        raise NotEvaluated("strings: negative Repeat count")
    run.budget.write(spaces * (text.count("\n") + 1))
    return " " * spaces + text.replace("\n", "\n" + " " * spaces)


def _trunc(count: int, text: str) -> str:
    length = size(text)
    if count < 0:
        return bytes_of(text, length + count, length) if length + count > 0 else text
    return bytes_of(text, 0, count) if length > count else text


def _substr(start: int, end: int, text: str) -> str:
    length = size(text)
    if start < 0:
        start = 0
    elif end < 0 or end > length:
        end = length
    if not 0 <= start <= end <= length:
        raise NotEvaluated(f"runtime error: slice bounds out of range [{start}:{end}]")
    return bytes_of(text, start, end)


def _split(run: Context, separator: str, text: str) -> TextMap:
    return TextMap({f"_{place}": part for place, part in enumerate(texts.split(run.budget, text, separator))})


def _splitn(run: Context, separator: str, count: int, text: str) -> TextMap:
    return TextMap({f"_{place}": part for place, part in enumerate(texts.split(run.budget, text, separator, count))})


def _decode64(text: str) -> str:
    try:
        return decoded(decode64(text))
    except NotEvaluated as error:
        return str(error)


def _decode32(text: str) -> str:
    try:
        return decoded(base64.b32decode(encoded(text.replace("\n", "").replace("\r", ""))))
    except ValueError:
        return "illegal base32 data"


def _digest(name: str) -> Callable[[Context, str], str]:
    return lambda _run, text: hashlib.new(name, encoded(text), usedforsecurity=False).hexdigest()


def _clean(path: str) -> str:
    """As Go's path.Clean: unlike Python's, `//a` is `/a`."""
    found = posixpath.normpath(path) if path else "."
    return found[1:] if found.startswith("//") else found


def _base(path: str) -> str:
    if not path:
        return "."
    stripped = path.rstrip("/")
    return stripped.rpartition("/")[2] if stripped else "/"


def _dir(path: str) -> str:
    return _clean(path[: path.rfind("/") + 1])


def _ext(path: str) -> str:
    name = path.rpartition("/")[2]
    return name[name.rfind(".") :] if "." in name else ""


_PATHS: Final[dict[str, Callable[..., Any]]] = {
    "base": _base, "dir": _dir, "clean": _clean, "ext": _ext, "isAbs": lambda path: path.startswith("/"),
}  # fmt: skip


def _sorted(run: Context, value: Any) -> Texts:
    return Texts(sorted(text_list(run, value), key=encoded) if isinstance(value, list) else [text_of(run, value)])


def _fail(problem: str) -> str:
    raise NotEvaluated(problem)


TEXTS: Final[dict[str, Entry]] = {
    "fail": ("s", _simple(_fail)),
    "hello": ("", _simple(lambda: "Hello!")), "abbrev": ("is", _simple(words.abbreviated)),
    "abbrevboth": ("iis", _simple(words.abbreviated_both)), "trunc": ("is", _simple(_trunc)),
    "trim": ("s", _simple(texts.trim)), "upper": ("s", _simple(texts.upper)), "lower": ("s", _simple(texts.lower)),
    "title": ("s", _simple(words.title)), "untitle": ("s", _simple(words.untitle)), "substr": ("iis", _simple(_substr)),
    "repeat": ("is", _repeat), "trimall": ("ss", _simple(lambda letters, text: texts.trim(text, letters))),
    "trimAll": ("ss", _simple(lambda letters, text: texts.trim(text, letters))),
    "trimSuffix": ("ss", _simple(lambda mark, text: text.removesuffix(mark))),
    "trimPrefix": ("ss", _simple(lambda mark, text: text.removeprefix(mark))),
    "nospace": ("s", _simple(words.without_spaces)), "initials": ("s", _simple(words.initials)),
    "swapcase": ("s", _simple(words.swapped)), "snakecase": ("s", _simple(lambda text: words.delimited(text, "_"))),
    "kebabcase": ("s", _simple(lambda text: words.delimited(text, "-"))), "camelcase": ("s", _simple(words.camel)),
    "wrap": ("is", lambda run, width, text: words.wrapped(run.budget, text, width, "", long_words=False)),
    "wrapWith": ("iss", lambda run, width, mark, text: words.wrapped(run.budget, text, width, mark, long_words=True)),
    "contains": ("ss", _simple(lambda part, text: part in text)),
    "hasPrefix": ("ss", _simple(lambda part, text: text.startswith(part))),
    "hasSuffix": ("ss", _simple(lambda part, text: text.endswith(part))), "quote": ("a*", _quote),
    "squote": ("a*", _squote), "cat": ("a*", _cat), "indent": ("is", _indent),
    "nindent": ("is", lambda run, spaces, text: "\n" + _indent(run, spaces, text)),
    "replace": ("sss", lambda run, old, new, text: texts.replace(run.budget, text, old, new, -1)),
    "plural": ("ssi", _simple(lambda one, many, count: one if count == 1 else many)), "toString": ("a", text_of),
    "toStrings": ("a", text_list), "splitList": ("ss", lambda run, mark, text: texts.split(run.budget, text, mark)),
    "split": ("ss", _split), "splitn": ("sis", _splitn),
    "join": ("sa", lambda run, glue, value: texts.join(run.budget, glue, text_list(run, value))),
    "sortAlpha": ("a", _sorted),
    "b64enc": ("s", _simple(lambda text: base64.b64encode(encoded(text)).decode())),
    "b64dec": ("s", _simple(_decode64)),
    "b32enc": ("s", _simple(lambda text: base64.b32encode(encoded(text)).decode())),
    "b32dec": ("s", _simple(_decode32)),
    "sha1sum": ("s", _digest("sha1")), "sha256sum": ("s", _digest("sha256")), "sha512sum": ("s", _digest("sha512")),
    "adler32sum": ("s", _simple(lambda text: str(zlib.adler32(encoded(text))))),
    **{name: ("s", _simple(rule)) for name, rule in _PATHS.items()},
    **{f"os{name[0].upper()}{name[1:]}": ("s", _simple(rule)) for name, rule in _PATHS.items()},
    "regexMatch": ("ss", patterns.matches), "mustRegexMatch": ("ss", patterns.must_match),
    "regexQuoteMeta": ("s", _simple(patterns.escaped)),
    **{prefix + name[len("regex") :] if prefix == "mustRegex" else name: (takes, rule)
       for name, takes, rule in patterns.FUNCTIONS for prefix in ("regex", "mustRegex")},
}  # fmt: skip
