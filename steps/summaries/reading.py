"""A summary of any kind, which its field `kind` names."""

from collections.abc import Callable, Mapping
from typing import Final

from steps.summaries.base import Summary
from steps.summaries.dataset import read_dataset
from steps.summaries.decision import Decision
from steps.summaries.ingest import Ingest
from steps.summaries.predictions import Predictions
from steps.summaries.validation import Validation

_READERS: Final[Mapping[str, Callable[[object], Summary]]] = {
    "dataset": read_dataset,
    "decision": Decision.read,
    "ingest": Ingest.read,
    "predictions": Predictions.read,
    "validation": Validation.read,
}


def read(values: object) -> Summary:
    """The summary in `values` (decoded JSON); a bare `Summary` if this version does not know its kind.

    Raises:
        Unreadable: `values` is not an object. A field that is missing or wrong raises it when it is asked for.
    """
    kind = values.get("kind") if isinstance(values, dict) else None
    return _READERS.get(str(kind), Summary.read)(values)
