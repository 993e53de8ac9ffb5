"""Prints the tree that a run would have: with guides and colours on a terminal, as indented lines elsewhere.

A manifest is other people's text: it is printed without markup and without control characters.
"""

from collections.abc import Mapping

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from pipeline.engine import Reuse
from pipeline.engine.manifest import Found
from pipeline.engine.runs import arguments_of
from pipeline.show.outline import Branch, brief, outline
from pipeline.show.plain import clean
from steps.pages.words import shortened

_VALUE = 100  # characters of a parameter's value


def show(found: Found, parameters: Mapping[str, str], reuse: Reuse | None, console: Console | None = None) -> None:
    """Print what a run of `found` with these parameters would do; `reuse`: what it would take from an earlier run.

    Raises:
        UserError: a parameter is unknown, or a value is missing or not in the parameter's enum.
    """
    workflow = found.manifests.named(found.name)
    arguments = arguments_of(workflow, parameters)
    entry = outline(workflow, {each.name: each.value or "" for each in arguments.parameters}, reuse)
    console = console or Console()
    if console.is_terminal and not console.is_dumb_terminal:
        console.print(_tree(entry, console))
    else:
        for line in _lines(entry, console, 0):
            console.print(line, soft_wrap=True)


def _tree(entry: Branch, console: Console) -> Tree:
    tree = Tree(_label(entry, console, "\n"), guide_style="dim")
    for part in entry.parts:
        tree.children.append(_tree(part, console))
    return tree


def _lines(entry: Branch, console: Console, depth: int) -> list[Text]:
    below = f"\n{'  ' * (depth + 2)}"
    label = Text("  " * depth).append_text(_label(entry, console, below))
    return [label, *(line for part in entry.parts for line in _lines(part, console, depth + 1))]


def _label(entry: Branch, console: Console, separator: str) -> Text:
    """The text of one entry: its title line, a line for each condition, and one for each parameter."""
    dim = "dim" if entry.state else ""
    label = Text(clean(entry.title, console), style=dim or "bold")
    label.append(f"  {clean(entry.detail, console)}" if entry.detail else "", "not bold dim")
    label.append(f"  {clean(entry.state, console)}" if entry.state else "", "not bold green")
    for fact in entry.facts:
        label.append(f"{separator}{clean(fact, console)}", "not bold yellow" if fact.startswith("when") else "not bold")
    for name, value in entry.values.items():
        label.append(f"{separator}{clean(name, console)} = ", "not bold cyan")
        label.append(clean(shortened(brief(value), _VALUE), console), "not bold")
    return label
