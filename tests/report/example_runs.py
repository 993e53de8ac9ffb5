"""Example runs for the tests of the report and the live tree: what backfill, train and daily leave behind. The nodes
are linked as Argo links them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.engine.views import Nodes, NodeView, RunView
from pipeline.projects.openaq import OPENAQ
from tests.report.example_summaries import dataset, decision, predictions, validation

BEGAN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PREDICTING = '{"time": "x", "level": "info", "message": "predicting 24 hours"}\n'


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


@dataclass
class Builder:
    """Makes one run's nodes in the order in which an engine would."""

    run: str
    workflow: str
    folder: Path
    nodes: list[NodeView] = field(default_factory=list)

    def holder(
        self, name: str, kind: str, start: float, end: float | None, boundary: str | None = None, **more: Any
    ) -> str:
        """A DAG or TaskGroup."""
        self.nodes.append(
            NodeView(
                id=name,
                name=name,
                display_name=name.rpartition(".")[2],
                template=name.rpartition(".")[2],
                type=kind,
                phase=more.pop("phase", "Succeeded" if end is not None else "Running"),
                started_at=at(start),
                finished_at=None if end is None else at(end),
                boundary=boundary,
                **more,
            )
        )
        return name

    def step(
        self,
        name: str,
        start: float,
        end: float | None,
        boundary: str,
        after: Sequence[str] = (),
        *,
        summary: dict[str, Any] | None = None,
        failed: Sequence[str] = (),
        phase: str | None = None,
        log: str = "",
    ) -> str:
        """A step under a Retry node: each of `failed` is the message of an attempt that came before the last."""
        phase = phase or ("Succeeded" if end is not None else "Running")
        attempts = [*failed, ""] if phase not in {"Failed", "Error"} else list(failed)
        ids = [f"{name}({index})" for index in range(len(attempts))]
        length = ((end if end is not None else start + 5) - start) / max(len(attempts), 1)
        outputs: dict[str, Any] = {}
        if summary is not None:
            path = self.folder / f"{self.run}-{name}.json"
            path.write_text(json.dumps(summary))
            outputs = {"parameters": {}, "artifacts": {"summary": str(path)}}
        self.nodes.append(
            NodeView(
                id=name,
                name=name,
                display_name=name.rpartition(".")[2],
                template=name.rpartition(".")[2],
                type="Retry",
                phase=phase,
                started_at=at(start),
                finished_at=None if end is None else at(end),
                message=failed[-1] if phase in {"Failed", "Error"} else "",
                children=tuple(ids),
                boundary=boundary,
                outputs=outputs,
            )
        )
        for index, (node, message) in enumerate(zip(ids, attempts, strict=True)):
            folder = self.folder / "logs" / f"{len(self.nodes)}-{self.run}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "stderr.log").write_text(log)
            is_last = index == len(ids) - 1
            began = start + index * length
            self.nodes.append(
                NodeView(
                    id=node,
                    name=node,
                    display_name=node.rpartition(".")[2],
                    template=name.rpartition(".")[2],
                    type="Pod",
                    phase=phase if is_last else "Failed",
                    started_at=at(began),
                    finished_at=(None if end is None else at(end)) if is_last else at(began + length),
                    message=message,
                    boundary=boundary,
                    outputs=outputs if is_last else {},
                    log=folder,
                    attempt=index,
                )
            )
        for before in after:
            self.link(before, name)
        return ids[-1]

    def link(self, before: str, after: str) -> None:
        """Make `after` a child of `before`."""
        index = next(index for index, node in enumerate(self.nodes) if node.id == before)
        self.nodes[index] = replace(self.nodes[index], children=(*self.nodes[index].children, after))

    def view(self, phase: str, start: float, end: float | None, message: str = "", **parameters: str) -> RunView:
        return RunView(
            id=self.run,
            workflow=self.workflow,
            parameters={
                "locations": "",
                "parameter": "no2",
                "as-of": "2003-06-23T00:00:00Z",
                "declaration": OPENAQ.declaration(),
                **parameters,
            },
            phase=phase,
            message=message,
            created_at=at(start),
            started_at=at(start),
            finished_at=None if end is None else at(end),
            nodes=Nodes(self.nodes),
        )


def backfill(folder: Path) -> RunView:
    made = Builder("openaq-backfill-4k2xq", "openaq-backfill", folder)
    root = made.holder("openaq-backfill-4k2xq", "DAG", 0, 27.4)
    plan = made.step(f"{root}.plan", 0.1, 1.9, root, [root])
    group = made.holder(f"{root}.fetch", "TaskGroup", 1.9, 9.6, root)
    made.link(plan, group)
    fetched = [
        made.step(f"{root}.fetch(0:0)", 2.0, 9.1, root, [group]),
        made.step(f"{root}.fetch(1:1)", 2.0, 9.6, root, [group], failed=["connection reset by peer"]),
    ]
    made.step(f"{root}.prepare", 9.7, 27.3, root, fetched, summary=validation(1094, 3))
    return made.view("Succeeded", 0, 27.4, **{"from": "2001-12-23", "to": "2003-06-22"})


def train(folder: Path, *, promoted: bool = True) -> RunView:
    made = Builder("openaq-train-r8w5n", "openaq-train", folder)
    root = made.holder("openaq-train-r8w5n", "DAG", 28, 83.2)
    snapshot = made.step(f"{root}.snapshot", 28.1, 31.7, root, [root], summary=dataset())
    last = []
    for family, ends in (("linear", (38.2, 37.6)), ("lightgbm", (63.9, 66.1))):
        group = made.holder(f"{root}.trials-{family}", "TaskGroup", 31.8, max(ends), root)
        made.link(snapshot, group)
        last += [
            made.step(f"{root}.trials-{family}({index}:{index})", 31.9, end, root, [group])
            for index, end in enumerate(ends)
        ]
    decide = made.step(f"{root}.decide", 66.2, 75.9, root, last, summary=decision(promoted=promoted))
    release = made.holder(
        f"{root}.release",
        "DAG",
        76.0,
        83.1 if promoted else 76.0,
        root,
        phase="Succeeded" if promoted else "Skipped",
        message="" if promoted else "when 'false == true' evaluated false",
    )
    made.link(decide, release)
    if promoted:
        admit = made.step(f"{root}.release.admit", 76.1, 76.9, release, [release])
        deploy = made.step(f"{root}.release.deploy", 77.0, 80.2, release, [admit])
        made.step(f"{root}.release.verify", 80.3, 83.0, release, [deploy])
    return made.view("Succeeded", 28, 83.2)


def train_that_failed(folder: Path) -> RunView:
    made = Builder("openaq-train-zz9pl", "openaq-train", folder)
    root = made.holder("openaq-train-zz9pl", "DAG", 0, 41, phase="Failed", message="child 'decide' failed")
    snapshot = made.step(f"{root}.snapshot", 0.1, 3.7, root, [root], summary=dataset())
    group = made.holder(f"{root}.trials-linear", "TaskGroup", 3.8, 14, root)
    made.link(snapshot, group)
    last = [made.step(f"{root}.trials-linear({index}:{index})", 4, 14 - index, root, [group]) for index in range(2)]
    decide = made.step(
        f"{root}.decide",
        14.2,
        40.1,
        root,
        last,
        phase="Failed",
        failed=[
            "error (exit code 1)",
            "error: the tracking server does not answer at 127.0.0.1:5000; start it with `pipeline up`",
        ],
        log="09:30:15 20 trials read\n09:30:16 the winner is linear 7\n09:30:40 error: it does not answer\n",
    )
    made.nodes.append(
        NodeView(
            f"{root}.release",
            f"{root}.release",
            "release",
            "release",
            "DAG",
            "Omitted",
            at(40.2),
            at(40.2),
            "omitted: depends condition not met",
            boundary=root,
        )
    )
    made.link(decide, f"{root}.release")
    made.step(f"{root}.onExit", 40.3, 40.9, "", [])
    return made.view("Failed", 0, 41, message="child 'decide' failed")


def daily(folder: Path, *, end: float | None = 98.4) -> RunView:
    made = Builder("openaq-daily-6tt2c", "openaq-daily", folder)
    root = made.holder("openaq-daily-6tt2c", "DAG", 84, end)
    plan = made.step(f"{root}.plan", 84.1, 85.4, root, [root])
    group = made.holder(f"{root}.fetch", "TaskGroup", 85.5, 87.1, root)
    made.link(plan, group)
    fetched = [made.step(f"{root}.fetch(0:0)", 85.6, 87.1, root, [group])]
    prepare = made.step(f"{root}.prepare", 87.2, 95.8, root, fetched, summary=validation(20, 0))
    if end is None:
        made.step(f"{root}.publish", 95.9, None, root, [prepare], log=PREDICTING)
        return made.view("Running", 84, None)
    made.step(f"{root}.publish", 95.9, end, root, [prepare], summary=predictions())
    return made.view("Succeeded", 84, end)
