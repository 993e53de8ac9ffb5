"""Great Expectations takes seconds to import: a step that finds nothing new does without it."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("step", ["prepare", "ingest"])
def test_a_step_loads_it_only_when_there_is_something_to_check(step: str) -> None:
    code = f"import sys, steps.{step}; print('great_expectations' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
