"""Fixtures: the pure scheduler alone (`prepare`, `simulate`), and the whole engine with real processes (`lab`)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline import engine
from pipeline.engine.scheduler.scheduler import new_run
from pipeline.engine.spec import Parameter, Values
from tests.engine.laboratory import Behaviour, Laboratory, Simulate, Simulation, by_name, manifest


@pytest.fixture
def prepare(tmp_path: Path) -> Simulate:
    """A simulation that has not begun, of a manifest given as `manifest` takes it."""

    def make(spec: str, leaf: Behaviour | Mapping[str, Any] | None = None, **parameters: str) -> Simulation:
        file = tmp_path / "w.yaml"
        file.write_text(spec if spec.startswith("apiVersion") else manifest(spec), encoding="utf-8")
        workflow = engine.load(file).named("w")
        given = tuple(
            Parameter(each.name, parameters.get(each.name, each.value if each.value is not None else each.default))
            for each in workflow.arguments.parameters
        )
        run = new_run("w-1", "uid-1", workflow, Values(given, workflow.arguments.artifacts), 1_000_000.0)
        return Simulation(run, leaf if callable(leaf) else by_name(leaf or {}))

    return make


@pytest.fixture
def simulate(prepare: Simulate) -> Simulate:
    """A simulation that has come to its end."""
    return lambda *args, **parameters: prepare(*args, **parameters).begin().finish()


@pytest.fixture
def lab(tmp_path: Path) -> Laboratory:
    return Laboratory(tmp_path)
