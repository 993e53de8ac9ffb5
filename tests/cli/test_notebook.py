"""`pipeline notebook`: a mistake is one line, and a notebook is written for Jupyter."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline import notebooks
from pipeline.cli.notebook import notebook
from pipeline.errors import UserError


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nosuch"], "no notebook 'nosuch'; there are: openaq/station"),
        (["station", "-p", "station"], "-p station: wanted name=value, for example -p station=9000001"),
        (["station", "-p", "name={{x}}"], "a parameter holds '{{', which Argo would expand; take it out"),
        (["station", "--write", "x.txt"], "--write x.txt: wanted a name that ends in .ipynb"),
        (["station", "--write", "x.ipynb", "-p", "a=b"], "--write runs nothing; leave out -p and --as-of"),
        (["station", "--write", "no/such/x.ipynb"], "[Errno 2] No such file or directory: "),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIPELINE_HOME", str(tmp_path / ".pipeline"))
    ended = CliRunner().invoke(notebook, arguments)
    assert isinstance(ended.exception, UserError)
    assert str(ended.exception).startswith(said)


def test_it_is_written_for_jupyter_the_same_each_time(tmp_path: Path) -> None:
    _, declared = notebooks.find("openaq/station")
    for name in ("a.ipynb", "b.ipynb"):
        notebooks.write(declared, tmp_path / name)
    text = (tmp_path / "a.ipynb").read_text()
    assert text == (tmp_path / "b.ipynb").read_text()
    assert json.loads(text)["cells"][1]["metadata"]["tags"] == ["parameters"]
