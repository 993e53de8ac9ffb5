"""Bands: how much of the truth they held, overall and month by month."""

from collections.abc import Sequence
from typing import Final

from steps.pages.markup import Child, Markup, tag
from steps.pages.parts import facts, figure, note, section, table
from steps.pages.plot import at, line, marker, plot
from steps.pages.scale import Tick, around
from steps.pages.words import count, percent, quantity
from steps.summaries.decision import Decision, Month

ENOUGH_DAYS: Final = 30


def bands(decision: Decision) -> Markup | None:
    """The coverage of each month beside the nominal share; None if the summary has no bands."""
    found, unit = decision.bands, decision.unit
    if found is None:
        return None
    nominal, coverage, months = found.nominal, found.coverage, found.by_month
    known = "of which no band knows" if decision.of_table else "where each band knew only what had come true before"
    return section(
        "bands",
        "What the bands hold",
        f"A band is meant to hold {percent(nominal)} of what comes true. Measured on the holdout, {known}.",
        facts(
            [
                ("Inside", percent(coverage, 1)),
                ("Wanted", percent(nominal)),
                ("Mean width", None if found.width is None else f"{quantity(found.width, 1)} {unit}"),
                ("Method", found.method),
            ]
        ),
        note(_young(found.days)) if found.days is not None and found.days < ENOUGH_DAYS else None,
        figure(None, _picture(months, nominal), _caption(months, nominal, coverage), _table(months))
        if months
        else None,
    )


def _young(days: int) -> str:
    return (
        f"Not calibrated yet: the bands rest on {count(days, 'day')} of forecasts, and {ENOUGH_DAYS} are wanted. Until "
        "then they may hold much less, or more, than they are meant to."
    )


def _picture(months: Sequence[Month], nominal: float) -> Markup:
    shares = [100 * month.coverage for month in months]
    y, y_ticks = around([*shares, 100 * nominal, 100.0], about=4)
    places = [(index + 0.5) / len(months) for index in range(len(months))]
    wanted = y.share(100 * nominal)
    every = 1 + (len(months) - 1) // 8
    x_ticks = [
        Tick(x, month.month, minor=bool(index // every % 2))
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


def _caption(months: Sequence[Month], nominal: float, coverage: float) -> str:
    ranked = sorted(months, key=lambda month: month.coverage)
    least, most = ranked[0], ranked[-1]
    return (
        f"The bands held {percent(coverage, 1)} of the truth where {percent(nominal)} was wanted: "
        f"least in {least.month}, {percent(least.coverage, 1)}, most in {most.month}, {percent(most.coverage, 1)}."
    )


def _table(months: Sequence[Month]) -> Markup:
    rows: list[list[Child]] = [[one.month, percent(one.coverage, 1), quantity(one.rows)] for one in months]
    return table(["Month", "#Inside", "#Rows"], rows, "Coverage of the bands by month")
