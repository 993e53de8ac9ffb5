"""A stored model, ready to predict: fetched with its digest checked, then loaded."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from steps.backends import modelstore
from steps.backends.modelstore import KnownRows
from steps.models import Model, about, bands
from steps.models import load as load_model
from steps.models.about import About
from steps.models.bands import Bands


@dataclass(frozen=True)
class Stored:
    """A model and what lies beside it: its known rows, the bands around its forecasts, what its numbers mean."""

    model: Model
    known: KnownRows
    bands: Bands | None
    about: About


def around(model_uri: str, digest: str) -> Bands | None:
    """The bands around the forecasts of the model at `model_uri`; None if it has none.

    Raises:
        CheckFailed: as for `load`.
        BadInput: they cannot be read.
    """
    return _bands(modelstore.fetch(model_uri, digest))


def load(model_uri: str, digest: str) -> Stored:
    """The model at `model_uri`, with what lies beside it.

    Raises:
        CheckFailed: it is missing, or its digest is not `digest`; nothing of it was parsed.
        BadInput: what lies beside it cannot be read.
    """
    files = modelstore.fetch(model_uri, digest)
    with tempfile.TemporaryDirectory() as folder:
        for name, body in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        model = load_model(Path(folder))
    told = files.get(about.FILE)
    return Stored(model, modelstore.known_rows(files), _bands(files), About.from_bytes(told) if told else About())


def _bands(files: Mapping[str, bytes]) -> Bands | None:
    body = files.get(bands.FILE)
    return None if body is None else Bands.from_bytes(body)
