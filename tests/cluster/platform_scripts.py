"""The scripts of charts/platform, run as their pods run them, with another folder in the place of /passwords."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests import ROOT

FILES = ROOT / "charts" / "platform" / "files"
MOUNTED = "/passwords"


def run(
    name: str, *arguments: str, environment: Mapping[str, str], passwords: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """The script in a process of its own, with those settings and no others."""
    text = (FILES / name).read_text(encoding="utf-8")
    if passwords is not None:
        assert f'"{MOUNTED}"' in text
        text = text.replace(f'"{MOUNTED}"', repr(str(passwords)))
    return subprocess.run(
        [sys.executable, "-c", text, *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )
