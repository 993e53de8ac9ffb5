"""What `pipeline serve` costs: `python -m tests.bench.serving`.

A real server in a folder of its own; the bars are: the first byte of a list of 1,000 runs after 100 ms, a change of a
node at a watcher within 200 ms, the first step of a run 0.5 s after it was submitted, and 80 MB of memory with 10 runs
of 1,000 nodes, whether they are over or go on. Real runs are made, and copied in the journal for their number.
"""

import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import requests

from pipeline import engine
from tests.bench.history import figure, kept
from tests.serve.conftest import made
from tests.serve.serving import Served, dag, document, workflow

RUNS = 1000
NODES = 1000
TIMES = 20


@kept("serving")
def main() -> None:
    """Print a line for each measure."""
    print(f"load of the machine: {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores")
    with server() as served:
        _memory("memory of the server alone", served)
        _times("submitted → first step runs", submitted(served))
        _times("node ended → a watcher knows", watched(served))
    with server() as served:
        copies(served, served.create(workflow("small-", "echo hello")), RUNS - 1)
        _times(f"first byte of a list of {RUNS:,} runs", first_byte(served, "/api/v1/workflows/"))
        page = "/api/v1/workflows/?listOptions.limit=50&fields=metadata,items.metadata.name,items.status.phase"
        _times("of its first 50, with fields as the UI asks", first_byte(served, page))
        _times("of the page of runs", first_byte(served, "/runs"))
    for over in (True, False):
        with server() as served:
            large = wide(served)
            names = copies(served, large, 9, over=over)
            for name in names:
                first_byte(served, f"/api/v1/workflows/laptop/{name}", 1)
            how = "are over" if over else "go on"
            _memory(f"memory with 10 runs of {NODES:,} nodes that {how}, each asked for", served)
            one = first_byte(served, f"/api/v1/workflows/laptop/{names[-1]}")
            _times(f"first byte of one of those that {how}", one)


@contextmanager
def server() -> Iterator[Served]:
    """A new one."""
    with tempfile.TemporaryDirectory() as folder:
        served = Served(made(Path(folder)))
        served.start()
        try:
            yield served
        finally:
            served.close()


def _times(what: str, seconds: list[float]) -> None:
    """Say the middle and the worst."""
    middle = statistics.median(seconds) * 1000
    print(f"{what}: {middle:.0f} ms, at most {max(seconds) * 1000:.0f} ms ({len(seconds)} times)")
    figure(what, middle, "ms")


def _memory(what: str, served: Served) -> None:
    found = memory_mb(served)
    print(f"{what}: {found:.0f} MB")
    figure(what, found, "MB")


def memory_mb(served: Served) -> float:
    """What it has of the machine's memory."""
    assert served.process is not None
    status = Path(f"/proc/{served.process.pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def first_byte(served: Served, path: str, times: int = TIMES) -> list[float]:
    """From the request to the first byte of the body."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        with requests.get(f"{served.address}{path}", stream=True, timeout=60) as answer:
            assert next(answer.iter_content(1))
            found.append(time.perf_counter() - began)
            assert sum(map(len, answer.iter_content(2**16)))
    return found


def submitted(served: Served) -> list[float]:
    """From the request to the time at which the first step began."""
    found = []
    for _ in range(TIMES):
        began = time.time()
        name = served.create(workflow("first-", "true"))
        served.ended(name)
        found.append(view(served, name).nodes[0].started_at.timestamp() - began)  # type: ignore[union-attr]
    return found


def watched(served: Served) -> list[float]:
    """From the end of each node of a chain to the event that tells of it."""
    name = "chain"
    served.create(dag(name, **{f"t{number}": "sleep 0.3" for number in range(TIMES)}))
    seen: dict[str, float] = {}
    with served.events(
        "/api/v1/workflow-events/laptop", **{"listOptions.fieldSelector": f"metadata.name={name}"}
    ) as events:
        for event in events:
            now, run = time.time(), event["result"]["object"]
            for node in (run["status"].get("nodes") or {}).values():
                if node["finishedAt"]:
                    seen.setdefault(node["id"], now)
            if run["status"]["finishedAt"]:
                break
    pods = [node for node in view(served, name).nodes if node.type == "Pod"]
    return [seen[node.id] - node.finished_at.timestamp() for node in pods if node.finished_at is not None]


def view(served: Served, name: str) -> engine.RunView:
    return engine.view(engine.Journal(served.home / "journal.db"), name)


def wide(served: Served) -> str:
    """A run of many nodes, made really."""
    tasks = [{"name": "all", "template": "one", "withSequence": {"count": str(NODES - 2)}}]
    one = {"name": "one", "container": {"image": "busybox", "command": ["true"]}}
    templates = [{"name": "main", "dag": {"tasks": tasks}}, one]
    name = served.create(document({"name": "wide"}, {"entrypoint": "main", "templates": templates}))
    while served.get(f"/api/v1/workflows/laptop/{name}", fields="status.phase")["status"]["phase"] == "Running":
        time.sleep(1)
    return name


def copies(served: Served, name: str, number: int, *, over: bool = True) -> list[str]:
    """The run, and copies of it in the journal; `over`: none of them lacks its end."""
    served.ended(name)
    names = [name]
    with closing(sqlite3.connect(served.home / "journal.db")) as journal, journal:
        journal.row_factory = sqlite3.Row
        rows = {table: journal.execute(f"SELECT * FROM {table} WHERE {key} = ?", (name,)).fetchall()
                for table, key in (("runs", "id"), ("events", "run"))}  # fmt: skip
        if not over:
            del rows["events"][-2:]
        for copy in range(number):
            names.append(f"{name}x{copy}")
            for table, found in rows.items():
                for row in found if table == "runs" or number < RUNS // 2 else ():
                    values = {key: row[key] for key in row.keys()}  # noqa: SIM118 - it is no dictionary
                    _put(journal, table, values, name, names[-1], over=over)
    return names


def _put(
    journal: sqlite3.Connection, table: str, values: dict[str, object], name: str, copy: str, *, over: bool
) -> None:
    for key, value in values.items():
        if isinstance(value, str):
            values[key] = value.replace(name, copy)
    if table == "runs" and not over:
        values |= {"finished_at": None, "phase": "Running"}
    marks = ", ".join("?" * len(values))
    journal.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", list(values.values()))


if __name__ == "__main__":
    main()
