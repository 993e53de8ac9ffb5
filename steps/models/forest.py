"""Forests of extremely randomised trees (Geurts, Ernst and Wehenkel 2006, https://doi.org/10.1007/s10994-006-6226-1).

Learned by scikit-learn, stored as numbers in one text, evaluated with numpy alone. Values are compared in single
precision, as in scikit-learn, so that the evaluated forest is the learned one. A missing value counts as the learned
rows' median.
"""

import base64
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import numpy as np

from steps.models.base import Array, Model, numbers, parameters_of

if TYPE_CHECKING:
    import pandas as pd

DEFAULTS: Final = {"trees": 200, "leaf_rows": 2, "column_share": 0.5}
_FILE: Final = "forest.txt"
_MOST_NODES: Final = 50_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class _Forest(Model):
    """Trees one after the other in flat arrays. A node's `feature` is −1 in a leaf; `left` and `right` are numbers of
    nodes; `values` has a row for each node: the mean target, or the share of each class."""

    regression: ClassVar[bool]
    features: tuple[str, ...]
    roots: "np.ndarray[Any, np.dtype[np.int64]]"
    feature: "np.ndarray[Any, np.dtype[np.int32]]"
    threshold: Array
    left: "np.ndarray[Any, np.dtype[np.int32]]"
    right: "np.ndarray[Any, np.dtype[np.int32]]"
    values: Array
    medians: Array
    classes: Array
    shares: Array
    floor: float

    @classmethod
    def fit(cls, rows: "pd.DataFrame", target: Array, parameters: Mapping[str, Any], seed: int) -> Self:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor  # noqa: PLC0415 - learning alone needs it

        chosen = parameters_of("forest", parameters, DEFAULTS)
        values = rows.to_numpy(dtype=np.float64)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of columns without a value, which have no median
            medians = np.nan_to_num(np.nanmedian(values, axis=0))
        learner = (ExtraTreesRegressor if cls.regression else ExtraTreesClassifier)(
            n_estimators=int(chosen["trees"]),
            min_samples_leaf=int(chosen["leaf_rows"]),
            max_features=float(chosen["column_share"]),
            random_state=seed,
            n_jobs=1,
        )
        learner.fit(_filled(values, medians), target)
        trees = [one.tree_ for one in learner.estimators_]
        starts = np.concatenate([[0], np.cumsum([tree.node_count for tree in trees])]).astype(np.int64)
        pairs = list(zip(trees, starts[:-1], strict=True))
        return cls(
            features=tuple(map(str, rows.columns)),
            roots=starts[:-1],
            feature=np.concatenate([np.maximum(tree.feature, -1) for tree in trees]).astype(np.int32),
            threshold=np.concatenate([tree.threshold for tree in trees]),
            left=np.concatenate([tree.children_left + start for tree, start in pairs]).astype(np.int32),
            right=np.concatenate([tree.children_right + start for tree, start in pairs]).astype(np.int32),
            values=np.concatenate([tree.value[:, 0, :] for tree in trees]),
            medians=medians,
            classes=np.empty(0) if cls.regression else learner.classes_,
            shares=learner.feature_importances_,
            floor=float(target.min()),
        )

    def predict(self, values: Array) -> Array:
        rows = _filled(values, self.medians).astype(np.float32)
        total = np.zeros((len(rows), self.values.shape[1]))
        for root in self.roots:
            total += self.values[self._leaves(rows, root)]
        if not self.regression:
            said: Array = self.classes[np.argmax(total, axis=1)]
            return said
        return np.maximum(total[:, 0] / len(self.roots), self.floor)

    def _leaves(
        self, rows: "np.ndarray[Any, np.dtype[np.float32]]", root: int
    ) -> "np.ndarray[Any, np.dtype[np.int64]]":
        """The leaf of one tree that each row ends in."""
        at = np.full(len(rows), root, dtype=np.int64)
        going = np.flatnonzero(self.feature[at] >= 0)
        while len(going):
            nodes = at[going]
            below = rows[going, self.feature[nodes]] <= self.threshold[nodes]
            at[going] = np.where(below, self.left[nodes], self.right[nodes])
            going = going[self.feature[at[going]] >= 0]
        return at

    def importance(self) -> dict[str, float]:
        return dict(zip(self.features, self.shares.tolist(), strict=True))

    def state(self, folder: Path) -> dict[str, Any]:
        parts = [base64.b64encode(zlib.compress(_bytes(array), 6)).decode() for array in self._arrays()]
        (folder / _FILE).write_text("\n".join(parts), encoding="ascii")
        lists = {name: getattr(self, name).tolist() for name in ("roots", "medians", "classes", "shares")}
        return lists | {"nodes": len(self.feature), "outputs": self.values.shape[1], "floor": self.floor}

    def _arrays(self) -> "tuple[np.ndarray[Any, np.dtype[Any]], ...]":
        return self.feature, self.threshold, self.left, self.right, self.values

    @classmethod
    def restore(cls, features: tuple[str, ...], state: Mapping[str, Any], folder: Path) -> Self:
        nodes, outputs, width = int(state["nodes"]), int(state["outputs"]), len(features)
        if not 0 < nodes * outputs <= _MOST_NODES:
            raise ValueError(f"{nodes} nodes with {outputs} outputs, wanted at most {_MOST_NODES} numbers")
        lines = (folder / _FILE).read_text(encoding="ascii").split("\n")
        kinds = ("<i4", "<f8", "<i4", "<i4", "<f8")
        sizes = (nodes, nodes, nodes, nodes, nodes * outputs)
        arrays = [_array(line, kind, size) for line, kind, size in zip(lines, kinds, sizes, strict=True)]
        feature, threshold, left, right, values = arrays
        roots = np.array(state["roots"], dtype=np.int64)
        inner = np.flatnonzero(feature >= 0)
        forwards = all((inner < child[inner]).all() and (child[inner] < nodes).all() for child in (left, right))
        if feature.max() >= width or feature.min() < -1 or not forwards or not len(roots) or roots.max() >= nodes:
            raise ValueError(f"{_FILE} does not hold trees of {width} features")
        if roots.min() < 0:
            raise ValueError("a tree begins before the first node")
        count = 0 if cls.regression else outputs
        return cls(
            features=features,
            roots=roots,
            feature=feature,
            threshold=threshold,
            left=left,
            right=right,
            values=numbers(values.reshape(nodes, outputs), nodes, outputs),
            medians=numbers(state["medians"], width),
            classes=numbers(state["classes"], count),
            shares=numbers(state["shares"], width),
            floor=float(numbers(state["floor"])),
        )


class ForestRegressor(_Forest):
    """Its answer is the mean of the trees'."""

    regression = True


class ForestClassifier(_Forest):
    """Its answer is the class with the highest mean share over the trees."""

    regression = False


def _filled(values: Array, medians: Array) -> Array:
    return np.where(np.isnan(values), medians, values)


def _bytes(array: "np.ndarray[Any, np.dtype[Any]]") -> bytes:
    return array.astype("<f8" if array.dtype.kind == "f" else "<i4").tobytes()


def _array(line: str, kind: str, size: int) -> "np.ndarray[Any, np.dtype[Any]]":
    """The array in a line, decompressed no further than its size.

    Raises:
        ValueError: it has another size.
    """
    wanted = size * int(kind[-1])
    unpacker = zlib.decompressobj()
    try:
        body = unpacker.decompress(base64.b64decode(line, validate=True), wanted + 1)
    except zlib.error as error:
        raise ValueError(f"{_FILE} is damaged") from error
    if len(body) != wanted:
        raise ValueError(f"{_FILE} has an array of another size than {size}")
    return np.frombuffer(body, dtype=kind)
