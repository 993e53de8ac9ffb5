"""What `{{=…}}` becomes when a text is filled in. As in the controller, a tag is left for a later pass where something
that it names is not known yet, and an error ends the run only where nothing can be missing."""

import re
import time
from collections.abc import Callable
from typing import Final

from pipeline.engine.language.expr.environment import environment, missing
from pipeline.engine.language.expr.errors import NotEvaluated, NotParsed
from pipeline.engine.language.expr.running import run, text_of
from pipeline.engine.language.lookup import Lookup, unquotable

# Known late: an expression that names one of them is not run before, whatever it would make of nil.
_LATE: Final = frozenset((
    "item", "retries", "lastRetry.exitCode", "lastRetry.status", "lastRetry.duration", "lastRetry.message",
    "workflow.status", "workflow.failures",
))  # fmt: skip
_ESCAPED: Final = re.compile(r"\\u00(?:3c|3e|26)")


def render(expression: str, lookup: Lookup, strict: Callable[[str], bool] | None) -> str | None:
    """The text of `{{=expression}}`; None where the tag stays as it is.

    Raises:
        NotEvaluated: it can never have a value: it is no expression, names something that `strict` wants and that is
            not known, or fails although all that it names is known (where there is a `strict`).
    """
    if _ESCAPED.search(expression):
        raise NotEvaluated("failed to unmarshall JSON expression: write <, > and & as they are")
    try:
        held = environment(expression, lookup)
        lacking = missing(expression, held)
    except NotParsed as error:
        raise NotEvaluated(f"failed to evaluate expression: {error}") from None
    for name in lacking:
        if strict is not None and (strict(name) or strict(f"{name}.")):
            raise NotEvaluated(f"failed to evaluate expression: {name} is missing")
    lenient = bool(lacking) or strict is None
    if lenient and not _LATE.isdisjoint(lacking):
        return None
    try:
        value = run(expression, held, getattr(lookup, "now", time.time))
        found = None if value is None else text_of(value)
        problem = f'failed to evaluate expression "{expression}"'
    except NotEvaluated as error:
        found, problem = None, f"failed to evaluate expression: {error}"
    if found is None and not lenient:
        raise NotEvaluated(problem)
    # What is no text goes through Go's quotes, which are not JSON for every character.
    if found is not None and not isinstance(value, str) and unquotable(found):
        raise NotEvaluated("cannot finish template replacement because the result was invalid JSON")
    return found
