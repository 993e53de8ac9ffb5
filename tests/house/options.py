"""The options of each command, from the command line itself: `python -m tests.house.options` writes them into
docs/commands.md."""

from collections.abc import Iterator
from typing import Final

import click

from pipeline.cli.commands import cli
from tests import ROOT

PAGE: Final = ROOT / "docs" / "commands.md"
BEGIN: Final = "<!-- the options, written by `make fields` -->\n"
END: Final = "<!-- the end of the options -->\n"


def commands(group: click.Group = cli, above: str = "pipeline") -> Iterator[tuple[str, click.Command]]:
    """Every command, and every one below it, by what one types."""
    for name, command in group.commands.items():
        yield f"{above} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{above} {name}")


def table() -> str:
    """All of them, in Markdown."""
    lines = ["| command | option | does |\n|---|---|---|\n"]
    for name, command in commands():
        for one in command.params:
            if isinstance(one, click.Option):
                lines.append(f"| `{name}` | `{_typed(one)}` | {_said(one)} |\n")
    return "".join(lines)


def written(page: str) -> str:
    """The page with the options as they are now."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


def _typed(option: click.Option) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    return names if option.is_flag else f"{names} {option.make_metavar(click.Context(cli))}".replace("|", "\\|")


def _said(option: click.Option) -> str:
    shown = f" Default: {option.default}." if option.show_default and not option.is_flag else ""
    return f"{option.help}{shown}".replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
