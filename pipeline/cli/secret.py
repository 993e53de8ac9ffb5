"""The commands around Secrets: set one for the workflows of this machine, see which there are, forget one."""

import sys

import click

from pipeline.cli.help import example
from pipeline.cli.place import note_state
from pipeline.errors import UserError


@click.group("secret", cls=click.Group, **example("pipeline secret set my-secret token"))
def secret() -> None:
    """Keep Secrets that workflows name, in files that only you can read."""


@secret.command("set", **example("pipeline secret set my-secret token"))
@click.argument("name")
@click.argument("pairs", nargs=-1, required=True, metavar="KEY[=VALUE]...")
def secret_set(name: str, pairs: tuple[str, ...]) -> None:
    """Set keys of the Secret NAME. A KEY without a value is asked for, or read from stdin: no history then has it."""
    from pipeline.laptop.home import home
    from pipeline.stack.objects import secrets
    from pipeline.stack.state import make

    note_state()
    values = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key:
            raise UserError(f"{pair!r} has no key; wanted KEY or KEY=VALUE")
        values[key] = value if equals else _asked(key, alone=len(pairs) == 1)
    make(home())
    secrets.put(home(), name, values)
    click.echo(f"{name}: {', '.join(sorted(values))}")


def _asked(key: str, *, alone: bool) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(key, hide_input=True))
    return (sys.stdin.read() if alone else sys.stdin.readline()).removesuffix("\n")


@secret.command("list", **example("pipeline secret list"))
def secret_list() -> None:
    """List the Secrets that were set, with their keys; never a value."""
    from pipeline.laptop.home import home
    from pipeline.stack.objects import secrets

    found = secrets.names(home())
    click.echo("\n".join(f"{name}: {', '.join(keys)}" for name, keys in found.items()) or "no Secret was set")


@secret.command("remove", **example("pipeline secret remove my-secret"))
@click.argument("name")
def secret_remove(name: str) -> None:
    """Forget the Secret NAME."""
    from pipeline.laptop.home import home
    from pipeline.stack.objects import secrets

    secrets.remove(home(), name)
    click.echo(f"{name}: removed")
