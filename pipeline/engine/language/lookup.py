"""What a variable may be: known, absent, or not known; and which values a manifest can hold."""

import re
from collections.abc import Callable
from typing import Final

# A tag whose value is known to be absent: the output of a skipped task, without a default.
ABSENT: Final = object()

Lookup = Callable[[str], object]  # a tag's text; ABSENT; None where it is not known

# Spaces that may stand around a name: tabs and line ends are escapes in the JSON that the controller looks at.
SPACES: Final = " \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"

# What Go's quotes write as an escape that JSON does not know: the controller cannot put such a value into a manifest.
_UNQUOTABLE: Final = re.compile(r"[\x00-\x07\x0b\x0e-\x1f\x7f\udc80-\udcff]")


def unquotable(text: str) -> bool:
    """Whether a value cannot be put into a manifest: it holds control characters such as those of a terminal's
    colours."""
    if text.isprintable():
        return False
    return _UNQUOTABLE.search(text) is not None or any(
        letter > "\uffff" and not letter.isprintable() for letter in text
    )
