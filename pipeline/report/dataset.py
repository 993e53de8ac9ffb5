"""Dataset: what was learned from, and what was kept back to judge."""

from pipeline.report.story import Story
from steps.pages.markup import Child, Markup, tag
from steps.pages.parts import facts, section, with_small
from steps.pages.plot import at
from steps.pages.words import count, quantity
from steps.summaries import intervals
from steps.summaries.dataset import Dataset, SeriesDataset, TableDataset


def dataset(story: Story) -> Markup | None:
    """The dataset in its two parts, and its facts."""
    found = story.latest(Dataset)
    if isinstance(found, SeriesDataset):
        return _of_series(found, story)
    return _of_rows(found) if isinstance(found, TableDataset) else None


def _of_series(found: SeriesDataset, story: Story) -> Markup:
    """A series': the time it spans."""
    first, last, cut = (time.timestamp() for time in (found.first, found.last, found.holdout_from))
    interval = intervals.of(found.frequency)
    days = [interval.moment(time)[:10] for time in (found.first, found.holdout_from, found.last)]
    share = min(max((cut - first) / max(last - first, 1.0), 0.0), 1.0)
    embargo = f", after a gap of {interval.ahead(found.embargo_hours)}." if found.embargo_hours else "."
    shown = ", ".join(map(str, found.locations)) if len(found.locations) <= 4 else quantity(len(found.locations))
    return section(
        "dataset",
        "The dataset",
        f"Recipes are chosen inside the training part. The holdout is looked at once{embargo}",
        _parts(
            f"Training from {days[0]}, holdout from {days[1]} to {days[2]}",
            share,
            tag("text", days[0], x=0, y=47, class_="tick start"),
            tag("text", days[1], x=at(share), y=47, class_="tick minor"),
            tag("text", days[2], x="100%", y=47, class_="tick end"),
            height=54,
        ),
        facts(
            [
                ("Rows", quantity(found.rows)),
                ("Features", quantity(found.features)),
                ("Stations", with_small(shown, story.attribution)),
                *_origin(found),
            ]
        ),
        *(tag("p", f"Beware: {note}.", class_="note") for note in found.notes),
    )


def _of_rows(found: TableDataset) -> Markup:
    """A table's: how many of its rows are held out."""
    rows, held = found.rows, found.held_out
    return section(
        "dataset",
        "The dataset",
        "Every row that was ever accepted, each once. Its content says whether it is held out, so none changes sides, "
        "and a copy of it up to rounding is on the same side.",
        _parts(f"{rows - held} rows to learn from, {held} held out", 1 - held / max(rows, 1), height=34),
        facts(
            [
                ("Rows", quantity(rows)),
                ("Copies", quantity(found.copies) if found.copies else None),
                ("Held out", quantity(held)),
                ("Features", quantity(found.features)),
                ("History", None if found.sequence is None else f"number {found.sequence}"),
                *_origin(found),
            ]
        ),
    )


def _parts(title: str, share: float, *below: Markup, height: int) -> Markup:
    """Training part and holdout beside each other; `share`: of the training part."""
    return tag(
        "svg",
        tag("title", title),
        tag("text", "training", x=0, y=11),
        tag("text", "holdout", x="100%", y=11, class_="end"),
        tag("rect", y=19, width=at(share), height=12, class_="training"),
        tag("rect", x=at(share), y=19, width=at(1 - share), height=12, class_="holdout"),
        *below,
        class_="bars span",
        height=height,
        role="img",
    )


def _origin(found: Dataset) -> list[tuple[str, Child]]:
    """The trials on it, and its fingerprint."""
    return [
        ("Trials", ", ".join(count(number, family, family) for family, number in found.trials.items())),
        ("Fingerprint", tag("code", found.fingerprint[:12], title=found.fingerprint)),
    ]
