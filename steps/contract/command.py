"""How a step becomes a command: click for the options, one line for a mistake, an exit code that the engine reads.

stdout is the step's result and stderr its log: JSON lines in a container, readable on a terminal or if `LOG_FORMAT` is
`text`.
"""

import gc
import json
import logging
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click

from steps.errors import BadInput, StepError

log = logging.getLogger("steps")
_LONGEST = 500  # characters of a reason
_SELDOM = 50_000  # objects made between two looks for garbage: at Python's 700 they take a fifth of a step's time

declaration_option = click.option("--declaration", required=True, help="The project's declaration, as JSON.")
"""The option that every step has."""

_SELECTION = (
    click.option("--locations", default="", help="Ids, separated by commas; empty: the declared ones."),
    click.option("--parameter", default="", help="What is predicted; empty: the declared target."),
    click.option("--as-of", default="", help="The logical time (RFC 3339); empty: --created."),
    click.option("--created", required=True, help="When the workflow was created (RFC 3339)."),
)


def selection_options[Command: Callable[..., object]](command: Command) -> Command:
    """The options of a step that reads a series: what `steps.contract.selection` takes, in the manifests' order."""
    for option in reversed(_SELECTION):
        command = option(command)
    return command


input_file = click.Path(path_type=Path, exists=True, dir_okay=False)
"""The type of an option that names an input artifact."""


class JsonLines(logging.Formatter):
    """One JSON object per line: time (UTC), level, message and whatever `extra={"fields": {...}}` adds."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        return json.dumps(line, ensure_ascii=False)


def log_to_stderr() -> None:
    """Send the log to stderr, in the form that suits its reader."""
    readable = sys.stderr.isatty() or os.environ.get("LOG_FORMAT") == "text"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S") if readable else JsonLines())
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False


def run(command: Callable[..., object], arguments: list[str] | None = None) -> NoReturn:
    """Run a step's click command and exit: 0 done, 2 bad input, 3 a check that stops the run, 1 anything to retry."""
    log_to_stderr()
    gc.set_threshold(_SELDOM, 10, 10)
    try:
        command(args=arguments, standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"error: {error.format_message()}", err=True)
        sys.exit(2)
    except click.exceptions.Abort:
        sys.exit(130)
    except StepError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    sys.exit(0)


def one_line_of(option: str, text: str) -> str:
    """What a person typed, on one line.

    Raises:
        BadInput: it is longer than 500 characters.
    """
    words = " ".join(text.split())
    if len(words) > _LONGEST:
        raise BadInput(f"{option} has {len(words)} characters; wanted at most {_LONGEST}")
    return words


def write_text(path: Path, text: str) -> None:
    """Write an output parameter or artifact where the manifest wants it, creating its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_json(path: Path, value: object) -> None:
    """Write `value` as canonical JSON: sorted keys, no NaN."""
    write_text(path, json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False))
