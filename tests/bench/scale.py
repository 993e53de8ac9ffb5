"""From ten locations to ten thousand: `python -m tests.bench.scale [LOCATIONSxDAYS …]`.

Made-up archives of a few sizes go through every step on a real object store, each step a process of its own as a pod
is (`simulated/world.py`). What each took is counted: seconds of a core, memory, requests, bytes, and the objects and
rows that are left. Curves through the sizes say the rest: one of 50 shards of 10,000 locations with 400 days, and all
of them in one. Argo's object is made as it would be at each size. Printed and drawn (`.bench/scale.html`): each
quantity with its exponent, what breaks first, and what it costs at list prices. Bars: 1 GB for a step, and nothing
that grows with a power above 1.15. Within half an hour on two cores; give fewer sizes for less.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.stack import Stack
from steps.pages.words import quantity
from tests.bench.history import figure, kept
from tests.bench.history.lines import place
from tests.bench.simulated import costs, objects, rows
from tests.bench.simulated.page import page
from tests.bench.simulated.quantities import (
    HISTORY,
    SHARDS,
    WHOLE,
    Quantity,
    What,
    broken,
    decided,
    quantities,
)
from tests.bench.simulated.world import Measured, measure

DECIDED = 10, 20, 40  # locations with 400 days
ID = 7_000_000  # as long as OpenAQ's newest
SIZES = "10x31", "30x31", "100x31", "200x31", "10x400"


@kept("scale")
def main() -> None:
    """Measure the sizes that were asked for, and tell what follows."""
    sizes = [tuple(map(int, word.split("x"))) for word in sys.argv[1:] or SIZES]
    with tempfile.TemporaryDirectory() as home:
        stack = Stack(Path(home, "state"))
        stack.ensure("object-store")
        try:
            found = [measure(stack, Path(home, f"{count}-{days}"), count, days) for count, days in sizes]
        finally:
            stack.stop()
    tell(found, {count: rows.asked(count) for count in DECIDED})


def tell(found: Sequence[Measured], learned: Mapping[int, Mapping[str, Mapping[str, float]]]) -> None:
    """Print a table, and draw the page."""
    whole = [*quantities(found), *decided(learned), *_objects()]
    shard = WHOLE // SHARDS
    print(f"Fitted to {', '.join(f'{one.locations} locations with {one.days} days' for one in found)}.\n")
    print(f"| what | power | {shard} locations, {HISTORY} days | {WHOLE:,} in one |\n|---|---|---|---|")
    for one in whole:
        words = " **superlinear**" if one.fit.superlinear else ""
        values = " | ".join(f"{quantity(one.at(size))} {one.what.unit}" for size in (shard, WHOLE))
        print(f"| {one.what.group}, {one.what.name} | {one.fit.exponent:.2f}{words} | {values} |")
        figure(f"{one.what.group}, {one.what.name}: {shard} locations", one.at(shard), one.what.unit)
        figure(f"{one.what.group}, {one.what.name}: power", one.fit.exponent, "")
    print("\nWhat breaks, with 400 days of each location, the first one first:")
    lines = [f"at {size:,.0f} locations the {words}" for size, words in broken(whole)]
    print("\n".join(lines) or f"nothing up to {WHOLE:,}")
    print(f"\nAt list prices a month, in dollars, {SHARDS} shards of {shard} locations:")
    for name, dollars in costs.month(whole, shard, SHARDS).items():
        print(f"| {name} | {dollars:,.2f} |")
        figure(f"a month of {WHOLE:,} locations: {name}", dollars, "$")
    drawn = place().with_name("scale.html")
    drawn.parent.mkdir(parents=True, exist_ok=True)
    lede = f"What breaks first: {lines[0]}." if lines else "Nothing breaks up to there."
    drawn.write_text(page(whole, lede), encoding="utf-8")
    print(f"\n{drawn}")


def _objects() -> list[Quantity]:
    """Argo's object for the daily workflow and the longest argument of a pod, at each size."""
    sizes = (10, 100, 1000, 3000, WHOLE)
    found = {count: objects.daily(",".join(str(ID + one) for one in range(count)), SHARDS) for count in sizes}
    parts = (("the object", "plain", "bytes"), ("nodes packed", "packed", "bytes"), ("nodes", "nodes", "nodes"))
    return [
        Quantity(What("workflow", name, unit, False), {count: getattr(one, field) for count, one in found.items()})
        for name, field, unit in (*parts, ("an argument", "argument", "bytes"))
    ]


if __name__ == "__main__":
    main()
