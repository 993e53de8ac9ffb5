"""The house as a picture, drawn from its imports: `python -m tests.house.drawing` writes docs/architecture.svg.

A room is a package, with the lines of its code; an arrow leads to what it imports. An arrow that others make
superfluous is left out, and so are `errors` and `settings`, which everything may import.
"""

from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from tests import ROOT
from tests.house.layout import Area, Layout, reduced
from tests.house.measures import House, module_of

PICTURE = ROOT / "docs" / "architecture.svg"
LEFT_OUT = {"pipeline", "pipeline.errors", "pipeline.__main__", "steps", "steps.errors", "steps.settings"}
WIDTH, MARGIN = 1240, 16
ROOM, HEIGHT, ROW, TITLE = 112, 40, 64, 58
TITLES = {
    "pipeline": ("pipeline/", "decides what runs when, and shows it"),
    "engine": ("pipeline/engine/", "runs any Argo manifest on this machine"),
    "steps": ("steps/", "what runs: commands, and what they share"),
}
STYLE = """
text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 13px; fill: #1f2328 }
.lines { font-size: 11px; fill: #59636e }
.title { font-size: 15px; font-weight: 600 }
.title .lines { font-weight: 400 }
.title, .what { paint-order: stroke; stroke: #f6f8fa; stroke-width: 6px }
.what { fill: #59636e }
.storey { fill: #f6f8fa; stroke: #d1d9e0 }
.room { fill: #ffffff; stroke: #818b98 }
.pipeline .room { stroke: #0969da } .engine .room { stroke: #8250df } .steps .room { stroke: #1a7f37 }
.arrow { fill: none; stroke: #818b98; stroke-width: 1.3 }
.head { fill: #818b98 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .lines, .what { fill: #9198a1 }
  .title, .what { stroke: #151b23 }
  .storey { fill: #151b23; stroke: #3d444d }
  .room { fill: #0d1117; stroke: #656c76 }
  .pipeline .room { stroke: #4493f8 } .engine .room { stroke: #ab7df8 } .steps .room { stroke: #3fb950 }
  .arrow { stroke: #9198a1 }
  .head { fill: #9198a1 }
}
""".strip()


@dataclass(frozen=True, order=True)
class Room:
    """A package, or what lies loose in one."""

    storey: str
    name: str


def room_of(module: str) -> Room | None:
    """Where a module is; None: it is left out."""
    parts = module.split(".")
    if module in LEFT_OUT:
        return None
    if parts[:2] == ["pipeline", "engine"]:
        return Room("engine", parts[2] if len(parts) > 2 else "engine")
    own = ROOT / "steps" / parts[1]
    if parts[0] == "steps" and (not own.is_dir() or (own / "__main__.py").exists()):
        return Room("steps", "commands")
    return Room(parts[0], parts[1])


def draw(house: House) -> str:
    """The picture as SVG."""
    rooms: dict[str, Room] = {}
    lines: dict[Room, int] = {}
    for path in house.files:
        if room := room_of(module_of(path)):
            rooms[module_of(path)] = room
            lines[room] = lines.get(room, 0) + house.lines(path)
    edges = {
        (rooms[module], rooms[other])
        for module, others in house.imports.items()
        if module in rooms
        for other in others
        if other in rooms and rooms[other] != rooms[module]
    }
    return _Picture(lines, {(_key(source), _key(target)) for source, target in edges}).text()


def _key(room: Room) -> str:
    return f"{room.storey}/{room.name}"


class _Picture:
    def __init__(self, lines: dict[Room, int], edges: set[tuple[str, str]]) -> None:
        self.lines = {_key(room): count for room, count in lines.items()}
        self.rooms = {_key(room): room for room in lines}
        groups = {key: room.storey for key, room in self.rooms.items()}
        kept = reduced(edges)
        top = 1 + _depth([key for key in self.rooms if groups[key] == "pipeline"], kept)
        middle = WIDTH * 0.56
        self.areas = {
            "pipeline": Area(MARGIN, WIDTH - MARGIN, 0),
            "steps": Area(MARGIN, middle - MARGIN / 2, top),
            "engine": Area(middle + MARGIN / 2, WIDTH - MARGIN, top),
        }
        self.top = top
        self.layout = Layout(groups, kept, self.areas, ROOM + 18)
        self.depth = max(self.layout.rank.values()) + 1
        self.height = round(self.y(self.depth - 1) + HEIGHT + 2 * MARGIN)

    def y(self, rank: int) -> float:
        """The upper edge of a rank's rooms."""
        return 70 + ROW * rank + (76 if rank >= self.top else 0)

    def text(self) -> str:
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" role="img">',
            "<title>The packages and what they import</title>",
            f"<style>\n{STYLE}\n</style>",
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
            ' orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker></defs>',
            *(self._storey(name) for name in TITLES),
            *(self._arrow(path) for _, path in sorted(self.layout.paths.items())),
            *(self._room(key) for key in sorted(self.rooms)),
            *(self._title(name) for name in TITLES),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _storey(self, name: str) -> str:
        area = self.areas[name]
        first = self.y(area.top) - TITLE
        last = self.y(self.top) - TITLE - MARGIN if name == "pipeline" else self.height - MARGIN
        return (
            f'<rect class="storey" x="{area.left - 4:.0f}" y="{first:.0f}" width="{area.right - area.left + 8:.0f}"'
            f' height="{last - first:.0f}" rx="8"/>'
        )

    def _title(self, name: str) -> str:
        area, (title, what) = self.areas[name], TITLES[name]
        first = self.y(area.top) - TITLE
        total = sum(count for key, count in self.lines.items() if self.rooms[key].storey == name)
        return (
            f'<text class="title" x="{area.left + 8:.0f}" y="{first + 23:.0f}">{title}'
            f'<tspan class="lines" dx="8">{sized(total)} lines</tspan></text>\n'
            f'<text class="what" x="{area.left + 8:.0f}" y="{first + 41:.0f}">{escape(what)}</text>'
        )

    def _room(self, key: str) -> str:
        room, x, y = self.rooms[key], self.layout.x[key], self.y(self.layout.rank[key])
        return (
            f'<g class="{room.storey}"><rect class="room" x="{x - ROOM / 2:.0f}" y="{y:.0f}"'
            f' width="{ROOM}" height="{HEIGHT}" rx="5"/>'
            f'<text x="{x:.0f}" y="{y + 17:.0f}" text-anchor="middle">{escape(room.name)}</text>'
            f'<text class="lines" x="{x:.0f}" y="{y + 32:.0f}" text-anchor="middle">{sized(self.lines[key])}</text></g>'
        )

    def _arrow(self, path: list[str]) -> str:
        """From the lower edge of a room to the upper edge of another, past what lies between."""
        x = [self.layout.x[key] for key in path]
        y = [self.y(self.layout.rank[key]) for key in path]
        words = [f"M{x[0]:.0f} {y[0] + HEIGHT:.0f}"]
        for number in range(1, len(path)):
            start, end = y[number - 1] + HEIGHT, y[number] - (1 if number == len(path) - 1 else 0)
            half = (start + end) / 2
            words.append(f"C{x[number - 1]:.0f} {half:.0f} {x[number]:.0f} {half:.0f} {x[number]:.0f} {end:.0f}")
            if number < len(path) - 1:
                words.append(f"V{y[number] + HEIGHT:.0f}")
        return f'<path class="arrow" d="{"".join(words)}" marker-end="url(#head)"/>'


def _depth(nodes: list[str], edges: list[tuple[str, str]]) -> int:
    """The longest way between the nodes, in edges."""
    inner = [edge for edge in edges if set(edge) <= set(nodes)]
    deep = dict.fromkeys(nodes, 0)
    for _ in nodes:
        for source, target in inner:
            deep[target] = max(deep[target], deep[source] + 1)
    return max(deep.values())


def sized(count: int) -> str:
    """Lines to two digits: the picture need not be drawn again for each of them."""
    step = max(10, 10 ** (len(str(count)) - 2))
    return f"{round(count / step) * step:,}"


def main() -> None:
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(draw(House()), encoding="utf-8")
    print(f"wrote {PICTURE.relative_to(Path.cwd()) if PICTURE.is_relative_to(Path.cwd()) else PICTURE}")


if __name__ == "__main__":
    main()
