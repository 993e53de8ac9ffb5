"""Manifests that are stale: not what `pipeline render` would write now.

The rule: a workflow that is meant by its name is the one that its project declares. So `run NAME`, `quickstart`,
`backfill` and whatever else a person starts by its name refuse while any manifest of the project differs from what
would be written, whether the declaration, the code that writes, or the manifest was edited; `watch`, `cron` and `up`
say so and go on. A file or folder that is named is run as it is written: it may be anybody's.

What is written depends on the code alone, and takes most of a second to find out. So once the two were compared and did
not differ, a digest of the bytes of that code and of the manifests is kept in the state folder, and they are compared
again when one of them has changed: by a process of its own, as this one may have imported the code before that. Times
and places do not count: it may be a checkout, a copy, or what a wheel brought. A newer Hera that writes otherwise is no
edit; `render --check` finds that.
"""

import hashlib
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from pipeline import projects
from pipeline.errors import UserError

_ROOT = Path(__file__).parents[1]
CODE = (
    "pipeline/*.py", "pipeline/projects/*.py", "pipeline/workflows/*.py", "pipeline/events/*.py",
    "steps/__init__.py", "steps/errors.py", "steps/contract/*.py", "steps/summaries/__init__.py",
    "steps/summaries/intervals.py",
)  # fmt: skip


def digest(folder: Path) -> str:
    """Of the code that decides what is written, and of the manifests in a folder and below it."""
    code = (path for pattern in CODE for path in _ROOT.glob(pattern))
    own = [(each.parent, sorted(each.rglob("*.py")) if each.is_dir() else [each]) for each in projects.own_code()]
    sha = hashlib.sha256()
    for root, paths in ((_ROOT, sorted(code)), *own, (folder, sorted(folder.rglob("*.yaml")))):
        for path in paths:
            sha.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return sha.hexdigest()


def stale(home: Path, manifests: Path, *names: str) -> str:
    """The first thing that is wrong with the manifests of projects, on one line with what to do; empty if nothing is. A
    name that is no project's is passed over: such a folder is somebody's own. `home`: the state folder."""
    new = {}
    for name in names:
        declared, kept = projects.entry(name), home / "rendered" / name
        if declared is not None and not declared.ships and not (manifests / name).is_dir():
            return f"{Path('manifests').absolute()} has no manifests of {name} yet; run: pipeline render {name}"
        if declared is not None and (now := digest(manifests / name)) != (kept.read_text() if kept.is_file() else ""):
            new[name] = kept, now
    if not new:
        return ""
    words = [sys.executable, "-P", "-m", "pipeline", "render", "--check", *new]
    path = {"PYTHONPATH": os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}
    done = subprocess.run(
        words, cwd=manifests.absolute().parent, env=os.environ | path, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return (done.stderr.strip() or f"`{' '.join(words[3:])}` was killed").splitlines()[-1].removeprefix("error: ")
    with suppress(OSError):  # if nothing can be kept, or there is no state yet, they are compared every time
        for kept, now in new.values():
            kept.parent.mkdir(exist_ok=True)
            kept.write_text(now)
    return ""


def refuse(home: Path, manifests: Path, project: str) -> None:
    """Refuse to start what a project declares, if its manifests are stale.

    Raises:
        UserError: they are.
    """
    if line := stale(home, manifests, project):
        raise UserError(line)


def notes(home: Path, manifests: Path) -> list[str]:
    """What `stale` says of all projects, for whoever goes on."""
    return [*filter(None, [stale(home, manifests, *sorted(folder.name for folder in manifests.glob("*")))])]
