"""Where location-days come from: the OpenAQ archive's layout, over HTTP from any address, or in a folder."""

from steps.archive.base import Archive
from steps.archive.folder import Folder
from steps.archive.web import Web
from steps.errors import BadInput


def open_archive(source: str, *, timeout: float) -> Archive:
    """The archive at `source`: an http(s) address or a folder. `timeout`: seconds without a byte from a server.

    Raises:
        BadInput: it is neither, or the folder is not there.
    """
    if source.startswith(("http://", "https://")):
        return Web(source, timeout=timeout)
    if "://" in source:
        raise BadInput(
            f"--source {source!r} is neither a folder nor an http(s) address; s3://… is read by its https one"
        )
    return Folder(source)
