"""Regular expressions in Go's dialect, RE2: linear in the text for any pattern, so that none can hang.

Python's own `re` has other rules (look-ahead, back-references) and can take forever.
"""

import re
from functools import lru_cache
from typing import Any, Final

from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.values.values import encoded

MAX_PATTERN: Final = 10_000


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """A pattern for bytes.

    Raises:
        NotEvaluated: it is not a pattern of RE2's.
    """
    import re2  # noqa: PLC0415 - only a pattern needs it

    if len(pattern) > MAX_PATTERN:
        raise NotEvaluated(f"a pattern has {len(pattern)} characters; at most {MAX_PATTERN} are compiled")
    if re.search(r"(?<!\\)(?:\\\\)*\\C", pattern):
        raise NotEvaluated("error parsing regexp: invalid escape sequence: `\\C`")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(encoded(pattern), options)
    except re2.error as error:
        said = error.args[0] if error.args else "invalid pattern"
        said = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise NotEvaluated(f"error parsing regexp: {said}: `{pattern[:80]}`") from None


def matches(text: str, pattern: str) -> bool:
    """Whether the pattern is found in the text."""
    return compiled(pattern).search(encoded(text)) is not None
