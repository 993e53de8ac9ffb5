"""What ships beside the code, and whose manifests a name means.

In a checkout `manifests/` and `charts/` lie at its top, where Argo's and GitOps' tools find them; the wheel puts them
into this package (pyproject.toml), and nothing is ever written there.
"""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def _beside(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


MANIFESTS = _beside("manifests")
CHARTS = _beside("charts")
CHECKOUT = MANIFESTS.parent != _PACKAGE


def manifests() -> Path:
    """Where workflows are known by name: `manifests/` of the present folder or, where it has none, what ships."""
    own = Path("manifests").absolute()
    return own if own.is_dir() else MANIFESTS


def hidden() -> bool:
    """Whether the present folder's manifests are looked at in place of those that ship."""
    found = manifests()
    return found != MANIFESTS and not (MANIFESTS.is_dir() and found.samefile(MANIFESTS))
