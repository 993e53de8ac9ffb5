"""A monitoring run: words first, then the detectors' ways, the errors beside persistence, the bands, and the alarms."""

from datetime import UTC, date, datetime, time
from typing import Final

from steps.pages.document import Section, document, draw
from steps.pages.markup import Child, Markup, tag
from steps.pages.parts import code, facts, figure, note, section, table
from steps.pages.plot import at, legend, line, plot, upright
from steps.pages.scale import around, hours
from steps.pages.words import count, moment, parameter_name, percent, quantity
from steps.summaries.monitoring import Alarm, Day, Monitoring, Way

_MOST_WAYS = 6  # drawn; the others are in the table


def page(project: str, found: Monitoring) -> str:
    """The page, as HTML."""
    sections = draw(SECTIONS, found)
    head = tag(
        "header",
        tag("p", f"{project} · monitoring · as of {moment(found.as_of)}", class_="eyebrow"),
        tag("h1", f"{parameter_name(found.parameter)}: {_state(found)}"),
        tag("p", found.words, class_="lede"),
        facts(_facts(found), "facts large"),
    )
    return document(f"{project}: monitoring", tag("main", head, sections.markup()))


def _state(found: Monitoring) -> str:
    if found.version is None:
        return "nothing is live"
    own = [alarm for way in found.ways for alarm in way.alarms]
    return f"last alarm on {max(own):%F}" if own else "no alarm"


def _facts(found: Monitoring) -> list[tuple[str, Child]]:
    error = sum(day.error * day.hours for day in found.days) / max(1, sum(day.hours for day in found.days))
    return [
        ("Model", f"version {found.version}" if found.version is not None else None),
        ("Watched", count(len(found.days), "day") if found.days else None),
        ("Mean absolute error", f"{quantity(error, 2)} {found.unit}" if found.days else None),
        ("Alarms", str(sum(len(way.alarms) for way in found.ways))),
    ]


def ways(found: Monitoring) -> Markup | None:
    """The evidence of each detector, day by day, as a share of what an alarm takes."""
    drawn = [way for way in found.ways if way.days]
    if not drawn:
        return None
    rows = [
        [
            way.label,
            percent(_share(way, -1)),
            percent(max(_share(way, index) for index in range(len(way.days)))),
            str(len(way.alarms)),
        ]
        for way in drawn
    ]
    return section(
        "detectors",
        "Evidence of a change",
        "An alarm comes at 100 %. While nothing has changed, that happens at most once in 365 days for each line.",
        *(_way(way) for way in drawn[:_MOST_WAYS]),
        table(["What is watched", "#Now", "#Highest", "#Alarms"], rows, "The detectors"),
    )


def others(found: Monitoring) -> Markup | None:
    """The models beside the live one: how the evidence stands that they are better, and that they are worse."""
    if not found.others:
        return None
    drawn = []
    for one in found.others:
        title = f"Version {one.version}, {'on trial' if one.role == 'challenger' else 'live before'}"
        ways = [_way(way, "% of what it takes", title) for way in (one.better, one.worse) if way.days]
        drawn += [tag("h3", title), tag("p", one.words), *ways]
    about = "On the same hours. At 100 % it is told, with one false word in twenty at most, however long one looks."
    return section("others", "Beside the live model", about, *drawn)


def _share(way: Way, index: int) -> float:
    return way.evidence[index] / way.level


def _way(way: Way, unit: str = "% of an alarm", of: str = "") -> Markup:
    shares = [100 * _share(way, index) for index in range(len(way.days))]
    y, y_ticks = around([*shares, 100.0], from_zero=True, about=4)
    x, x_ticks = hours(_noon(way.days[0]), _noon(way.days[-1]))
    points = [(x.share(_noon(day).timestamp()), y.share(share)) for day, share in zip(way.days, shares, strict=True)]
    drawn = plot(
        f"Evidence: {of}{': ' if of else ''}{way.label}",
        f"{count(len(way.days), 'day')}, {count(len(way.alarms), 'alarm')}; now at {shares[-1]:.0f} %.",
        tag("line", x2="100%", y1=at(1 - y.share(100)), y2=at(1 - y.share(100)), class_="zero"),
        line(points, "forecast"),
        *(upright(x.share(_noon(day).timestamp()), 0, 1, "end-of") for day in way.alarms),
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        unit=unit,
        height=130,
    )
    return tag("div", tag("h3", way.label), drawn, class_="block")


def errors(found: Monitoring) -> Markup | None:
    """The live model's error beside persistence's."""
    if len(found.days) < 2:
        return None
    x, x_ticks = hours(_noon(found.days[0].day), _noon(found.days[-1].day))
    y, y_ticks = around([value for day in found.days for value in (day.error, day.persistence)], from_zero=True)
    places = [x.share(_noon(day.day).timestamp()) for day in found.days]
    drawn = plot(
        "Mean absolute error by day",
        f"The live model and persistence over {count(len(found.days), 'day')}.",
        line([(place, y.share(day.persistence)) for place, day in zip(places, found.days, strict=True)], "truth"),
        line([(place, y.share(day.error)) for place, day in zip(places, found.days, strict=True)], "forecast"),
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        unit=f"{parameter_name(found.parameter)}, {found.unit}",
    )
    columns = ["Day", "#Error", "#Persistence", "#Outside the band", "#Hours"]
    better = sum(day.error < day.persistence for day in found.days)
    caption = f"The model was closer than persistence on {better} of {count(len(found.days), 'day')}."
    return section(
        "errors",
        "Beside persistence",
        "Season and weather hit both alike.",
        legend(("forecast", "live model"), ("truth", "persistence")),
        figure(None, drawn, caption, table(columns, [_day(day) for day in found.days], "Errors by day")),
    )


def _day(day: Day) -> list[Child]:
    outside = percent(day.outside) if day.outside is not None else "–"
    return [f"{day.day:%F}", quantity(day.error, 2), quantity(day.persistence, 2), outside, str(day.hours)]


def alarms(found: Monitoring) -> Markup | None:
    """What was raised, what it was taken for, what came of it."""
    if not found.alarms:
        return section("alarms", "Alarms", None, note("None."))
    rows = [[f"{one.day:%F}", one.label, one.cause, one.words, _outcome(one)] for one in found.alarms]
    columns = ["Day", "What", "Cause", "Seen", "What came of it"]
    return section("alarms", "Alarms", "The newest first.", table(columns, rows, "Alarms"))


def _outcome(one: Alarm) -> str:
    return one.outcome or (f"Training {one.training}, under way" if one.training else "–")


def drift(found: Monitoring) -> Markup | None:
    """The features that have moved most; never an alarm by itself."""
    if not found.drift:
        return None
    rows = [[code(one.feature), f"{'+' if one.shift > 0 else ''}{quantity(one.shift, 2)}"] for one in found.drift]
    about = (
        "How far the last days lie from the same season in what was learned from, in interquartile ranges. It "
        "explains, and never alarms."
    )
    return section("drift", "Inputs that moved", about, table(["Feature", "#Shift"], rows, "Drift of features"))


def requests(found: Monitoring) -> Markup | None:
    """What the live model was asked; never an alarm by itself."""
    asked = found.requests
    if asked is None:
        return None
    about = (
        f"{count(asked.requests, 'request')} with {count(asked.rows, 'row')} since {asked.since:%F}, as far as they "
        "are kept. Without the truth a change here says nothing of the error: it informs, and never alarms."
    )
    names = ("5 %", "25 %", "50 %", "75 %", "95 %")
    learned = ["#Where it learned"] if asked.usual else []  # else it is not known
    usual = [[quantity(value)] for value in asked.usual] or [[] for _ in names]
    below: list[list[Child]] = [
        [name, quantity(value), *other] for name, value, other in zip(names, asked.answers, usual, strict=False)
    ]
    absent: list[list[Child]] = [
        [code(one.feature), percent(one.share), *([percent(one.usual or 0.0)] if learned else [])]
        for one in asked.absent
    ]
    return section(
        "requests",
        "What it was asked",
        about,
        table(["Of its predictions are below", f"#{found.unit or 'Value'}", *learned], below, "Its predictions"),
        table(["Feature that is missing", "#In the rows", *learned], absent, "Missing features") if absent else None,
    )


SECTIONS: Final[tuple[Section[Monitoring], ...]] = (
    ("others", "Trial", others),
    ("detectors", "Evidence", ways),
    ("errors", "Errors", errors),
    ("alarms", "Alarms", alarms),
    ("drift", "Inputs", drift),
    ("requests", "Requests", requests),
)


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)
