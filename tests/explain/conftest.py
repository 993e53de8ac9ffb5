"""The engine's fixtures: what is explained has run."""

from tests.engine.conftest import lab, prepare, simulate

__all__ = ["lab", "prepare", "simulate"]
