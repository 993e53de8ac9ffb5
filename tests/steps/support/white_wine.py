"""A look-alike of UCI's white wine: the columns of the red, with the means and spreads that are published for it."""

from random import Random

from pipeline.quickstart.tabular_samples import look_alike

# of P. Cortez et al. 2009, table 1: mean, standard deviation, least value, decimals
_COLUMNS = (
    (6.85, 0.84, 3.8, 1),
    (0.278, 0.10, 0.08, 3),
    (0.334, 0.12, 0.0, 2),
    (6.39, 5.07, 0.6, 1),
    (0.0458, 0.022, 0.009, 3),
    (35.3, 17.0, 2, 0),
    (138, 42.5, 9, 0),
    (0.99403, 0.0030, 0.987, 5),
    (3.19, 0.15, 2.7, 2),
    (0.49, 0.11, 0.22, 2),
    (10.5, 1.23, 8.0, 1),
)


def white_wine(rows: int, seed: int) -> bytes:
    """That many made-up white wines; the same seed gives the same bytes."""
    draw = Random(seed)
    lines = [look_alike("wine", 0, 0).decode().strip()]
    for _ in range(rows):
        values = [f"{max(draw.gauss(mean, sd), least):.{digits}f}" for mean, sd, least, digits in _COLUMNS]
        lines.append(";".join([*values, str(min(max(round(draw.gauss(5.88, 0.89)), 3), 8))]))
    return "\n".join(lines).encode() + b"\n"
