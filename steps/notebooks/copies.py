"""The executed copy: marked where it did not come to its end, and without secrets.

A kernel or an executing process that was killed leaves a copy that looks as if nothing had happened; whoever opens it
finds what did, in the cell that ran then.
"""

import json
import os
from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

import pyarrow as pa
from pyarrow import compute, parquet

_SECRET: Final = (
    *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "OPENAQ_API_KEY"),
    *("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"),
)
_BEGUN: Final = ("running", "failed", "completed")  # papermill's words; a cell whose kernel died is completed to it
_SHORTEST: Final = 6  # characters; a shorter value is a word that anything may hold


def marked(copy: dict[str, Any], ended: str, said: str) -> dict[str, Any]:
    """The copy with how it ended in its metadata, and, of one that was cut off, in the cell that ran then."""
    copy["metadata"]["pipeline"] = {"ended": ended, "said": said}
    for name in ("input_path", "output_path"):  # the whole notebook again, and a folder that is gone
        copy["metadata"].get("papermill", {}).pop(name, None)
    if ended in ("done", "cell", "refused", "running", "secret"):
        return copy
    begun = [each for each in copy["cells"] if each["metadata"].get("papermill", {}).get("status") in _BEGUN]
    if cell := next((each for each in reversed(begun) if each["cell_type"] == "code"), None):
        cell["metadata"]["papermill"]["status"] = "failed"
        error = {"output_type": "error", "ename": "CutOff", "evalue": said, "traceback": [said]}
        cell.setdefault("outputs", []).append(error)
    return copy


def secrets(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The settings that nobody may read, by name: keys, and the password in the database's address. The access key's id
    is none: it is a user's name, on a cluster a word such as `steps`, which any notebook may write."""
    found = {name: environment[name] for name in _SECRET if environment.get(name)}
    for name in ("DATABASE_URL", "MLFLOW_TRACKING_URI", "AWS_ENDPOINT_URL_S3"):
        try:
            password = urlsplit(environment.get(name, "")).password
        except ValueError:
            password = None
        if password:
            found[f"the password in {name}"] = unquote(password)
    return {name: value for name, value in found.items() if len(value) >= _SHORTEST}


def in_table(body: bytes, known: Mapping[str, str]) -> list[str]:
    """The names of those of `known` that a text of a Parquet file holds. One that cannot be read holds none, and is
    refused when it is loaded."""
    try:
        table = parquet.read_table(BytesIO(body))
    except (pa.ArrowException, OSError):
        return []
    texts = [
        column for column in table.columns if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    ]
    return sorted(
        name
        for name, value in known.items()
        if any(compute.any(compute.match_substring(column, value)).as_py() for column in texts)
    )


def without_secrets(text: str, known: Mapping[str, str]) -> tuple[str, list[str]]:
    """A text without the values of `known`, and the names of those that were in it, as they are, in JSON, or in an
    address."""
    names = []
    for name, value in known.items():
        for form in {value, json.dumps(value)[1:-1], quote(value, safe="")}:
            if form in text:
                text = text.replace(form, f"[{name} was here]")
                names.append(name)
    return text, sorted(set(names))
