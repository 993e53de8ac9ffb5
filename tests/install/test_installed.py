"""An installed product works in any folder, keeps its state there, and writes nothing beside its own code."""

import re
import sys
from pathlib import Path

import pytest

from pipeline import __version__
from pipeline.engine.processes import wait_until
from tests.install.installing import HELLO, Installed, install, uv


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """With the extra `laptop`, and the sample's data."""
    return install(tmp_path_factory.mktemp("laptop"), "--extra", "laptop", "--group", "sample")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """With no extra."""
    return install(tmp_path_factory.mktemp("base"))


@pytest.mark.soak
def test_every_command_that_needs_no_server_works_in_an_empty_folder(laptop: Installed) -> None:
    before = laptop.files()
    assert "quickstart" in laptop.said("--help")
    assert laptop.said("--version").split()[-1] == __version__
    assert laptop.said("status").startswith(f"no state yet at {laptop.folder}/.pipeline; ")
    assert "FAIL" not in laptop.said("doctor")
    assert "steps.snapshot" in laptop.said("run", "openaq-train", "--dry-run")
    assert "openaq-daily" in laptop.said("cron")
    assert "ok   openaq-train: this engine runs it" in laptop.said("lint")
    assert list(laptop.folder.iterdir()) == [], "none of these leaves anything"

    (laptop.folder / "hello.yaml").write_text(HELLO, encoding="utf-8")
    assert re.search(r"Succeeded +hello\b", laptop.said("run", "hello.yaml"))
    assert (laptop.folder / ".pipeline" / "journal.db").is_file()
    assert "hello" in laptop.said("runs")

    charts = re.search(r"; (/\S+) shows what can be set", laptop.said("deploy", "--values", "nosuch", code=2))
    assert charts and Path(charts[1]).is_file()

    assert "manifests/openaq/openaq-train.yaml" in laptop.said("render").splitlines()
    shipped = laptop.packages / "pipeline" / "manifests"
    there = list(shipped.rglob("*.yaml"))
    assert len(there) > 10
    for path in there:
        own = laptop.folder / "manifests" / path.relative_to(shipped)
        assert own.read_text(encoding="utf-8") == path.read_text(encoding="utf-8")
    assert "note: workflows are those of ./manifests" in laptop.said("lint")
    assert laptop.files() == before


def test_without_extras_manifests_run_and_the_servers_say_what_they_need(base: Installed) -> None:
    (base.folder / "hello.yaml").write_text(HELLO, encoding="utf-8")
    assert re.search(r"Succeeded +hello\b", base.said("run", "hello.yaml"))
    assert base.call("-c", "from pipeline import engine; engine.load", program="python").returncode == 0
    for words in (["up"], ["quickstart"], ["render"], ["models", "openaq"], ["inbox"], ["put", "wine", "hello.yaml"]):
        (line,) = base.said(*words, code=2).splitlines()
        assert re.fullmatch(r"error: .* not installed.*; run: pip install 'learning-pipelines\[laptop\]'", line), line
    ours = HELLO.replace("[echo, hello]", "[python, -m, steps.plan]")
    (base.folder / "ours.yaml").write_text(ours, encoding="utf-8")
    assert "run: pip install 'learning-pipelines[laptop]'" in base.said("run", "ours.yaml", code=3)
    assert base.said("down") == "stopped\n"


@pytest.mark.soak
def test_a_wheel_that_is_built_again_has_the_same_bytes(tmp_path: Path) -> None:
    for folder in (tmp_path / "once", tmp_path / "again"):
        uv("build", "--quiet", "--python", sys.executable, "--wheel", "--out-dir", folder)
    once, again = (path.read_bytes() for path in sorted(tmp_path.rglob("*.whl")))
    assert once == again


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_the_main_job_to_its_end(laptop: Installed) -> None:
    before = laptop.files()
    try:
        printed = laptop.said("quickstart")
        assert "Model openaq version 1, alias champion" in printed
        assert str(laptop.folder / ".pipeline" / "reports") in printed
        laptop.said("up")
        log = laptop.folder / ".pipeline" / "logs" / "watch.log"
        assert wait_until(lambda: "openaq-daily: watched" in log.read_text(encoding="utf-8"), 60)
    finally:
        laptop.said("down")
    assert "running" not in laptop.said("status")
    assert laptop.files() == before
