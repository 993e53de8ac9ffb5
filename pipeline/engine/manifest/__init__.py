"""From a file to typed templates, or to a refusal that names template and field."""

from pipeline.engine.manifest.documents import Located, files, read
from pipeline.engine.manifest.fields import Fields
from pipeline.engine.manifest.finding import Examined, Found, examine, find, is_place
from pipeline.engine.manifest.leaves.images import Commands
from pipeline.engine.manifest.leaves.images import read as read_commands
from pipeline.engine.manifest.workflows import Manifests, load

__all__ = [
    "Commands",
    "Examined",
    "Fields",
    "Found",
    "Located",
    "Manifests",
    "examine",
    "files",
    "find",
    "is_place",
    "load",
    "read",
    "read_commands",
]
