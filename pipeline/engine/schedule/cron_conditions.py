"""The two conditions of a CronWorkflow: `when` (whether a run that is due is started) and `stopStrategy.expression`
(whether any is, from now on). https://argo-workflows.readthedocs.io/en/latest/variables/#cronworkflows

They know different things, and less than Argo's page says. In `when` the texts `{{cronworkflow.name}}` and
`{{cronworkflow.namespace}}` can be filled in, and `{{=…}}` knows besides `cronworkflow.failed`, `.succeeded` and
`.lastScheduledTime` (without its methods: `now() - cronworkflow.lastScheduledTime` works, `.Unix()` is "missing"). What
is filled in is a condition without variables: a text needs quotes. The other is one expression, which knows these and
`.labels`, but not Argo's own functions; its `.annotations` are the labels, too, in 3.7.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from pipeline.engine.language import when as conditions
from pipeline.engine.language.grammar import NotParsed
from pipeline.engine.language.lookup import ABSENT
from pipeline.engine.language.variables import Unresolved, replace_text, tags
from pipeline.engine.language.when_tokens import bare_words
from pipeline.engine.schedule.cron import Cron, Status

_TEXTS: Final = ("cronworkflow.name", "cronworkflow.namespace")
_LAST: Final = "cronworkflow.lastScheduledTime"
_VALUES: Final = (*_TEXTS, "cronworkflow.failed", "cronworkflow.succeeded", _LAST)
_MAPS: Final = ("cronworkflow.labels", "cronworkflow.annotations")


class BadCondition(Exception):
    """A condition without a value; says what is wrong with it."""


def check_when(when: str) -> None:
    """Make sure that `when` can be evaluated.

    Raises:
        BadCondition: it can never be.
    """
    rest = when
    for tag in tags(when):
        if not tag.startswith("="):
            if tag.strip() not in _TEXTS:
                known = ", ".join(_VALUES)
                raise BadCondition(f"has {{{{{tag}}}}}; wanted {{{{=…}}}} with {known}, or a text of the first two")
        else:
            _check(tag[1:], _VALUES.__contains__)
        rest = rest.replace(f"{{{{{tag}}}}}", "", 1)
    if "{{" in rest:
        raise BadCondition("has {{ without }}; close it")


def check_stop(expression: str) -> None:
    """Make sure that the expression of a stopStrategy can be evaluated.

    Raises:
        BadCondition: it can never be.
    """
    from pipeline.engine.language.expr.environment import names  # noqa: PLC0415 - loaded where an expression is met
    from pipeline.engine.language.expr.library import LIBRARY  # noqa: PLC0415

    known = (*_VALUES, *_MAPS)
    _check(expression, lambda path: path in known or path.startswith(tuple(f"{name}." for name in known)))
    argos = sorted({name.partition(".")[0] for name in names(expression).controller} & LIBRARY.keys())
    if argos:
        raise BadCondition(f"calls {argos[0]}, which a stopStrategy does not know; wanted functions of expr-lang alone")


def _check(expression: str, known: Callable[[str], bool]) -> None:
    from pipeline.engine.language import expr  # noqa: PLC0415 - loaded where an expression is met

    try:
        expr.check(expression, known)
    except expr.NotEvaluated as error:
        raise BadCondition(f"cannot be evaluated: {_line(error)}") from None
    if _hands_over_a_pointer(expression):
        raise BadCondition(f"gives {_LAST} to a method, which takes no pointer; wanted now() - {_LAST} or the like")


def _hands_over_a_pointer(expression: str) -> bool:
    from pipeline.engine.language.expr.syntax.parser import parse  # noqa: PLC0415 - loaded where an expression is met
    from pipeline.engine.language.expr.syntax.tree import member_path, walk  # noqa: PLC0415

    methods = [node.parts for node in walk(parse(expression)) if node.kind == "call" and node.parts[0].kind == "member"]
    return any(
        member_path(given) == tuple(_LAST.split("."))
        for method, *arguments in methods
        for given in arguments
        if (member_path(method) or ("",))[0] != "sprig"
    )


def runs(cron: Cron, status: Status, now: float) -> bool:
    """Whether `when` lets a run start; true where there is none.

    Raises:
        BadCondition: it has no value; the message is the controller's where it has one.
    """
    if not cron.when:
        return True
    try:
        text = replace_text(cron.when, _Known(cron, status, now), lambda _: True)
        words = bare_words(text)
        if words:
            raise BadCondition(f"No parameter '{words[0]}' found; put a text in quotes")
        return conditions.holds(text)
    except (Unresolved, NotParsed, conditions.NotEvaluated) as error:
        raise BadCondition(_line(error)) from None


def stops(cron: Cron, status: Status, now: float) -> bool:
    """Whether the stopStrategy ends the schedule; false where there is none.

    Raises:
        BadCondition: it has no value; the message is the controller's.
    """
    from pipeline.engine.language import expr  # noqa: PLC0415 - loaded where an expression is met

    if not cron.stop:
        return False
    try:
        known = _Known(cron, status, now)
        known.add_labels(cron.labels or {}, expr.paths(cron.stop))
        return expr.holds(cron.stop, known)
    except expr.NotEvaluated as error:
        raise BadCondition(_line(error)) from None


class _Known:
    """What a condition can name: a lookup, for `{{…}}` and for expressions."""

    def __init__(self, cron: Cron, status: Status, now: float) -> None:
        from pipeline.engine.language.expr.gotime.times import Time  # noqa: PLC0415 - loaded where an expression is met

        last = status.last_scheduled
        values = (cron.name, cron.namespace, status.failed, status.succeeded, ABSENT if last is None else Time(last))
        self._values: dict[str, object] = dict(zip(_VALUES, values, strict=True))
        self._now = now

    def add_labels(self, labels: Mapping[str, str], paths: Iterable[str]) -> None:
        """Labels are a Go map of texts: one that is not there is empty, not nil."""
        for name in _MAPS:
            named = [path.removeprefix(f"{name}.") for path in paths if path.startswith(f"{name}.")]
            self._values[name] = {**dict.fromkeys(named, ""), **labels}

    def __call__(self, name: str) -> object:
        return self._values.get(name)

    def keys(self) -> Iterable[str]:
        """All that can be named."""
        return self._values

    def now(self) -> float:
        """What `now()` gives, seconds since 1970."""
        return self._now


def _line(error: Exception) -> str:
    """A message without the picture that points into the expression."""
    return str(error).partition("\n")[0]
