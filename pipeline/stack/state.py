"""Making the state folder. It lies where people work, so others cannot look into it and git does not take it."""

from pathlib import Path

from pipeline.errors import UserError


def make(home: Path, *inside: str) -> None:
    """Make the state folder, and those folders in it, where they are not there.

    Raises:
        UserError: they cannot be made.
    """
    try:
        if not home.is_dir():
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            (home / ".gitignore").write_text("*\n", encoding="utf-8")
        for name in inside:
            (home / name).mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(
            f"the state folder {home} cannot be written: {_reason(home, error)}; name another in PIPELINE_HOME"
        ) from error


def _reason(home: Path, error: OSError) -> str:
    file = next((each for each in (home, *home.parents) if each.exists() and not each.is_dir()), None)
    if file is not None:
        return f"{'it' if file == home else file} is no folder"
    return error.strerror or str(error)
