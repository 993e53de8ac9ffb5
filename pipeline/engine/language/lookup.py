"""What a variable may be: known, absent, or unknown; and which values a manifest can hold."""

import re
from collections.abc import Callable
from typing import Final

# The value of a tag that is known to have none: the output of a skipped task, without a default.
ABSENT: Final = object()

Lookup = Callable[[str], object]  # a tag's text; ABSENT; None if it is not known

# Spaces that may surround a name: tabs and line ends are escapes in the JSON that the controller sees.
SPACES: Final = " \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"

# What Go quotes as an escape that JSON does not have: the controller cannot put such a value into a manifest.
_UNQUOTABLE: Final = re.compile(r"[\x00-\x07\x0b\x0e-\x1f\x7f\udc80-\udcff]")


def unquotable(text: str) -> bool:
    """Whether a value cannot be put into a manifest, because it holds control characters such as terminal colours."""
    if text.isprintable():
        return False
    return _UNQUOTABLE.search(text) is not None or any(
        letter > "\uffff" and not letter.isprintable() for letter in text
    )
