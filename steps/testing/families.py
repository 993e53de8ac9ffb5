"""Whether a model family keeps the contract of `steps.models.Model`."""

import inspect
import pickle
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from steps import models
from steps.contract.code import load
from steps.errors import BadInput
from steps.models import Model
from steps.models.base import Array
from steps.testing.telling import refuse

_SEED = 7
_ROWS = 400


def check_family(
    family: str | type[Model],
    task: Literal["regression", "classification"] = "regression",
    parameters: Mapping[str, Any] | None = None,
    *,
    seconds: float = 20.0,
) -> None:
    """Check a family on made-up rows: that it learns, the same twice, that it is stored and read back, bears missing
    and constant columns, and is not slower than `seconds` for 5,000 rows.

    Raises:
        AssertionError: it does not keep the contract; says in which point.
    """
    kind = load(family) if isinstance(family, str) else family
    said = family if isinstance(family, str) else f"{kind.__module__}:{kind.__name__}"
    refuse(not (isinstance(kind, type) and issubclass(kind, Model)), f"{said} is no class below steps.models.Model")
    refuse(inspect.isabstract(kind), f"{said} lacks {', '.join(sorted(getattr(kind, '__abstractmethods__', ())))}")
    tried = _Tried(kind, said, task, dict(parameters or {}))
    for check in (_learns, _is_the_same_twice, _is_stored, _bears_holes, _shares, _refuses_the_unknown):
        check(tried)
    _is_fast(tried, seconds)


class _Tried:
    """A family on trial, and rows to try it on."""

    def __init__(self, kind: type[Model], said: str, task: str, parameters: dict[str, Any]) -> None:
        self.kind, self.said, self.task, self.parameters = kind, said, task, parameters
        self.rows, self.target = _made_up(_ROWS, task)

    def fit(self, rows: pd.DataFrame, target: Array) -> Model:
        """A model of these rows, which are not changed."""
        before, aim = rows.copy(), target.copy()
        model = self.kind.fit(rows, target, self.parameters, 0)
        refuse(not rows.equals(before) or not np.array_equal(target, aim), f"{self.said}: fit changes what it is given")
        wanted = tuple(map(str, rows.columns))
        refuse(tuple(model.features) != wanted, f"{self.said}: its features are {model.features}, wanted {wanted}")
        return model

    def ask(self, model: Model, rows: pd.DataFrame) -> Array:
        """Its answers, which must be finite and one for each row."""
        answers = model.predict(rows[list(model.features)].to_numpy(dtype=np.float64))
        shape = np.shape(answers)
        refuse(shape != (len(rows),), f"{self.said}: predict gives the shape {shape} for {len(rows)} rows")
        refuse(not np.isfinite(answers).all(), f"{self.said}: predict gives answers that are not finite")
        return answers


def _made_up(count: int, task: str) -> tuple[pd.DataFrame, Array]:
    """Rows of which the first two columns decide the target."""
    random = np.random.default_rng(_SEED)
    rows = pd.DataFrame({name: random.normal(50, 10, count) for name in ("first", "second", "idle")})
    rows["flag"] = (random.random(count) < 0.5).astype(np.float64)
    truth = (3 * rows["first"] + rows["second"]).to_numpy() + random.normal(0, 3, count)
    if task == "regression":
        return rows, truth + 1000
    return rows, np.digitize(truth, np.quantile(truth, [1 / 3, 2 / 3])).astype(np.float64) + 3


def _learns(tried: _Tried) -> None:
    half = len(tried.rows) // 2
    learned, truth = tried.target[:half], tried.target[half:]
    answers = tried.ask(tried.fit(tried.rows[:half], learned), tried.rows[half:])
    if tried.task == "classification":
        strange = sorted(set(answers.tolist()) - set(learned.tolist()))
        refuse(bool(strange), f"{tried.said}: it answers {strange[:3]}, classes that it has never seen")
        share = float((answers == truth).mean())
        refuse(share < 0.5, f"{tried.said}: it finds {share:.0%} of three plain classes, wanted half at least")
        return
    least = float(answers.min())
    refuse(least < learned.min() - 1e-9, f"{tried.said}: it answers {least:g}, below the smallest target it has seen")
    share = float(np.std(answers - truth) / np.std(truth))
    refuse(share > 0.95, f"{tried.said}: its error is {share:.0%} of the mean's on a plain sum of columns")
    flat = tried.ask(tried.fit(tried.rows, np.full(len(tried.rows), 7.0)), tried.rows)
    refuse(not np.allclose(flat, 7), f"{tried.said}: where the target is always 7, it answers {flat[0]:g}")


def _is_the_same_twice(tried: _Tried) -> None:
    both = [_stored(tried.fit(tried.rows.copy(), tried.target.copy())) for _ in range(2)]
    refuse(both[0] != both[1], f"{tried.said}: the same rows, parameters and seed give two models")


def _is_stored(tried: _Tried) -> None:
    model = tried.fit(tried.rows, tried.target)
    with tempfile.TemporaryDirectory() as place:
        model.save(Path(place, "model"))
        read = models.load(Path(place, "model"))
    same = np.array_equal(tried.ask(read, tried.rows), tried.ask(model, tried.rows))
    refuse(not same, f"{tried.said}: a model that was saved and loaded answers differently")
    refuse(_stored(read) != _stored(model), f"{tried.said}: a loaded model is saved in another way")
    try:
        pickle.dumps(model)
    except Exception as error:
        refuse(True, f"{tried.said}: a model cannot be pickled: {error}")


def _bears_holes(tried: _Tried) -> None:
    rows, random = tried.rows, np.random.default_rng(_SEED)
    nothing = pd.DataFrame(np.nan, index=range(3), columns=rows.columns)
    for bent in (rows.mask(random.random(rows.shape) < 0.5), rows.assign(idle=np.nan), rows.assign(idle=1e6)):
        model = tried.fit(bent, tried.target)
        for asked in (bent, rows, nothing):
            tried.ask(model, asked)


def _shares(tried: _Tried) -> None:
    model = tried.fit(tried.rows, tried.target)
    shares = model.importance()
    refuse(set(shares) != set(model.features), f"{tried.said}: importance names {sorted(shares)}, wanted the features")
    total = sum(shares.values())
    well = min(shares.values()) >= 0 and (abs(total - 1) < 1e-6 or total == 0)
    refuse(not well, f"{tried.said}: importance adds up to {total:g}, wanted shares of 1")


def _refuses_the_unknown(tried: _Tried) -> None:
    try:
        tried.kind.fit(tried.rows, tried.target, {**tried.parameters, "no such parameter": 1}, 0)
    except BadInput:
        return
    refuse(True, f"{tried.said}: fit takes a parameter that it does not have; see steps.models.base.parameters_of")


def _is_fast(tried: _Tried, seconds: float) -> None:
    rows, target = _made_up(5_000, tried.task)
    took = _timed(lambda: tried.kind.fit(rows, target, tried.parameters, 0).predict(rows.to_numpy(dtype=np.float64)))
    refuse(took > seconds, f"{tried.said}: 5,000 rows take {took:.1f} s to learn and to answer, wanted {seconds:g} s")


def _timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _stored(model: Model) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as place:
        model.save(Path(place))
        return {path.name: path.read_bytes() for path in sorted(Path(place).rglob("*")) if path.is_file()}
