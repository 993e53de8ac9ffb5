"""Whether an extra step keeps its contract: that of `steps.extra`."""

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from steps.contract.code import load
from steps.contract.declaration import Declaration, TableDeclaration
from steps.errors import StepError
from steps.extra import Given, Row, called
from steps.testing.telling import refuse


def check_extra(
    function: str | Callable[[Given], object],
    declaration: TableDeclaration | Declaration,
    summary: Mapping[str, Any] | None = None,
    rows: Sequence[Row] = (),
) -> str:
    """Call an extra step (or the one that `module:name` names) as a workflow does, twice; what it says that it did.
    `summary`: what the step before it left;
    `rows`: what its queries find.

    Raises:
        AssertionError: it fails, returns no line, changes what it is given, or says something else the second time.
    """
    call, name = (load(function), function) if isinstance(function, str) else (function, function.__name__)
    told = json.loads(json.dumps(summary or {}))
    given = Given(declaration, "a-run", copy.deepcopy(told), lambda _select, **_values: copy.deepcopy(list(rows)))
    try:
        said, again = called(call, name, given), called(call, name, given)
    except StepError as error:
        raise AssertionError(str(error)) from error
    refuse(given.summary != told, f"{name} changes the summary that it is given")
    refuse(said != again, f"{name} says {said!r:.80} and, called again, {again!r:.80}; a retry must do no harm")
    return said
