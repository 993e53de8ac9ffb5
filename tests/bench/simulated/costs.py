"""What a month costs: a shard's work on each of its days, its trainings, and what is kept, times the shards."""

from collections.abc import Sequence
from typing import Final

from tests.bench.simulated.prices import Work, kept
from tests.bench.simulated.quantities import DAILY, LEARNING, LIMIT, Quantity

DAYS: Final = 30
TRAININGS: Final = 4.3  # of a weekly schedule
TRIALS: Final = {"trial, linear": 12, "trial, lightgbm": 8}  # as openaq declares them


def month(found: Sequence[Quantity], locations: int, shards: int) -> dict[str, float]:
    """Dollars by what they are for. One shard learns, for all of them."""
    at = {(one.what.group, one.what.name): one.at(locations) for one in found}
    day = Work(
        core=sum(at["time", name] for name in DAILY),
        memory=LIMIT / 1000,
        dear=at["requests", "a day: PUT and LIST"],
        cheap=at["requests", "a day: GET"],
    )
    memory = max(at["memory", name] for name in (*LEARNING, "decide")) / 1000
    training = Work(
        core=sum(at["time", name] * TRIALS.get(name, 1) for name in (*LEARNING, "decide")),
        memory=max(memory, LIMIT / 1000),
        dear=at["requests", "learning: PUT and LIST"],
        cheap=at["requests", "learning: GET"],
    )
    store = sum(value for (group, name), value in at.items() if group == "store" and name.endswith("bytes")) / 1000
    found_month = {
        "each day's work": day.dollars * DAYS * shards,
        "a weekly training": training.dollars * TRAININGS,
        "what is kept, with the database's server": kept(store * shards, at["database", "the file"] / 1000 * shards),
    }
    return found_month | {"together": sum(found_month.values())}
