"""Page: the sections in the order a reader wants them, in one self-contained HTML file."""

from collections.abc import Callable, Iterable

from pipeline.report.arrivals import arrivals
from pipeline.report.dataset import dataset
from pipeline.report.failures import failures
from pipeline.report.headline import headline, page_title
from pipeline.report.notebooks import notebooks
from pipeline.report.predictions import predictions
from pipeline.report.provenance import provenance
from pipeline.report.runs import runs
from pipeline.report.story import Story
from pipeline.report.validation import validation
from steps.pages import decision, monitoring
from steps.pages.document import Section, document, draw
from steps.pages.markup import Markup, tag
from steps.pages.words import names
from steps.summaries.decision import Decision
from steps.summaries.monitoring import Monitoring


def _decided(sections: Iterable[Section[Decision]]) -> list[Section[Story]]:
    """Sections of a decision, drawn from the newest one that the runs made."""

    def of(make: Callable[[Decision], Markup | None]) -> Callable[[Story], Markup | None]:
        return lambda story: make(story.latest(Decision))

    return [(slug, name, of(make)) for slug, name, make in sections]


def _watched(sections: Iterable[Section[Monitoring]]) -> list[Section[Story]]:
    """Sections of the newest look at the live model, if it had a day to look at."""

    def of(make: Callable[[Monitoring], Markup | None]) -> Callable[[Story], Markup | None]:
        def drawn(story: Story) -> Markup | None:
            found = story.find(Monitoring)
            return make(found) if found is not None and found.days else None

        return drawn

    return [(slug, name, of(make)) for slug, name, make in sections]


_SECTIONS: tuple[Section[Story], ...] = (
    ("failures", "What failed", failures),
    *_decided(decision.OUTCOME),
    ("arrivals", "Files", arrivals),
    ("notebooks", "Notebooks", notebooks),
    *_decided(decision.ANSWERS),
    ("predictions", "Predictions", predictions),
    *_watched(monitoring.SECTIONS),
    *_decided(decision.MODEL),
    ("validation", "Checks", validation),
    ("dataset", "Dataset", dataset),
    ("runs", "What ran", runs),
    ("provenance", "Provenance", provenance),
)


def page(story: Story) -> str:
    """The whole document."""
    sections = draw(_SECTIONS, story)
    missing = [tag("p", f"Not in this report: {names(slugs)}; {why}") for why, slugs in sections.absent.items() if why]
    main = tag("main", headline(story), sections.markup())
    return document(page_title(story), main, tag("footer", *missing) if missing else None)
