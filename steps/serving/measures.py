"""What the model server counts, as Prometheus reads it from Seldon's metrics port.

Seldon's wrapper takes metrics from the answers of `predict_raw` alone, so it would never hear of a request that was
refused, and it would send them to whoever asked; and its store of metrics is another process, which is asked four times
with each answer, for nothing to tell, too. So an answer only counts here, and a thread tells the store once a second.
https://docs.seldon.io/projects/seldon-core/en/latest/analytics/analytics.html#custom-metrics

| metric | labels beside project, version, decision | what |
|---|---|---|
| model_requests_total | code | requests for predictions that were answered, by the status of the answer |
| model_errors_total | code, reason | those that were not answered with predictions |
| model_request_seconds | | a histogram of how long an answer took, from its JSON to the answer's |
| model_rows_total | | rows that were predicted from |
| model_absent_values_total | feature | rows that did without a feature |
| model_prediction | quantile | quantiles of the newest 1,000 predictions, in the parameter's unit |
| model_kept_rows_total | | rows that were written to the lake |
| model_dropped_rows_total | reason | rows that were to be kept and are not: more came than is kept (full), or the store did not take them (store) |
"""  # noqa: E501

import time
from collections import Counter, deque
from collections.abc import Iterable
from contextlib import suppress
from threading import Lock, Thread
from typing import Any, Final, Protocol

import numpy as np

from steps.models.base import Array

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
_NEWEST: Final = 1_000
_MOST: Final = 10_000  # answers between two looks of which it is known how long they took
_EVERY: Final = 1.0  # seconds between two looks

_Key = tuple[str, tuple[tuple[str, str], ...]]


class Store(Protocol):
    """Where metrics are put: `seldon_core.metrics.SeldonMetrics`."""

    def update(self, custom_metrics: list[dict[str, Any]], method: str) -> None: ...


def spared(store: Store) -> Store:
    """The same store, which is only asked where there is something to tell, and by one thread at a time: an update of
    two at once would lose one's."""
    lock, ask = Lock(), store.update

    def update(custom_metrics: list[dict[str, Any]], method: str) -> None:
        if custom_metrics:
            with lock:
                ask(custom_metrics, method)

    store.update = update  # type: ignore[method-assign]
    return store


class Measures:
    """What was counted since it was last told. `labels`: on every metric. Safe to share between threads."""

    def __init__(self, labels: dict[str, str]) -> None:
        self._labels = labels
        self._lock = Lock()
        self._counted: Counter[_Key] = Counter()
        self._seconds: deque[float] = deque(maxlen=_MOST)
        self._newest: deque[float] = deque(maxlen=_NEWEST)

    def start(self, store: Store) -> None:
        """Tell a store from now on. To be called in the process that answers: threads do not survive a fork."""
        Thread(target=self._tell_on, args=[store], name="teller", daemon=True).start()

    def _tell_on(self, store: Store) -> None:
        with suppress(OSError, EOFError):  # the store may end before we do
            while True:
                time.sleep(_EVERY)
                self.tell(store)

    def count(self, name: str, number: int = 1, **labels: str) -> None:
        """So many more of `name`, a counter's name without its `_total`."""
        with self._lock:
            self._counted[name, tuple(labels.items())] += number

    def answered(self, seconds: float, code: int, reason: str = "") -> None:
        """A request was answered. `reason`: why it was refused."""
        self.count("model_requests", code=str(code))
        if code >= 400:
            self.count("model_errors", code=str(code), reason=reason or "UNKNOWN")
        with self._lock:
            self._seconds.append(seconds)

    def predicted(self, features: list[str], values: Array, answers: Array) -> None:
        """Rows (shape rows × features) got these answers (shape rows)."""
        self.count("model_rows", len(values))
        absent = np.isnan(values).sum(axis=0)
        for place in np.flatnonzero(absent):
            self.count("model_absent_values", int(absent[place]), feature=features[place])
        with self._lock:
            self._newest.extend(answers[-_NEWEST:].tolist())

    def tell(self, store: Store) -> None:
        """Hand over what was counted since the last time, and how the newest predictions lie."""
        with self._lock:
            counted, self._counted = self._counted, Counter()
            seconds, self._seconds = self._seconds, deque(maxlen=_MOST)
            newest = list(self._newest)
        told = [self._one("COUNTER", name, number, dict(labels)) for (name, labels), number in counted.items()]
        told += [self._one("TIMER", "model_request_seconds", 1000 * each, {}) for each in seconds]
        if seconds:
            told += self._quantiles(newest)
        store.update(told, "predict")

    def _quantiles(self, newest: list[float]) -> Iterable[dict[str, Any]]:
        if not newest:
            return
        for quantile, value in zip(QUANTILES, np.quantile(newest, QUANTILES).tolist(), strict=True):
            yield self._one("GAUGE", "model_prediction", value, {"quantile": f"{quantile:g}"})

    def _one(self, kind: str, name: str, value: float, labels: dict[str, str]) -> dict[str, Any]:
        return {"type": kind, "key": name, "value": value, "tags": self._labels | labels}
