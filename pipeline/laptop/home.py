"""The state folder: `.pipeline` of the present folder, or `$PIPELINE_HOME`.

Never one of a folder further up, as git would look for it: whose state a command works on is then plain to see, and a
`/tmp/.pipeline` that somebody else made is nobody's. A folder further up that has state is only told of.
"""

import os
from pathlib import Path

from pipeline.errors import UserError

_NAME = ".pipeline"
MAIN_JOB = "quickstart.lock"
"""The lock, in the state folder, of a main job that is going on."""
MADE = "workflows"
"""Where, in the state folder, the manifests lie that clients of the API made."""


def home() -> Path:
    """The state folder, whether it is there or not."""
    return Path(os.environ.get("PIPELINE_HOME") or _NAME).absolute()


def above() -> Path | None:
    """The nearest state folder further up, where the present folder has none and `$PIPELINE_HOME` is not set."""
    if os.environ.get("PIPELINE_HOME") or home().is_dir():
        return None
    return next((each / _NAME for each in Path.cwd().parents if (each / _NAME).is_dir()), None)


def absent() -> str:
    """That there is no state folder yet, in one line; empty where there is one.

    Raises:
        UserError: something else has its name.
    """
    folder = home()
    if folder.is_dir():
        return ""
    if folder.exists():
        raise UserError(f"{folder} is no folder; name another in PIPELINE_HOME")
    if other := above():
        return f"no state yet at {folder}; for that at {other}, go to {other.parent} or set PIPELINE_HOME={other}"
    return f"no state yet at {folder}; it begins with: pipeline quickstart, or pipeline run FILE"
