"""Page: sections in the order in which a reader wants them, in one HTML file that needs nothing else.

The policy in its head lets it load nothing and run nothing, and apply one style, known by its digest; so even a
mistake in escaping could not act.
"""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

from pipeline.report.answers import answers
from pipeline.report.arrivals import arrivals
from pipeline.report.dataset import dataset
from pipeline.report.failures import failures
from pipeline.report.fields import Unreadable
from pipeline.report.forecast import forecast
from pipeline.report.headline import headline, page_title
from pipeline.report.importance import importance
from pipeline.report.markup import Markup, join, tag
from pipeline.report.parts import note, section
from pipeline.report.predictions import predictions
from pipeline.report.provenance import provenance
from pipeline.report.runs import runs
from pipeline.report.scores import scores
from pipeline.report.story import Absent, Story
from pipeline.report.trials import trials
from pipeline.report.validation import validation
from pipeline.report.words import names

Section = Callable[[Story], Markup | None]
_SECTIONS: tuple[tuple[str, str, Section], ...] = (
    ("failures", "What failed", failures),
    ("scores", "Scores", scores),
    ("arrivals", "Files", arrivals),
    ("forecast", "Forecast", forecast),
    ("answers", "Answers", answers),
    ("predictions", "Next hours", predictions),
    ("trials", "Trials", trials),
    ("importance", "Features", importance),
    ("validation", "Checks", validation),
    ("dataset", "Dataset", dataset),
    ("runs", "What ran", runs),
    ("provenance", "Provenance", provenance),
)


def page(story: Story) -> str:
    """The whole document."""
    style = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
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
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("meta", name_="referrer", content="no-referrer"),
        tag("title", page_title(story)),
        Markup(f"<style>{style}</style>"),
    )
    body = tag(
        "body",
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
    return f"<!doctype html>\n{tag('html', join(head, body), lang='en')}\n"
