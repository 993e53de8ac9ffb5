"""A stored model, ready to predict: fetched with its digest checked, then loaded."""

import tempfile
from pathlib import Path

from steps.backends import modelstore
from steps.models import Model
from steps.models import load as load_model


def load(model_uri: str, digest: str) -> tuple[Model, modelstore.KnownRows]:
    """The model at `model_uri` and its known rows.

    Raises:
        CheckFailed: it is not there, or its digest is not `digest`; nothing of it was parsed.
    """
    files = modelstore.fetch(model_uri, digest)
    with tempfile.TemporaryDirectory() as folder:
        for name, body in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        return load_model(Path(folder)), modelstore.known_rows(files)
