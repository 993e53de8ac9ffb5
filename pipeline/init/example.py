"""A table for who has none yet: made up, and said to be."""

from random import Random

_ROWS = 400
_SEED = 7


def table() -> str:
    """Flats and their prices: every number is drawn, and says nothing about any city."""
    draw, lines = Random(_SEED), ["area,rooms,floor,distance,kind,price"]  # noqa: S311 - no secret
    for _ in range(_ROWS):
        area = min(max(draw.gauss(75, 25), 20), 200)
        rooms, floor, distance = (
            max(1, round(area / 28 + draw.gauss(0, 0.6))),
            draw.randint(0, 8),
            draw.uniform(0.2, 15),
        )
        kind = draw.choice(("old", "old", "new"))
        price = 3.4 * area + 6 * floor - 9 * distance + (60 if kind == "new" else 0) + draw.gauss(110, 25)
        lines.append(f"{area:.1f},{rooms},{floor},{distance:.1f},{kind},{max(price, 20):.1f}")
    return "\n".join(lines) + "\n"
