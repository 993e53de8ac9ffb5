"""ingest where there is much: ten thousand files waiting, a file of two gigabytes, many of sixty megabytes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.stack.object_store import connect
from steps.backends.objects import inbox
from tests.steps.support.dropping import NEW, Dropper, survey

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]
FILES = int(os.environ.get("SOAK_FILES", "10000"))
GIGABYTE = 2**30
MEASURED = """
import resource, sys
from steps import ingest
from steps.contract import command
try:
    command.run(ingest.command, sys.argv[1:])
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def put(bodies: Iterable[tuple[str, bytes]]) -> None:
    bucket = inbox()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda one: bucket.put(*one), bodies))


def apart(dropper: Dropper, run: str) -> tuple[int, float]:
    """The step in a process of its own: its largest resident memory in bytes, and how long it took in seconds."""
    arguments = [
        text for name, value in dropper.options(run).items() for text in (f"--{name.replace('_', '-')}", str(value))
    ]
    began = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", MEASURED, *arguments], check=True, capture_output=True, text=True)
    return int(ended.stdout.split()[-1]), time.monotonic() - began


def test_many_small_files_are_merged_in_one_run(dropper: Dropper) -> None:
    put((f"{NEW}{seed}.csv", survey(seed)) for seed in range(FILES))

    memory, seconds = apart(dropper, "many")

    print(f"{FILES:,} files in {seconds:.0f} s, {memory / 2**20:.0f} MB")
    assert dropper.read("summary", "many")["counts"]["accepted"] == FILES
    assert len(dropper.rows()) == 3 * FILES
    dropper.settled()
    assert memory < GIGABYTE


def test_a_file_of_two_gigabytes_is_moved_unread(
    dropper: Dropper, store_environment: dict[str, str], tmp_path: Path
) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(2 * GIGABYTE)
    connect(store_environment).upload_file(str(large), inbox().name, f"{NEW}large.csv")
    large.unlink()
    dropper.drop("small.csv", survey(1))

    memory, seconds = apart(dropper, "large")

    print(f"2 GB in {seconds:.0f} s, {memory / 2**20:.0f} MB")
    (refused,) = dropper.read("summary", "large")["quarantined"]
    assert "wanted at most" in refused["reason"]
    moved = inbox().look(refused["place"])
    assert moved is not None
    assert moved.size == 2 * GIGABYTE
    dropper.settled()
    assert memory < GIGABYTE


def test_many_large_files_fit_into_memory(dropper: Dropper) -> None:
    line = survey(1, 1)
    for number in range(8):
        dropper.drop(f"{number}.csv", (survey(number + 2, 1) + line * (60 * 2**20 // len(line))))

    memory, seconds = apart(dropper, "heavy")

    print(f"8 files of 60 MB in {seconds:.0f} s, {memory / 2**20:.0f} MB")
    assert json.loads((dropper.folder / "heavy/summary").read_text())["claimed"] == 8
    dropper.settled()
    assert memory < GIGABYTE
