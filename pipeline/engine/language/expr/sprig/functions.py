"""sprig's functions by name, and why some are not supported. https://masterminds.github.io/sprig/"""

from typing import Any, Final

from pipeline.engine.language.expr.sprig.dates import DATES
from pipeline.engine.language.expr.sprig.lists import LISTS
from pipeline.engine.language.expr.sprig.maps import MAPS
from pipeline.engine.language.expr.sprig.numbers import NUMBERS
from pipeline.engine.language.expr.sprig.texts import TEXTS
from pipeline.engine.language.expr.values.values import Function

SPRIG: Final[dict[str, Any]] = {
    name: Function(f"sprig.{name}", takes, run)
    for name, (takes, run) in {**TEXTS, **NUMBERS, **LISTS, **MAPS, **DATES}.items()
}
_RANDOM: Final = frozenset((
    "randAlphaNum", "randAlpha", "randAscii", "randNumeric", "randInt", "randBytes", "shuffle", "uuidv4", "bcrypt",
    "htpasswd",
))  # fmt: skip
_OTHERS: Final = frozenset((
    "genPrivateKey", "derivePassword", "buildCustomCert", "genCA", "genCAWithKey", "genSelfSignedCert",
    "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey", "encryptAES", "decryptAES", "semver",
    "semverCompare", "urlParse", "urlJoin",
))  # fmt: skip


def why_refused(name: str) -> str:
    """Why `sprig.<name>` cannot be called; empty if it can."""
    if name in SPRIG:
        return ""
    if name in ("env", "expandenv"):
        return f"sprig.{name} is removed by Argo"
    if name in _RANDOM:
        return f"sprig.{name} gives another value each time, and a resumed run must give the same; make it a parameter"
    if name == "getHostByName":
        return "sprig.getHostByName is not run by this engine: an expression must not wait for a network"
    return f"sprig.{name} is not run by this engine" if name in _OTHERS else f"there is no function sprig.{name}"
