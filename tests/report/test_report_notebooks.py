"""The report of a run of notebooks: what each was for, how it ended, and a way to its page."""

import json
from dataclasses import replace
from pathlib import Path

from pipeline.engine.views import Nodes, NodeView, RunView
from pipeline.report.notebooks import notebooks
from pipeline.report.story import Story
from steps.summaries.notebook import Executed, Loaded
from tests.report import example_runs


def node(folder: Path, name: str, summary: Executed | Loaded, **artifacts: str) -> NodeView:
    (folder / f"{name}.json").write_text(json.dumps(summary.to_json()))
    outputs = {"artifacts": {"summary": str(folder / f"{name}.json"), **artifacts}}
    return NodeView(
        *(name, name, name, "notebook", "Pod", "Succeeded", example_runs.at(0), example_runs.at(9)), outputs=outputs
    )


def run(folder: Path) -> RunView:
    good = Executed(notebook="station", item="7", ended="done", address="s3://a/7.ipynb", seconds=3.2)
    bad = Executed(notebook="station", item="<8>", ended="cell", said="KeyError: 'x'", address="s3://a/8.ipynb")
    loaded = Loaded(rows={"days": 12}, refused=("days: no key",), words="days: 12 rows")
    nodes = [
        node(folder, "n-1", good, page=str(folder / "7.html")),
        node(folder, "n-2", bad),
        node(folder, "n-3", loaded),
    ]
    return replace(example_runs.daily(folder), nodes=Nodes(nodes))


def test_each_has_a_row_with_its_page_and_what_was_handed_over(tmp_path: Path) -> None:
    found = notebooks(Story([run(tmp_path)], example_runs.at(20)))
    assert f'<a href="{(tmp_path / "7.html").as_uri()}">station</a>' in found
    assert "<td>&lt;8&gt;</td>" in found
    assert "failed: KeyError: &#x27;x&#x27;" in found
    assert "s3://a/8.ipynb" in found
    assert "Handed over: <b>days: 12 rows</b>." in found
    assert "days: no key" in found


def test_where_pages_are_served_the_page_is_an_artifact_of_its_node(tmp_path: Path) -> None:
    one = run(tmp_path)
    found = notebooks(Story([one], example_runs.at(20), served=True))
    assert f'<a href="/artifacts/-/{one.id}/n-1/page">station</a>' in found
