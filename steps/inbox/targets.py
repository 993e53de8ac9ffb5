"""Where a decided file goes: `<project>/old/<run>/<id>/<name>` or `<project>/quarantine/<run>/<id>/<name>`.

The place follows from the upload alone: the run that first claimed it, the beginning of its identity, its name as it
was. So whoever does it again writes the same place, and no two uploads share one, whatever they are called. A name that
does not fit there (1,024 bytes in all, 255 between two slashes) is replaced by its SHA-256; the ledger and the object's
metadata have it whole.
"""

import hashlib
from urllib.parse import quote

from steps.backends.ledger import Upload
from steps.inbox.candidates import Inbox

_LONGEST, _LONGEST_PART, _LONGEST_HEADER = 1024, 255, 1500


def target(upload: Upload, folder: str) -> str:
    """The key where `upload` goes, `folder` being `old` or `quarantine`."""
    place = f"{_folder(upload, folder)}/{upload.name}"
    if len(place.encode()) <= _LONGEST and all(len(part.encode()) <= _LONGEST_PART for part in place.split("/")):
        return place
    return f"{_folder(upload, folder)}/sha256-{hashlib.sha256(upload.name.encode()).hexdigest()}"


def reason(upload: Upload) -> str:
    """The key of the words that say why it is in quarantine, beside it."""
    return f"{_folder(upload, 'quarantine')}.reason.json"


def remove(inbox: Inbox, upload: Upload, place: str) -> None:
    """Remove what lies at a place where `upload` does not belong, and the words beside it first."""
    if place == target(upload, "quarantine"):
        inbox.delete(reason(upload))
    inbox.delete(place)


def metadata(upload: Upload) -> dict[str, str]:
    """What the object says of itself: its identity, and the key it was dropped under, as far as a header holds it."""
    return {"upload": upload.upload, "dropped-as": quote(upload.key)[:_LONGEST_HEADER]}


def _folder(upload: Upload, folder: str) -> str:
    return f"{upload.project}/{folder}/{upload.run}/{upload.upload[:12]}"
