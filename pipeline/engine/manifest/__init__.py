"""From a file to typed templates, or to a refusal that names template and field."""

from pipeline.engine.manifest.admission import check_admission
from pipeline.engine.manifest.documents import Located, files, parse, read
from pipeline.engine.manifest.fields import Fields
from pipeline.engine.manifest.finding import Entry, Examined, Found, beside, examine, find, is_place, library
from pipeline.engine.manifest.leaves.images import Commands
from pipeline.engine.manifest.leaves.images import read as read_commands
from pipeline.engine.manifest.workflows import Manifests, Unresolved, load

__all__ = [
    "Commands",
    "Entry",
    "Examined",
    "Fields",
    "Found",
    "Located",
    "Manifests",
    "Unresolved",
    "beside",
    "check_admission",
    "examine",
    "files",
    "find",
    "is_place",
    "library",
    "load",
    "parse",
    "read",
    "read_commands",
]
