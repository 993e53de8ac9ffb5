"""A model's own files as the object store keeps them: a folder under one address, known by the digest of its files.

Contract. A model's folder is written once and never changed; its digest is in the table of promotions and in what is
deployed. Models are always fetched through this module, so that nothing of it is parsed before its digest agrees.
Beside the model's files lies `known_rows.json`: some rows, and the answers that the model itself gave to them when it
was made.
"""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from steps.backends.caching import digest as digest_of
from steps.backends.objects import Bucket, artifacts
from steps.errors import BadInput, CheckFailed

KNOWN_ROWS = "known_rows.json"


@dataclass(frozen=True)
class KnownRows:
    """Rows (one value for each of `features`, None if missing) and the answers the model itself gave to them."""

    features: list[str]
    rows: list[list[float | None]]
    answers: list[float]

    def to_bytes(self) -> bytes:
        """The content of `known_rows.json`."""
        return json.dumps(asdict(self), allow_nan=False).encode()


def digest(files: Mapping[str, bytes]) -> str:
    """The digest of a folder: its files' names and contents."""
    return digest_of({name: digest_of(body) for name, body in files.items()})


def fetch(model_uri: str, wanted: str) -> dict[str, bytes]:
    """The files of the folder at `model_uri` (`s3://bucket/prefix`), by their names within it.

    Raises:
        BadInput: that is not such an address.
        CheckFailed: the folder is empty, or its digest is not `wanted`: it is not the model that was decided on.
    """
    scheme, _, rest = model_uri.partition("://")
    name, _, prefix = rest.partition("/")
    if scheme != "s3" or not name or not prefix:
        raise BadInput(f"the model's address is {model_uri!r}; wanted s3://bucket/folder")
    bucket, prefix = Bucket(name), prefix.rstrip("/") + "/"
    keys = [stored.key for stored in bucket.list(prefix)]
    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(bucket.get, keys))
    files = {key[len(prefix) :]: body for key, body in zip(keys, bodies, strict=True) if body is not None}
    if not files:
        raise CheckFailed(f"there is no model at {model_uri}; its files are gone from the object store")
    got = digest(files)
    if got != wanted:
        raise CheckFailed(
            f"the model at {model_uri} has digest {got}, wanted {wanted}: its files were changed; it is not loaded"
        )
    return files


def put_pickle(project: str, version: int, body: bytes) -> str:
    """Store a model as a pickle beside the registered one, for people who load it by hand; returns its key.

    Nothing here reads it back: a pickle runs whatever it was made to run.
    """
    key = f"{project}/models/{version}/model.pkl"
    artifacts().put(key, body)
    return key


def known_rows(files: Mapping[str, bytes]) -> KnownRows:
    """The known rows among a model's files.

    Raises:
        CheckFailed: there are none.
    """
    if KNOWN_ROWS not in files:
        raise CheckFailed(f"the model has no {KNOWN_ROWS}, so what its server answers cannot be checked")
    return KnownRows(**json.loads(files[KNOWN_ROWS]))


def request_body(known: KnownRows) -> dict[str, Any]:
    """The request for the model server with all of them."""
    return {"data": {"names": known.features, "ndarray": known.rows}}


def example(known: KnownRows) -> dict[str, Any]:
    """One with the last of them: the newest row that the model was fitted to."""
    return {"data": {"names": known.features, "ndarray": known.rows[-1:]}}
