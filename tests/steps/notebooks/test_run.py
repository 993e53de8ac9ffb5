"""One notebook, executed with its own kernel: the copy is kept, whatever happens."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.engine.processes import is_alive, start_time, wait_until
from steps.backends import objects
from steps.contract.notebooks import Delivery
from steps.notebooks import run
from tests import ROOT
from tests.steps.support.notebooks import HEAD, arguments, declared, execute

pytestmark = pytest.mark.usefixtures("store_environment")


def test_a_notebook_is_executed_with_its_parameters_and_its_copy_kept(tmp_path: Path) -> None:
    table = 'import pandas\npandas.DataFrame({"a": [station]}).to_parquet("deliver/small.parquet")\n'
    found = execute(
        tmp_path, f"# %%\nprint(station + 1)\n{table}", station=7, delivers=(Delivery(table="small", key=("a",)),)
    )
    assert found.ended.code == 0, found.ended.log
    assert found.printed() == "8\n"
    assert found.copy["metadata"]["pipeline"]["ended"] == "done"
    assert "http" not in found.page.replace("http-equiv", "")
    assert found.summary["tables"] == ["small"]


def test_a_cell_that_fails_is_a_check_and_the_copy_says_where(tmp_path: Path) -> None:
    left = "import subprocess\nprint(subprocess.Popen(['sleep', '600']).pid)"
    found = execute(tmp_path, f'# %%\n{left}\n\n# %%\n{{}}["missing"]\n\n# %%\nprint("after")\n', station=7)
    assert found.ended.code == 3
    assert found.ended.error.startswith("small 7, cell 4: KeyError: 'missing'; its copy is s3://artifacts-")
    assert "Not complete: a cell failed. KeyError" in found.page
    pid = int(found.printed())
    assert wait_until(lambda: start_time(pid) is None, 15), "what a cell started and left ends with the step"


@pytest.mark.soak
def test_a_setting_that_nobody_may_read_is_blacked_out_and_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg2://me:hunter%2F22@db/x")
    found = execute(tmp_path, "# %%\nimport os\nprint(os.environ['DATABASE_URL'])\n'hunter/22'\n")
    assert found.ended.code == 3
    assert found.ended.error.startswith(
        "small 7: it wrote the password in DATABASE_URL, which is blacked out in the copy"
    )
    assert "hunter" not in json.dumps(found.copy) + found.page + (tmp_path / "copy.ipynb").read_text()
    assert "[the password in DATABASE_URL was here]" in found.page


def test_a_parameter_that_is_one_is_refused_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAQ_API_KEY", "0123456789abcdef")
    found = execute(tmp_path, "# %%\n1\n", name="0123456789abcdef")
    assert found.ended.code == 2
    assert found.ended.error == "the parameter name holds OPENAQ_API_KEY, which the copy would show; leave it out"


@pytest.mark.soak
@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ("import os\nos.kill(os.getpid(), 9)", 1, "Kernel died"),
        ("import os\nos.kill(os.getppid(), 9)", 1, "papermill ended with -9"),
        ('while True:\n    print("y" * 100_000)', 3, "it wrote more than 64 MB"),
        ('print("y" * 2_000_000_000)', 3, "MemoryError"),
        ("import time\ntime.sleep(600)", 3, "it had not ended after 1 minutes"),
        ("pass", 3, "it did not write deliver/small.parquet, which it declares"),
    ],
    ids=["kernel", "papermill", "flood", "two gigabytes", "never ends", "no table"],
)
def test_the_copy_is_kept_and_says_what_happened(
    source: str, code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_MINUTE", 12.0)
    source = f'# %%\nprint("before", flush=True)\n\n# %%\n{source}\n'
    found = execute(tmp_path, source, delivers=(Delivery(table="small", key=("a",)),))
    assert found.ended.code == code
    assert said in found.ended.error
    assert found.printed().startswith("before\n")
    assert said in found.page
    assert len(found.page) < 1_000_000
    assert objects.artifacts().get(f"{found.prefix}/delivered.json") is None
    last = found.copy["cells"][-1]
    if said != "it did not write deliver/small.parquet, which it declares":
        assert last["metadata"]["papermill"]["status"] == "failed"
        assert last["outputs"][-1]["output_type"] == "error"


@pytest.mark.soak
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_step_that_is_killed_leaves_a_copy_and_no_kernel(number: signal.Signals, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    write = f"open({str(pids)!r}, 'w').write(f'{{os.getppid()}} {{os.getpid()}} ')"
    (tmp_path / "small.py").write_text(f"{HEAD}# %%\nimport os, time\n{write}\ntime.sleep(600)\n")
    given = arguments(tmp_path, declared(tmp_path / "small.py"))
    words = [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    step = subprocess.Popen([sys.executable, "-m", "steps.notebooks.run", *words], cwd=ROOT)
    place = "notebooks/openaq/a-run/small/000-7/notebook.ipynb"
    store = objects.artifacts()
    assert wait_until(lambda: pids.exists() and len(pids.read_text().split()) == 2 and store.exists(place), 60)
    started = {pid: start_time(pid) for pid in map(int, pids.read_text().split())}
    step.send_signal(number)
    assert step.wait(30) == (1 if number == signal.SIGTERM else -9)
    assert wait_until(lambda: not any(is_alive(pid, began or 0) for pid, began in started.items()), 15)
    kept = json.loads(store.get(place) or b"")
    assert kept["metadata"]["pipeline"]["ended"] == ("killed" if number == signal.SIGTERM else "running")
