"""Who takes files, and takes them back: from where, to where, and how they are judged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from steps.backends.objects import Bucket
from steps.inbox.candidates import Inbox
from steps.inbox.judging import Originals, Shifted
from steps.tables import Examined, File


@dataclass(frozen=True)
class Taker:
    """A run that takes files: from where, to where, and how it judges them."""

    project: str
    run: str
    inbox: Inbox
    lake: Bucket
    largest_mb: int
    examine: Callable[[Sequence[File]], Examined]
    shifted: Shifted
    originals: Originals
