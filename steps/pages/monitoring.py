"""A monitoring run: words first, then the detectors' ways, the errors beside a naive predictor, and the alarms."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Final

from steps.pages.document import Section, document, draw
from steps.pages.markup import Child, Markup, tag
from steps.pages.parts import code, facts, figure, note, section, table
from steps.pages.plot import at, legend, line, plot, upright
from steps.pages.scale import Tick, around, hours
from steps.pages.words import count, moment, parameter_name, percent, quantity
from steps.summaries.monitoring import Alarm, Day, Monitoring, Way

_MOST_WAYS = 6  # drawn; the others are in the table
_MOST_TICKS = 8
_MANY, _SMOOTHED = 90, 7  # days; more are drawn as means
_LEARNED: Final = {"day": "the same season in what was learned from", "file": "what was learned from"}
_NAIVE: Final = {  # by what is scored: the naive predictor, why it is there, what is drawn, and what is counted
    "day": ("persistence", "Season and weather hit both alike.", "Mean absolute error", "Values"),
    "file": ("a naive answer", "The mean, or the commonest class, of what was learned from.", "Mean error", "Rows"),
}


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
    name = "Mean error" if found.each == "file" else "Mean absolute error"
    return [
        ("Model", f"version {found.version}" if found.version is not None else None),
        ("Watched", count(len(found.days), found.each) if found.days else None),
        (name, f"{quantity(error, 2)} {found.unit}".strip() if found.days else None),
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
        f"An alarm comes at 100 %. While nothing changes, each line gets there once in 365 {found.each}s at most.",
        *(_way(way, found.each, _whole(drawn)) for way in drawn[:_MOST_WAYS]),
        table(["What is watched", "#Now", "#Highest", "#Alarms"], rows, "The detectors"),
    )


def others(found: Monitoring) -> Markup | None:
    """The models beside the live one: how the evidence stands that they are better, and that they are worse."""
    if not found.others:
        return None
    drawn = []
    for one in found.others:
        title = f"Version {one.version}, {'on trial' if one.role == 'challenger' else 'live before'}"
        known = [way for way in (one.better, one.worse) if way.days]
        ways = [_way(way, found.each, _whole(known), "% of what it takes", title) for way in known]
        drawn += [tag("h3", title), tag("p", one.words), *ways]
    same = "On what both predicted" if found.each == "day" else "On the same rows"
    about = f"{same}. At 100 % it is told, with one false word in twenty at most, however long one looks."
    return section("others", "Beside the live model", about, *drawn)


def _share(way: Way, index: int) -> float:
    return way.evidence[index] / way.level


def _whole(ways: Sequence[Way]) -> list[date]:
    """The first and the last day of all, so that they share an axis."""
    return [min(way.days[0] for way in ways), max(way.days[-1] for way in ways)]


def _way(way: Way, each: str, span: Sequence[date], unit: str = "% of an alarm", of: str = "") -> Markup:
    shares = [100 * _share(way, index) for index in range(len(way.days))]
    y, y_ticks = around([*shares, 100.0], from_zero=True, about=4)
    places, x_ticks = _along(way.days, each, span)
    points = [(place, y.share(share)) for place, share in zip(places, shares, strict=True)]
    drawn = plot(
        f"Evidence: {of}{': ' if of else ''}{way.label}",
        f"{count(len(way.days), each)}, {count(len(way.alarms), 'alarm')}; now at {shares[-1]:.0f} %.",
        tag("line", x2="100%", y1=at(1 - y.share(100)), y2=at(1 - y.share(100)), class_="zero"),
        line(points, "forecast"),
        *(upright(place, 0, 1, "end-of") for place, share in zip(places, shares, strict=True) if share >= 100),
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        unit=unit,
        height=130,
    )
    return tag("div", tag("h3", way.label), drawn, class_="block")


def errors(found: Monitoring) -> Markup | None:
    """The live model's error beside the naive predictor's."""
    if len(found.days) < 2:
        return None
    naive, about, amount, counted = _NAIVE[found.each]
    when = [day.day for day in found.days]
    places, x_ticks = _along(when, found.each, when)
    width = _SMOOTHED if found.each == "day" and len(when) > _MANY else 1
    own, other = (_means([getattr(day, name) for day in found.days], width) for name in ("error", "persistence"))
    y, y_ticks = around([*own, *other], from_zero=True)
    drawn = plot(
        f"{amount} by {found.each}",
        f"The live model and {naive} over {count(len(found.days), found.each)}.",
        line([(place, y.share(value)) for place, value in zip(places, other, strict=True)], "truth"),
        line([(place, y.share(value)) for place, value in zip(places, own, strict=True)], "forecast"),
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        unit=", ".join(dict.fromkeys(filter(None, (parameter_name(found.parameter), found.unit)))),
    )
    banded = any(day.outside is not None for day in found.days)
    columns = ["Day", "#Error", f"#{naive.capitalize()}", *(["#Outside the band"] if banded else []), f"#{counted}"]
    better = sum(day.error < day.persistence for day in found.days)
    caption = f"The model was closer than {naive} on {better} of {count(len(found.days), found.each)}."
    caption += f" Drawn are means of {width} days." if width > 1 else ""
    rows = [_day(day, banded=banded) for day in found.days]
    return section(
        "errors",
        f"Beside {naive}",
        about,
        legend(("forecast", "live model"), ("truth", naive)),
        figure(None, drawn, caption, table(columns, rows, f"Errors by {found.each}")),
    )


def _means(values: Sequence[float], width: int) -> list[float]:
    """Of so many values up to each."""
    parts = (values[max(0, place - width + 1) : place + 1] for place in range(len(values)))
    return [sum(part) / len(part) for part in parts]


def _day(day: Day, *, banded: bool) -> list[Child]:
    outside = [percent(day.outside) if day.outside is not None else "–"] if banded else []
    return [f"{day.day:%F}", quantity(day.error, 2), quantity(day.persistence, 2), *outside, str(day.hours)]


def alarms(found: Monitoring) -> Markup | None:
    """What was raised, what it was taken for, what came of it."""
    if not found.alarms:
        return section("alarms", "Alarms", None, note("None."))
    rows = [[_unbroken(one.day), one.label, one.cause, one.words, _outcome(one)] for one in found.alarms]
    columns = ["Day", "What", "Cause", "Seen", "What came of it"]
    return section("alarms", "Alarms", "The newest first.", table(columns, rows, "Alarms"))


def _unbroken(day: date) -> str:
    """A day that stays on one line."""
    return f"{day:%F}".replace("-", "\N{NON-BREAKING HYPHEN}")


def _outcome(one: Alarm) -> str:
    return one.outcome or (f"Training {one.training}, under way" if one.training else "–")


def drift(found: Monitoring) -> Markup | None:
    """The features that have moved most; never an alarm by itself."""
    if not found.drift:
        return None
    rows = [[code(one.feature), f"{'+' if one.shift > 0 else ''}{quantity(one.shift, 2)}"] for one in found.drift]
    about = (
        f"How far the last {found.each}s lie from {_LEARNED[found.each]}, in interquartile ranges. It explains, and "
        "never alarms."
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


def _along(days: Sequence[date], each: str, span: Sequence[date]) -> tuple[list[float], list[Tick]]:
    """Where along the axis each is, and its ticks: days by time in a `span`, files one after the other."""
    if each == "day":
        x, ticks = hours(_noon(span[0]), _noon(span[-1]))
        return [x.share(_noon(day).timestamp()) for day in days], ticks
    last, step = max(1, len(days) - 1), -(-len(days) // _MOST_TICKS)
    marked = [Tick(place / last, f"{days[place].day} {days[place]:%b}") for place in range(0, len(days), step)]
    return [place / last for place in range(len(days))], marked


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)
