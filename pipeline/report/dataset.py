"""Dataset: what was learned from, and what was kept back to judge."""

from pipeline.report.fields import Fields
from pipeline.report.markup import Child, Markup, tag
from pipeline.report.parts import facts, section, with_small
from pipeline.report.plot import at
from pipeline.report.story import Story
from pipeline.report.words import count, quantity


def dataset(story: Story) -> Markup:
    """The time it spans, in its two parts, and its facts."""
    fields = story.latest("dataset").fields
    embargo = fields.text_or("embargo_hours")
    return section(
        "dataset",
        "The dataset",
        "Recipes are chosen inside the training part. The holdout is looked at once"
        + (f", after a gap of {embargo} hours." if embargo else "."),
        _span(fields),
        facts(_facts(fields, story)),
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
