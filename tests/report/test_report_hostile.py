"""What the report shows was written by others: manifests, uploads, sources, logs. On the page it is text, no more."""

import json
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine.views import Nodes, RunView
from pipeline.report import write
from steps.pages import decision
from steps.summaries.decision import Decision
from tests.report import example_runs, example_summaries

EVIL = "</title></style></script><script>alert(1)</script><img src=x onerror=alert(2)>\"'><b>&amp;{{1+1}}"
STEERING = "\x1b[31mred\x07\x00\r\u202egnirts\u2066\ud800\u2028"
ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "footer", "nav", "section", "div", "p", "a"),
    *("h1", "h2", "h3", "span", "small", "b", "br", "code", "pre", "dl", "dt", "dd", "ol", "li", "details", "summary"),
    *(
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "svg",
        "desc",
        "g",
        "path",
        "line",
        "rect",
        "circle",
        "text",
    ),
}


class Names(HTMLParser):
    """Names of elements and attributes, and all text."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def spoiled(value: Any) -> Any:
    """Every text in a summary, but its kind and its times, made hostile; keys of free objects too."""
    if isinstance(value, dict):
        return {key: item if key in KEPT else spoiled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [spoiled(item) for item in value]
    return f"{value}{EVIL}" if isinstance(value, str) else value


KEPT = {"kind", "time", "target_at", "as_of", "from", "to", "holdout_from"}


def hostile(run: RunView) -> RunView:
    """The run with hostile names, messages, parameters, logs and summaries."""
    for node in run.nodes:
        if path := node.outputs.get("artifacts", {}).get("summary"):
            summary = json.loads(Path(path).read_text())
            Path(path).write_text(json.dumps(summary if EVIL in json.dumps(summary) else spoiled(summary)))
        if node.log:
            (node.log / "stderr.log").write_bytes(f"{EVIL}\n\x1b[2J".encode() + b"\xff\xfe")
    nodes = tuple(
        replace(node, display_name=f"{EVIL}{node.display_name}", template=EVIL, message=EVIL + STEERING)
        for node in run.nodes
    )
    given = {EVIL: EVIL, "as-of": EVIL, "declaration": EVIL, "locations": EVIL + STEERING}
    return replace(run, id=EVIL + run.id, workflow=EVIL, message=EVIL, parameters=given, nodes=Nodes(nodes))


@pytest.mark.parametrize(
    "make",
    [example_runs.backfill, example_runs.train, example_runs.train_that_failed, example_runs.daily],
    ids=lambda make: make.__name__,
)
def test_hostile_text_stays_text(tmp_path: Path, make: Callable[[Path], RunView]) -> None:
    source = write([hostile(make(tmp_path))], tmp_path / "report.html").read_text(encoding="utf-8")
    page = Names(source)
    assert page.names <= ALLOWED
    assert not {name for name in page.attributes if name.startswith("on") or name in {"src", "style"}}
    assert source.lower().count("<script") == 0
    assert source.count("</style>") == 1
    assert "<script>alert(1)</script>" in page.text


def test_hostile_text_stays_text_on_the_page_of_a_decision() -> None:
    summary = spoiled(example_summaries.decision(promoted=False) | {"fingerprint": "", "recipe": {"family": ""}})
    summary["metric"] = "rmse"
    summary["forecast"] = {EVIL: summary["forecast"]["9000001"]}
    summary["folds"] = [fold | {"naive": {EVIL: 20.0}} for fold in summary["folds"]]
    source = decision.page(EVIL + STEERING, Decision.read(summary))
    page = Names(source)
    assert page.names <= ALLOWED
    assert not {name for name in page.attributes if name.startswith("on") or name in {"src", "style"}}
    assert "Cannot be shown" not in source
    assert source.lower().count("<script") == 0
    assert source.count("</style>") == 1
    assert page.text.count("<script>alert(1)</script>") > 10
    assert not {"\x1b", "\x07", "\x00", "\r", "\u202e", "\u2066", "\u2028"} & set(source)


def test_what_steers_a_terminal_or_turns_text_round_is_left_out(tmp_path: Path) -> None:
    source = write([hostile(example_runs.train_that_failed(tmp_path))], tmp_path / "report.html").read_text("utf-8")
    assert not {"\x1b", "\x07", "\x00", "\r", "\u202e", "\u2066", "\u2028"} & set(source)
    assert "[31mredgnirts" in source


def test_class_of_an_unknown_phase_cannot_leave_its_attribute(tmp_path: Path) -> None:
    run = example_runs.daily(tmp_path)
    nodes = tuple(replace(node, phase=f'x"{EVIL}', type=EVIL) for node in run.nodes)
    page = Names(write([replace(run, phase=EVIL, nodes=Nodes(nodes))], tmp_path / "report.html").read_text("utf-8"))
    assert page.names <= ALLOWED


def test_keys_of_summaries_are_escaped_too(tmp_path: Path) -> None:
    run = example_runs.train(tmp_path, promoted=False)
    path = next(tmp_path.glob("*decide.json"))
    summary = json.loads(path.read_text())
    summary["bootstrap"] = {EVIL: 1}
    summary["forecast"] = {EVIL: summary["forecast"]["9000001"]}
    summary["trials"][0]["parameters"] = {EVIL: EVIL}
    path.write_text(json.dumps(summary))
    page = Names(write([run], tmp_path / "report.html").read_text("utf-8"))
    assert page.names <= ALLOWED
    assert page.text.count("alert(1)") >= 3
