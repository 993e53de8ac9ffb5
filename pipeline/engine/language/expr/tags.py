"""What `{{=…}}` becomes when a text is filled in. As in the controller, a tag waits for a later pass if it names
something that is not known yet, and an error ends the run only if nothing can be missing."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from pipeline.engine.language.expr.environment import environment, missing
from pipeline.engine.language.expr.errors import NotEvaluated, NotParsed
from pipeline.engine.language.expr.running import run, text_of
from pipeline.engine.language.lookup import Lookup, unquotable

# Known late: an expression that names one of these waits for it, whatever it would make of nil.
_LATE: Final = frozenset((
    "item", "retries", "lastRetry.exitCode", "lastRetry.status", "lastRetry.duration", "lastRetry.message",
    "workflow.status", "workflow.failures",
))  # fmt: skip
_ESCAPED: Final = re.compile(r"\\u00(?:3c|3e|26)")


def render(expression: str, lookup: Lookup, strict: Callable[[str], bool] | None) -> str | None:
    """The text of `{{=expression}}`; None if the tag stays as it is.

    Raises:
        NotEvaluated: it can never have a value: it is not an expression, names something unknown that `strict` wants,
            or fails although everything that it names is known (if there is a `strict`).
    """
    if _ESCAPED.search(expression):
        raise NotEvaluated("failed to unmarshall JSON expression: write <, > and & as they are")
    try:
        held = environment(expression, lookup)
        lacking = missing(expression, held)
    except NotParsed as error:
        raise NotEvaluated(f"failed to evaluate expression: {error}") from None
    needed = [name for name in lacking if strict is not None and (strict(name) or strict(f"{name}."))]
    if needed:
        raise NotEvaluated(f"failed to evaluate expression: {needed[0]} is missing")
    if not _LATE.isdisjoint(lacking):
        return None
    try:
        value, text = _evaluated(expression, held, getattr(lookup, "now", time.time))
    except NotEvaluated:
        if lacking or strict is None:
            return None
        raise
    # Anything but a text goes through Go's quotes, which are not JSON for every character.
    if not isinstance(value, str) and unquotable(text):
        raise NotEvaluated("cannot finish template replacement because the result was invalid JSON")
    return text


def _evaluated(expression: str, held: Mapping[str, Any], now: Callable[[], float]) -> tuple[Any, str]:
    """The value of an expression, and its text."""
    try:
        value = run(expression, held, now)
        if value is not None:
            return value, text_of(value)
    except NotEvaluated as error:
        raise NotEvaluated(f"failed to evaluate expression: {error}") from None
    raise NotEvaluated(f'failed to evaluate expression "{expression}"')
