"""The page of `prepare`: what was taken in, what was expected of it, what was refused and why."""

from collections.abc import Iterable, Mapping

from steps.archive.planned import Plan
from steps.pages.document import document
from steps.pages.markup import tag
from steps.pages.parts import facts, section
from steps.pages.validation import checks
from steps.pages.words import moment, one_line, quantity, shortened
from steps.summaries.validation import Validation

_LONGEST_NAME = 80


def page(title: str, plan: Plan, checked: Validation, stopped: str | None) -> str:
    """The page, as HTML; `stopped` says why the run ends here."""
    header = tag(
        "header",
        tag("p", f"{title} · as of {moment(plan.as_of)}", class_="eyebrow"),
        tag("h1", "What came in"),
        tag("p", f"The run stops here: {stopped}", class_="lede bad") if stopped else None,
        facts(
            [
                ("Source", plan.source),
                ("Locations", _locations(plan.locations, checked.names)),
                ("Days", f"{plan.first} to {plan.last}"),
                ("Target", plan.parameter),
                ("Without a file at the source", quantity(plan.days_without_file)),
            ]
        ),
    )
    results = section("validation", "Checks of the data", None, checks("New or patched", checked))
    return document(f"{title}: what came in", tag("main", header, results))


def _locations(locations: Iterable[int], names: Mapping[str, str]) -> str:
    """Their ids, with the names that their files give them."""
    named = {one: shortened(one_line(names.get(str(one), "")), _LONGEST_NAME) for one in locations}
    return ", ".join(f"{one}: {name}" if name else str(one) for one, name in named.items())
