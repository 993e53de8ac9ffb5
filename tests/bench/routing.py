"""What the router costs, and what a bad challenger costs: `python -m tests.bench.routing`.

Real model servers (`seldon-core-microservice`) and the real router. First the times of single predictions, asked in
turn of the server itself and through the router, with nothing on trial, a shadow, and a canary of 10 %; bar: 5 ms more
at the 95th percentile. Then 10,000 requests from 8 clients for each harm (killed, hanging, answering 500), in ten
trials of a canary of 50 %; bar: no answer that is not 200.
"""

import http.client
import json
import signal
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import numpy as np
import psutil

from tests.bench.history import figure, kept
from tests.steps.router.running import PREDICTIONS, ROW, World, predictor, world

REQUESTS = 500
HARMED = 10_000
TRIALS = 10
CLIENTS = 8
BODY = json.dumps(ROW).encode()
_versions = count(10)


@kept("routing")
def main() -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as running:
        for _ in range(50):
            running.ask()
        print(f"one prediction, {REQUESTS} each in turn, ms  {'50 %':>12}{'95 %':>8}{'99 %':>8}")
        _costs(running)
        pss = psutil.Process(running.router.popen.pid).memory_full_info().pss / 2**20
        print(f"the router's memory: {pss:.0f} MB\n")
        figure("the router's memory", pss, "MB")
        print(f"{HARMED} requests, {CLIENTS} clients, {TRIALS} trials  not 200  slowest  until withdrawn, most")
        for harm in (killed, hanging, broken):
            _harmed(running, harm)


def _costs(running: World) -> None:
    direct, routed = running.servers["default"].port, running.router.port
    modes: dict[str, Callable[[], None]] = {
        "nothing on trial": lambda: None,
        "a shadow": lambda: running.try_out(trial=str(next(_versions)), shadow=True),
        "a canary of 10 %": lambda: running.try_out(trial=str(next(_versions)), traffic=10),
    }
    for name, begin in modes.items():
        begin()
        times = np.array([[seconds(port) for port in (direct, routed)] for _ in range(REQUESTS)]) * 1000
        quantiles = np.percentile(times, [50, 95, 99], axis=0)
        for column, what in enumerate(("direct", f"router, {name}")):
            print(f"  {what:<40}" + "".join(f"{value:8.2f}" for value in quantiles[:, column]))
        print(f"  {'more':<40}" + "".join(f"{value:8.2f}" for value in quantiles[:, 1] - quantiles[:, 0]), flush=True)
        for share, (straight, through) in zip((50, 95, 99), quantiles, strict=True):
            figure(f"one prediction, {name}, {share} %", float(through), "ms", beside=("direct", float(straight)))
    running.declare([predictor("default", "1")])


def seconds(port: int) -> float:
    """What one prediction takes."""
    start = time.perf_counter()
    assert status(port) == 200
    return time.perf_counter() - start


def status(port: int) -> int:
    """Of one prediction, by a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", PREDICTIONS, BODY, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def killed(running: World) -> None:
    """The challenger's server is gone, its workers with it."""
    running.servers["challenger"].send(signal.SIGKILL)


def hanging(running: World) -> None:
    """It takes requests, and does nothing."""
    running.servers["challenger"].send(signal.SIGSTOP)


def broken(running: World) -> None:
    """It answers 500."""
    running.mood("challenger", "broken")


def _harmed(running: World, harm: Callable[[World], None]) -> None:
    bad, slowest, until = 0, 0.0, 0.0
    for _ in range(TRIALS):
        running.try_out(trial=str(next(_versions)), traffic=50)
        start: list[float] = []

        def ask(number: int, start: list[float] = start) -> tuple[int, float]:
            if number == CLIENTS * 2:
                harm(running)
                start.append(time.perf_counter())
            begun = time.perf_counter()
            return status(running.router.port), time.perf_counter() - begun

        with ThreadPoolExecutor(CLIENTS + 1) as pool:
            withdrawn = pool.submit(_withdrawn, running, start)
            answers = list(pool.map(ask, range(HARMED // TRIALS)))
            until = max(until, withdrawn.result())
        bad += sum(code != 200 for code, _ in answers)
        slowest = max(slowest, *(each for _, each in answers))
        _mend(running)
    print(f"  {harm.__name__:<40}{bad:8d}{slowest:8.2f} s{until:12.2f} s", flush=True)
    figure(f"{harm.__name__}: answers that are not 200", bad, "answers")
    figure(f"{harm.__name__}: until withdrawn, at most", until, "s")


def _withdrawn(running: World, start: list[float]) -> float:
    """How long the alarm took after the harm, in seconds."""
    while not start:
        time.sleep(0.001)
    running.until(lambda state: state["challenger"]["state"] == "withdrawn", 60)
    return time.perf_counter() - start[0]


def _mend(running: World) -> None:
    running.mood("challenger", "fine")
    server = running.servers["challenger"]
    server.send(signal.SIGCONT)
    if server.popen.poll() is not None:
        running.start_again("challenger")
    running.declare([predictor("default", "1")])
    running.until(lambda state: state["mode"] == "direct")


if __name__ == "__main__":
    main()
