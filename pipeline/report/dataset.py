"""Dataset: what was learned from, and what was kept back to judge."""

from pipeline.report.story import Story
from steps.pages.fields import Fields
from steps.pages.markup import Child, Markup, tag
from steps.pages.parts import facts, section, with_small
from steps.pages.plot import at
from steps.pages.words import count, quantity


def dataset(story: Story) -> Markup:
    """The time it spans, in its two parts, and its facts."""
    fields = story.latest("dataset").fields
    if "held_out" in fields:
        return _of_rows(fields)
    embargo = fields.text_or("embargo_hours")
    return section(
        "dataset",
        "The dataset",
        "Recipes are chosen inside the training part. The holdout is looked at once"
        + (f", after a gap of {embargo} hours." if embargo else "."),
        _span(fields),
        facts(_facts(fields, story)),
    )


def _of_rows(fields: Fields) -> Markup:
    """A table's: how many of its rows are held out."""
    rows, held = fields.whole("rows"), fields.whole("held_out")
    drawn = fields.inner("trials") if "trials" in fields else None
    share = 1 - held / max(rows, 1)
    return section(
        "dataset",
        "The dataset",
        "Every row that was ever accepted, each once. Its content says whether it is held out, so none changes sides.",
        tag(
            "svg",
            tag("title", f"{rows - held} rows to learn from, {held} held out"),
            tag("text", "training", x=0, y=11),
            tag("text", "holdout", x="100%", y=11, class_="end"),
            tag("rect", y=19, width=at(share), height=12, class_="training"),
            tag("rect", x=at(share), y=19, width=at(1 - share), height=12, class_="holdout"),
            class_="bars span",
            height=34,
            role="img",
        ),
        facts(
            [
                ("Rows", quantity(rows)),
                ("Held out", quantity(held)),
                ("Features", quantity(fields.number("features"))),
                ("History", f"number {fields.text('sequence')}" if "sequence" in fields else None),
                ("Trials", ", ".join(count(drawn.whole(name), name, name) for name in drawn) if drawn else None),
                ("Fingerprint", tag("code", fields.text("fingerprint")[:12], title=fields.text("fingerprint"))),
            ]
        ),
    )


def _span(fields: Fields) -> Markup:
    first, last, cut = (fields.time(name).timestamp() for name in ("from", "to", "holdout_from"))
    share = min(max((cut - first) / max(last - first, 1.0), 0.0), 1.0)
    days = [f"{fields.text(name)[:10]}" for name in ("from", "holdout_from", "to")]
    return tag(
        "svg",
        tag("title", f"Training from {days[0]}, holdout from {days[1]} to {days[2]}"),
        tag("text", "training", x=0, y=11),
        tag("text", "holdout", x="100%", y=11, class_="end"),
        tag("rect", y=19, width=at(share), height=12, class_="training"),
        tag("rect", x=at(share), y=19, width=at(1 - share), height=12, class_="holdout"),
        tag("text", days[0], x=0, y=47, class_="tick start"),
        tag("text", days[1], x=at(share), y=47, class_="tick minor"),
        tag("text", days[2], x="100%", y=47, class_="tick end"),
        class_="bars span",
        height=54,
        role="img",
    )


def _facts(fields: Fields, story: Story) -> list[tuple[str, Child]]:
    drawn = fields.inner("trials") if "trials" in fields else None
    locations = fields.texts("locations")
    return [
        ("Rows", quantity(fields.number("rows"))),
        ("Features", quantity(fields.number("features"))),
        (
            "Stations",
            with_small(", ".join(locations) if len(locations) <= 4 else quantity(len(locations)), story.attribution),
        ),
        ("Trials", ", ".join(f"{count(drawn.whole(name), name, name)}" for name in drawn) if drawn else None),
        ("Fingerprint", tag("code", fields.text("fingerprint")[:12], title=fields.text("fingerprint"))),
    ]
