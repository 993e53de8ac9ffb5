"""A stored model, ready to predict: fetched with its digest checked, then loaded."""

import tempfile
from pathlib import Path

from steps.backends import modelstore
from steps.models import Model, bands
from steps.models import load as load_model
from steps.models.bands import Bands


def around(model_uri: str, digest: str) -> Bands | None:
    """The bands around the forecasts of the model at `model_uri`; None if it has none.

    Raises:
        CheckFailed: as for `load`.
        BadInput: they cannot be read.
    """
    body = modelstore.fetch(model_uri, digest).get(bands.FILE)
    return None if body is None else Bands.from_bytes(body)


def load(model_uri: str, digest: str) -> tuple[Model, modelstore.KnownRows]:
    """The model at `model_uri` and its known rows.

    Raises:
        CheckFailed: it is missing, or its digest is not `digest`; nothing of it was parsed.
    """
    files = modelstore.fetch(model_uri, digest)
    with tempfile.TemporaryDirectory() as folder:
        for name, body in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        return load_model(Path(folder)), modelstore.known_rows(files)
