"""Great Expectations, as this project uses it: one ephemeral context, a frame goes in, counts and failed rows come out.
Nothing is stored, sent or rendered; the wording on our page is our own.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from steps.errors import CheckFailed
from steps.summaries.validation import Expectation

with warnings.catch_warnings():
    # it imports a deprecated module of the standard library, which warns at every start
    warnings.filterwarnings("ignore", message="module 'sre_", category=DeprecationWarning)
    import great_expectations as gx
    from great_expectations import expectations as gxe
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

__all__ = ["Expectations", "Expected", "Outcome", "gxe"]

_FORMAT = {"result_format": "COMPLETE", "include_unexpected_rows": False, "return_unexpected_index_query": False}


@dataclass(frozen=True)
class Expected:
    """One expectation: the fault that it finds, its name in words, and the column or parameter it is about."""

    fault: str
    name: str
    column: str
    expectation: Any


@dataclass(frozen=True)
class Outcome:
    """The result: of `checked` values, those at the index labels `failed` are not as expected."""

    fault: str
    name: str
    column: str
    checked: int
    failed: "np.ndarray[tuple[int], np.dtype[np.int64]]"

    def counted(self) -> Expectation:
        """The number that failed instead of the list."""
        return Expectation(name=self.name, column=self.column, checked=self.checked, failed=len(self.failed))


class Expectations:
    """Validates frames: some 10 ms per expectation for frames of up to 10,000 rows."""

    def __init__(self) -> None:
        quiet = DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        )
        context = gx.get_context(mode="ephemeral", project_config=quiet)
        asset = context.data_sources.add_pandas("memory").add_dataframe_asset("frame")
        self._batches = asset.add_batch_definition_whole_dataframe("whole")

    def validate(self, frame: pd.DataFrame, expected: Sequence[Expected]) -> list[Outcome]:
        """The outcome of each, in the order of `expected`. The frame's index must be unique whole numbers.

        Raises:
            CheckFailed: one could not be evaluated, which is a defect of ours.
        """
        if frame.empty:
            return [Outcome(one.fault, one.name, one.column, 0, np.array([], dtype="int64")) for one in expected]
        for number, one in enumerate(expected):
            one.expectation.meta = {"number": number}
        suite = gx.ExpectationSuite(name="suite", expectations=[one.expectation for one in expected])
        batch = self._batches.get_batch(batch_parameters={"dataframe": frame})
        results = {
            result.expectation_config.meta["number"]: result
            for result in batch.validate(suite, result_format=_FORMAT).results
        }
        return [_outcome(one, results[number], len(frame)) for number, one in enumerate(expected)]


def _outcome(expected: Expected, result: Any, rows: int) -> Outcome:
    said = result.result
    if "unexpected_index_list" in said:
        checked = said["element_count"] - (said.get("missing_count") or 0)
        failed = np.array(said["unexpected_index_list"] or [], dtype="int64")
        return Outcome(expected.fault, expected.name, expected.column, checked, failed)
    if result.success:
        return Outcome(expected.fault, expected.name, expected.column, rows, np.array([], dtype="int64"))
    raise CheckFailed(
        f"the expectation {expected.name!r} on {expected.column} could not be evaluated: "
        f"{str(result.exception_info)[:300]}"
    )
