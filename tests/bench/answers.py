"""What counting and keeping cost an answer: the model server beside itself without them, asked in turn.

    python -m tests.bench.answers

Requests of one row and of a hundred, 48 features, one after the other. `bare` counts and keeps nothing, `counting`
keeps nothing, `keeping` writes all it may to an object store every second, `store away` has one that does not answer.
"""

import os
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import requests

from pipeline.stack import Stack
from steps.models.linear import Linear
from steps.serving import Predictor
from steps.serving.measures import Store
from tests.bench.history import figure, kept
from tests.steps.support.model_server import PREDICTOR, Address, serving
from tests.steps.support.small_model import pack, upload

FEATURES: Final = ["location", *(f"lag_{hour}" for hour in range(47))]
SECONDS: Final = 12


class Bare(Predictor):
    """The model server as it would be without any of it."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("start", "predicted", "answered"):
            setattr(self._measures, name, _nothing)

    def tell(self, store: Store) -> None:
        """As the wrapper alone does it."""
        self._store = store


def _nothing(*_: Any) -> None:
    pass


VARIANTS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "bare": ("tests.bench.answers.Bare", {"REQUESTS_SHARE": "0"}),
    "counting": (PREDICTOR, {"REQUESTS_SHARE": "0"}),
    "keeping": (PREDICTOR, {"REQUESTS_SECONDS": "1", "REQUESTS_ROWS": "100000"}),
    "store away": (PREDICTOR, {"REQUESTS_SECONDS": "1", "LAKE_BUCKET": "nowhere"}),
}


@kept("answers")
def main() -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        stack = Stack(Path(folder, "state"))
        opened.callback(stack.stop)
        os.environ.update(stack.settings("secret", "object-store"))
        rows = pd.DataFrame(np.random.default_rng(1).normal(30, 10, (500, len(FEATURES))), columns=FEATURES)
        rows["location"] = 9000001.0
        model = Linear.fit(rows, rows["lag_0"].to_numpy(), {}, 1)
        digest = pack(model, Path(folder, "model"))
        uri = upload(Path(folder, "model"), "m")
        servers: dict[str, Address] = {}
        for name, (predictor, settings) in VARIANTS.items():
            os.environ.update({"REQUESTS_SECONDS": "60", "LAKE_BUCKET": "lake", "REQUESTS_SHARE": "1"} | settings)
            log = Path(folder, f"{name}.log")
            servers[name] = opened.enter_context(serving(uri, 1, digest, log, predictor=predictor))
        for size in (1, 100):
            told(size, measured(servers, rows.iloc[:size].to_numpy().tolist()))


def measured(servers: dict[str, Address], rows: list[list[float]]) -> dict[str, list[float]]:
    """Milliseconds of each answer, by variant."""
    found: dict[str, list[float]] = {name: [] for name in servers}
    body = {"data": {"names": FEATURES, "ndarray": rows}}
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        for name, server in servers.items():
            began = time.perf_counter()
            answer = requests.post(f"{server}/api/v1.0/predictions", json=body, timeout=10)
            found[name].append(1000 * (time.perf_counter() - began))
            assert answer.status_code == 200, answer.text
    return found


def told(size: int, found: dict[str, list[float]]) -> None:
    bare = statistics.median(found["bare"])
    print(f"\n{size} rows of {len(FEATURES)} features, {len(found['bare'])} requests each")
    print(f"{'':12} {'median ms':>10} {'more':>7} {'p95 ms':>8}")
    for name, times in found.items():
        median, high = statistics.median(times), float(np.quantile(times, 0.95))
        print(f"{name:12} {median:10.2f} {median - bare:+7.2f} {high:8.2f}")
        figure(f"{size} rows, {name}, median", median, "ms", beside=None if name == "bare" else ("bare", bare))
        figure(f"{size} rows, {name}, 95 %", high, "ms")


if __name__ == "__main__":
    main()
