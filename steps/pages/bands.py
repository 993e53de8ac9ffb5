"""Bands: how much of what came true they held, in all and month by month."""

from steps.pages.fields import Fields
from steps.pages.markup import Child, Markup, tag
from steps.pages.parts import facts, figure, section, table
from steps.pages.plot import at, line, marker, plot
from steps.pages.scale import Tick, around
from steps.pages.words import percent, quantity


def bands(decision: Fields) -> Markup | None:
    """The coverage of each month beside what was promised; None where the summary has no bands."""
    if "bands" not in decision:
        return None
    found, unit = decision.inner("bands"), decision.text_or("unit")
    nominal, coverage = found.number("nominal"), found.number("coverage")
    months = found.objects("by_month") if "by_month" in found else []
    width = f"{quantity(found.number('width'), 1)} {unit}" if "width" in found else None
    return section(
        "bands",
        "What the bands hold",
        f"A band shall hold {percent(nominal)} of what comes true. Measured on the holdout, where each band knew only "
        "what had come true before.",
        facts(
            [
                ("Inside", percent(coverage, 1)),
                ("Wanted", percent(nominal)),
                ("Mean width", width),
                ("Method", found.text_or("method")),
            ]
        ),
        figure(None, _picture(months, nominal), _caption(months, nominal, coverage), _table(months))
        if months
        else None,
    )


def _picture(months: list[Fields], nominal: float) -> Markup:
    shares = [100 * month.number("coverage") for month in months]
    y, y_ticks = around([*shares, 100 * nominal, 100.0], about=4)
    places = [(index + 0.5) / len(months) for index in range(len(months))]
    wanted = y.share(100 * nominal)
    every = 1 + (len(months) - 1) // 8
    x_ticks = [
        Tick(x, month.text("month"), minor=bool(index // every % 2))
        for index, (x, month) in enumerate(zip(places, months, strict=True))
        if index % every == 0
    ]
    return plot(
        "Share of the truth inside the bands, by month",
        f"{len(months)} months beside the wanted {percent(nominal)}.",
        tag("line", x2="100%", y1=at(1 - wanted), y2=at(1 - wanted), class_="rule"),
        tag("text", f"wanted {percent(nominal)}", x="100%", dx=6, y=at(1 - wanted), dy="0.35em"),
        line([(x, y.share(share)) for x, share in zip(places, shares, strict=True)], "series s0"),
        tag("g", *(marker(x, y.share(share), 0, "mark") for x, share in zip(places, shares, strict=True)), class_="f0"),
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        unit="% inside",
        height=180,
        class_="plot labelled",
    )


def _caption(months: list[Fields], nominal: float, coverage: float) -> str:
    ranked = sorted(months, key=lambda month: month.number("coverage"))
    least, most = ranked[0], ranked[-1]
    told = f"The bands held {percent(coverage, 1)} of the truth where {percent(nominal)} was wanted"
    return (
        f"{told}: least in {least.text('month')}, {percent(least.number('coverage'), 1)}, "
        f"most in {most.text('month')}, {percent(most.number('coverage'), 1)}."
    )


def _table(months: list[Fields]) -> Markup:
    rows: list[list[Child]] = [
        [month.text("month"), percent(month.number("coverage"), 1), quantity(month.number("rows"))] for month in months
    ]
    return table(["Month", "#Inside", "#Rows"], rows, "Coverage of the bands by month")
