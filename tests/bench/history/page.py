"""The page: for each bench its figures over the runs, and the ratio to what was measured beside each."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from steps.pages.document import document
from steps.pages.markup import Markup, join, tag
from steps.pages.parts import code, facts, figure, section, table
from steps.pages.plot import legend, line, marker, plot
from steps.pages.scale import Tick, around
from steps.pages.words import count, moment, quantity
from tests.bench.history.lines import Figure, Line

_MOST_TICKS: Final = 8
_SHAPES: Final = 4  # of markers
_LEDE: Final = "Figures depend on the machine and on what else it did; the load of each run stands with it."


@dataclass(frozen=True)
class Seen:
    """A figure in one run."""

    line: Line
    figure: Figure


def page(lines: Sequence[Line]) -> str:
    """The page, as HTML. `lines`: all runs, in the order of their time."""
    benches = defaultdict[str, list[Line]](list)
    for one in lines:
        benches[one.bench].append(one)
    machines = {name: number for number, name in enumerate(dict.fromkeys(map(machine, lines)))}
    drawn = [_bench(name, runs, machines) for name, runs in sorted(benches.items())]
    links = (tag("a", name, href=f"#b{number}") for number, name in enumerate(sorted(benches)))
    marked = [section(f"b{number}", *one) for number, one in enumerate(drawn)]
    head = tag(
        "header",
        tag("p", "benches", class_="eyebrow"),
        tag("h1", f"{count(len(lines), 'run')} of {count(len(benches), 'bench', 'benches')}"),
        tag("p", _LEDE, class_="lede"),
        facts([("Machines", str(len(machines))), ("Last run", moment(lines[-1].at) if lines else None)], "facts large"),
    )
    return document("Benches", tag("main", head, tag("nav", *links, aria_label="Sections"), *marked))


def machine(run: Line) -> str:
    """What a run is comparable on."""
    return f"{run.machine}, {count(run.cores, 'core')}"


def _bench(name: str, runs: Sequence[Line], machines: Mapping[str, int]) -> tuple[str, str, Markup]:
    """Title, note and content of its section."""
    figures = defaultdict[tuple[str, str], list[Seen]](list)
    for run in runs:
        for one in run.figures:
            figures[one.name, one.unit].append(Seen(run, one))
    own = {name: machines[name] for name in dict.fromkeys(map(machine, runs))}
    key = legend(*((f"s{number % _SHAPES}", words) for words, number in own.items()))
    blocks = [block for (title, unit), seen in figures.items() for block in _figure(title, unit, seen, machines)]
    note = f"{count(len(runs), 'run')}, the last one at {moment(runs[-1].at)}."
    return name, note, join(key, *blocks)


def _figure(title: str, unit: str, seen: Sequence[Seen], machines: Mapping[str, int]) -> list[Markup]:
    values = [one.figure.value for one in seen]
    numbers = _numbers(title, unit, seen)
    drawn = _plotted(title, unit, seen, values, machines)
    blocks = [figure(title, drawn, _told(values, unit), numbers)]
    ratios = [(one, ratio) for one in seen if (ratio := one.figure.ratio) is not None]
    if ratios:
        others = ", ".join(dict.fromkeys(one.figure.beside.name for one, _ in ratios if one.figure.beside))
        runs, shares = [one for one, _ in ratios], [ratio for _, ratio in ratios]
        drawn = _plotted(f"{title}, times {others}", "times", runs, shares, machines)
        blocks.append(figure(None, drawn, f"As many times as {others}, side by side: {_told(shares, '')}", numbers))
    return blocks


def _told(values: Sequence[float], unit: str) -> str:
    span = f"between {quantity(min(values))} and {quantity(max(values))}" if len(values) > 1 else "in one run"
    return f"{quantity(values[-1])} {unit}".strip() + f" last, {span}."


def _plotted(
    title: str, unit: str, seen: Sequence[Seen], values: Sequence[float], machines: Mapping[str, int]
) -> Markup:
    """The values in the order of the runs, a line for each machine, commits below."""
    y, y_ticks = around(values, from_zero=min(values) >= 0, about=4)
    places = [(index + 0.5) / len(values) for index in range(len(values))]
    every = -(-len(values) // _MOST_TICKS)
    labels = [one.line.commit[:7] or f"{one.line.at:%d %b}" for one in seen]
    x_ticks = [Tick(place, label) for place, label in list(zip(places, labels, strict=True))[::every]]
    marks = list[Markup]()
    for name, number in machines.items():
        mine = [index for index, one in enumerate(seen) if machine(one.line) == name]
        points = [(places[index], y.share(values[index])) for index in mine]
        marks += [line(points, f"series s{number % _SHAPES}")] if len(points) > 1 else []
        marks += [
            marker(places[index], y.share(values[index]), number, f"mark f{number % _SHAPES}", _hover(seen[index]))
            for index in mine
        ]
    described = f"{count(len(values), 'run')}; {_told(values, unit)}"
    return plot(title, described, *marks, x_ticks=x_ticks, y_ticks=y_ticks, unit=unit, height=160)


def _hover(one: Seen) -> str:
    value = f"{quantity(one.figure.value)} {one.figure.unit}"
    return f"{value}; {one.line.commit or 'no commit'}, {moment(one.line.at)}, load {one.line.load:g}"


def _numbers(title: str, unit: str, seen: Sequence[Seen]) -> Markup:
    rows = [
        [
            moment(one.line.at),
            code(one.line.commit or "–"),
            machine(one.line),
            f"{one.line.load:g}",
            quantity(one.figure.value),
            _beside(one.figure),
        ]
        for one in reversed(seen)
    ]
    return table(["Run", "Commit", "Machine", "#Load", f"#{unit}", "Beside it"], rows, title)


def _beside(one: Figure) -> str:
    return f"{one.beside.name}: {quantity(one.beside.value)} {one.unit}" if one.beside else "–"
