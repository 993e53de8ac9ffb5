"""An archive by what a run calls its source. Apart from the others: who reads no source needs none of what reads it."""

from collections.abc import Collection

from steps.archive.api import Api
from steps.archive.base import Archive
from steps.archive.folder import Folder
from steps.archive.web import Web
from steps.backends.objects import lake
from steps.backends.openaq import OpenAQ
from steps.contract import selection
from steps.errors import BadInput


def open_archive(source: str, *, timeout: float, parameters: Collection[str] = (), run: str = "") -> Archive:
    """The archive at `source`: an http(s) address, a folder, or `api`. `timeout`: seconds without a byte from a server.
    `parameters`: what to ask the API for; `run`: the run that keeps the API's answers.

    Raises:
        BadInput: it is neither, or the folder or the API's key is missing.
    """
    if source == selection.API:
        return Api(OpenAQ.here(timeout=timeout), parameters, lake(), run)
    if source.startswith(("http://", "https://")):
        return Web(source, timeout=timeout)
    if "://" in source:
        raise BadInput(
            f"--source {source!r} is neither a folder nor an http(s) address; s3://… is read by its https one"
        )
    return Folder(source)
