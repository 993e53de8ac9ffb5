"""LightGBM without its wrapper for scikit-learn, which takes ten times as long to import and is never used here.

LightGBM imports that wrapper where scikit-learn is installed, so it is hidden meanwhile. On processors but x86-64,
scikit-learn must come first where both are used (https://github.com/lightgbm-org/LightGBM/issues/6509).
"""

import os
import sys
from typing import Any


def _imported() -> Any:
    hidden = os.uname().machine == "x86_64" and "sklearn" not in sys.modules
    if hidden:
        sys.modules["sklearn"] = None  # type: ignore[assignment] # as where it is not installed
    try:
        import lightgbm  # noqa: PLC0415 - meanwhile
    finally:
        if hidden:
            del sys.modules["sklearn"]
    return lightgbm


lightgbm = _imported()
