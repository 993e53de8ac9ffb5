"""Great Expectations, as this project uses it: one ephemeral context, a frame goes in, counts and failed rows come out.
Nothing is stored, sent or rendered; the wording on our page is our own.

It takes seconds to import, so an expectation is only written down (`gxe`), and it is loaded when `plainly` sees that
some value may fail: a run that finds nothing new, or nothing wrong, never waits for it.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from steps.checking import plainly
from steps.errors import CheckFailed
from steps.summaries.validation import Expectation

_FORMAT = {"result_format": "COMPLETE", "include_unexpected_rows": False, "return_unexpected_index_query": False}


@dataclass(frozen=True)
class Written:
    """One of Great Expectations' expectations by the name of its class, and what it is given."""

    name: str
    given: Mapping[str, Any]


class _Written:
    """`gxe.ExpectColumnValuesToBeNull(column="code")` writes that one down."""

    def __getattr__(self, name: str) -> Callable[..., Written]:
        return lambda **given: Written(name, given)


gxe = _Written()


@dataclass(frozen=True)
class Expected:
    """One expectation: the fault that it finds, its name in words, and the column or parameter it is about."""

    fault: str
    name: str
    column: str
    expectation: Written


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

    @cached_property
    def _batches(self) -> Any:
        _load()
        import great_expectations as gx  # noqa: PLC0415 - takes seconds
        from great_expectations.data_context.types import base  # noqa: PLC0415 - likewise

        quiet = base.DataContextConfig(
            store_backend_defaults=base.InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            progress_bars=base.ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        )
        context = gx.get_context(mode="ephemeral", project_config=quiet)
        asset = context.data_sources.add_pandas("memory").add_dataframe_asset("frame")
        return asset.add_batch_definition_whole_dataframe("whole")

    def validate(self, frame: pd.DataFrame, expected: Sequence[Expected]) -> list[Outcome]:
        """The outcome of each, in the order of `expected`. The frame's index must be unique whole numbers.

        Raises:
            CheckFailed: one could not be evaluated, which is a defect of ours.
        """
        if frame.empty:
            return [_clean(one, 0) for one in expected]
        looks = [plainly.checked(frame, one.expectation.name, one.expectation.given) for one in expected]
        doubtful = [one for one, checked in zip(expected, looks, strict=True) if checked is None]
        told = iter(self._told(frame, doubtful) if doubtful else [])
        return [
            _clean(one, checked) if checked is not None else next(told)
            for one, checked in zip(expected, looks, strict=True)
        ]

    def _told(self, frame: pd.DataFrame, expected: Sequence[Expected]) -> list[Outcome]:
        """What Great Expectations says of each."""
        batch = self._batches.get_batch(batch_parameters={"dataframe": frame})
        suite = _suite([one.expectation for one in expected])
        results = {
            result.expectation_config.meta["number"]: result
            for result in batch.validate(suite, result_format=_FORMAT).results
        }
        return [_outcome(one, results[number], len(frame)) for number, one in enumerate(expected)]


def _clean(expected: Expected, checked: int) -> Outcome:
    return Outcome(expected.fault, expected.name, expected.column, checked, np.array([], dtype="int64"))


def _load() -> None:
    """Import it without its warnings: it imports a deprecated module of the standard library."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="module 'sre_", category=DeprecationWarning)
        import great_expectations  # noqa: F401, PLC0415 - takes seconds


def _suite(written: Sequence[Written]) -> Any:
    """The suite of these expectations, numbered."""
    import great_expectations as gx  # noqa: PLC0415 - takes seconds
    from great_expectations import expectations  # noqa: PLC0415 - likewise

    made = [getattr(expectations, one.name)(**one.given, meta={"number": n}) for n, one in enumerate(written)]
    return gx.ExpectationSuite(name="suite", expectations=made)


def _outcome(expected: Expected, result: Any, rows: int) -> Outcome:
    said = result.result
    if "unexpected_index_list" in said:
        checked = said["element_count"] - (said.get("missing_count") or 0)
        failed = np.array(said["unexpected_index_list"] or [], dtype="int64")
        return Outcome(expected.fault, expected.name, expected.column, checked, failed)
    if result.success:
        return _clean(expected, rows)
    raise CheckFailed(
        f"the expectation {expected.name!r} on {expected.column} could not be evaluated: "
        f"{str(result.exception_info)[:300]}"
    )
