"""Page: sections in the order in which a reader wants them, in one HTML file that needs nothing else."""

from collections.abc import Callable, Iterable

from pipeline.report.arrivals import arrivals
from pipeline.report.dataset import dataset
from pipeline.report.failures import failures
from pipeline.report.headline import headline, page_title
from pipeline.report.predictions import predictions
from pipeline.report.provenance import provenance
from pipeline.report.runs import runs
from pipeline.report.story import Story
from pipeline.report.validation import validation
from steps.pages import decision
from steps.pages.document import document
from steps.pages.fields import Absent, Fields, Unreadable
from steps.pages.markup import Markup, tag
from steps.pages.parts import note, section
from steps.pages.words import names

Section = tuple[str, str, Callable[[Story], Markup | None]]


def _decided(sections: Iterable[decision.Section]) -> list[Section]:
    """Sections of a decision, drawn from the newest one that the runs made."""

    def of(make: Callable[[Fields], Markup | None]) -> Callable[[Story], Markup | None]:
        return lambda story: make(story.latest("decision").fields)

    return [(slug, name, of(make)) for slug, name, make in sections]


_SECTIONS: tuple[Section, ...] = (
    ("failures", "What failed", failures),
    *_decided(decision.OUTCOME),
    ("arrivals", "Files", arrivals),
    *_decided(decision.ANSWERS),
    ("predictions", "Next hours", predictions),
    *_decided(decision.MODEL),
    ("validation", "Checks", validation),
    ("dataset", "Dataset", dataset),
    ("runs", "What ran", runs),
    ("provenance", "Provenance", provenance),
)


def page(story: Story) -> str:
    """The whole document."""
    drawn: list[tuple[str, str, Markup]] = []
    absent: dict[str, list[str]] = {}
    for slug, name, make in _SECTIONS:
        try:
            made = make(story)
        except Absent as reason:
            absent.setdefault(str(reason), []).append(name)
            continue
        except Unreadable as reason:
            made = section(slug, name, None, note(f"Cannot be shown. {reason}"))
        if made is not None:
            drawn.append((slug, name, made))
    return document(
        page_title(story),
        tag(
            "main",
            headline(story),
            tag("nav", *(tag("a", name, href=f"#{slug}") for slug, name, _ in drawn), aria_label="Sections"),
            *(made for _, _, made in drawn),
        ),
        tag("footer", *(tag("p", f"Not in this report: {names(missing)}; {why}") for why, missing in absent.items()))
        if absent
        else None,
    )
