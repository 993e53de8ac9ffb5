"""Where a decided file goes: `<project>/old/<run>/<id>/<name>`; or `quarantine` instead of `old`, or `retracted`.

The place follows from the upload alone: the run that first claimed it, the beginning of its identity, its name as it
was. So repeating the move writes to the same place, and no two uploads share one, whatever their names. A name that
does not fit (1,024 bytes in all, 255 between two slashes) is replaced by its SHA-256; the ledger and the object's
metadata keep it whole.
"""

import hashlib
from urllib.parse import quote

from steps.backends.ledger import Upload
from steps.inbox.candidates import Inbox

_LONGEST, _LONGEST_PART, _LONGEST_HEADER = 1024, 255, 1500


def target(upload: Upload, folder: str) -> str:
    """The key to which `upload` is moved; `folder` is `old`, `quarantine` or `retracted`."""
    place = f"{_folder(upload, folder)}/{upload.name}"
    if len(place.encode()) <= _LONGEST and all(len(part.encode()) <= _LONGEST_PART for part in place.split("/")):
        return place
    return f"{_folder(upload, folder)}/sha256-{hashlib.sha256(upload.name.encode()).hexdigest()}"


def reason(upload: Upload) -> str:
    """The key of the reason beside a file in quarantine."""
    return f"{_folder(upload, 'quarantine')}.reason.json"


def remove(inbox: Inbox, upload: Upload, place: str) -> None:
    """Remove an object from a place where `upload` does not belong, and first the reason beside it."""
    if place == target(upload, "quarantine"):
        inbox.delete(reason(upload))
    inbox.delete(place)


def metadata(upload: Upload) -> dict[str, str]:
    """The object's metadata: its identity, and the key it was dropped under, as far as a header can hold it."""
    return {"upload": upload.upload, "dropped-as": quote(upload.key)[:_LONGEST_HEADER]}


def _folder(upload: Upload, folder: str) -> str:
    return f"{upload.project}/{folder}/{upload.run}/{upload.upload[:12]}"
