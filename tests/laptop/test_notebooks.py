"""The workflow of the notebooks on this machine: one that fails is a failed node of its own, and the others go on."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.errors import RunFailed
from pipeline.laptop.machine import LocalMachine
from pipeline.report.story import Story
from steps.backends import objects
from steps.backends.database import begin
from steps.summaries.notebook import Executed
from tests.steps.notebooks.test_station import STATION, fill


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_what_the_others_hand_over_is_loaded_and_the_run_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = LocalMachine(tmp_path / "state")
    try:
        for name in ("object-store", "database"):
            for key, value in machine.host.environment("secret", name).items():
                monkeypatch.setenv(key, value)
        fill(60)
        run = machine.submit("openaq-notebooks", {"locations": f"42,{STATION}"})
        with pytest.raises(RunFailed, match="cell 3: LookupError: nothing was measured at station 42 up to"):
            machine.succeed(run)
        view = machine.view(run)
        ended = {found.summary.item: found.summary for found in Story([view], view.created_at).all(Executed)}
        assert {item: one.ended for item, one in ended.items()} == {"42": "cell", str(STATION): "done"}
        for one in ended.values():
            key = one.address.removeprefix(f"s3://{objects.artifacts().name}/")
            assert objects.artifacts().exists(key)
            assert objects.artifacts().exists(key.replace(".ipynb", ".html"))
        with begin() as connection:
            copies = connection.scalars(sa.text("SELECT DISTINCT notebook FROM station_days")).all()
        assert copies == [ended[str(STATION)].address]
        tries = [node for node in view.nodes if node.type == "Pod" and node.template == "notebook"]
        assert len(tries) == 2, "a cell that fails is not tried again"
    finally:
        machine.stack.stop()
