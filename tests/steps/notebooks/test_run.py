"""One notebook, executed with its own kernel: the copy is kept, whatever happens."""

from pathlib import Path

import pytest

from steps.contract.notebooks import Delivery
from tests.steps.support.notebooks import execute

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
    found = execute(tmp_path, '# %%\nprint("before")\n\n# %%\n{}["missing"]\n\n# %%\nprint("after")\n', station=7)
    assert found.ended.code == 3
    assert found.ended.error.startswith("small 7, cell 4: KeyError: 'missing'; its copy is s3://artifacts-")
    assert found.printed() == "before\n"
    assert "Not complete: a cell failed. KeyError" in found.page


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ("import os\nos.kill(os.getpid(), 9)", 1, "Kernel died"),
        ("import os\nos.kill(os.getppid(), 9)", 1, "papermill ended with -9"),
        ('while True:\n    print("y" * 100_000)', 3, "it wrote more than 64 MB"),
        ('print("y" * 2_000_000_000)', 3, "MemoryError"),
    ],
    ids=["kernel", "papermill", "flood", "two gigabytes"],
)
@pytest.mark.soak
def test_the_copy_is_kept_and_says_what_happened(source: str, code: int, said: str, tmp_path: Path) -> None:
    found = execute(tmp_path, f'# %%\nprint("before", flush=True)\n\n# %%\n{source}\n', station=7)
    assert found.ended.code == code
    assert said in found.ended.error
    assert found.printed().startswith("before\n")
    assert said in found.page
    assert len(found.page) < 1_000_000
    last = found.copy["cells"][-1]
    assert last["metadata"]["papermill"]["status"] == "failed"
    assert last["outputs"][-1]["output_type"] == "error"
