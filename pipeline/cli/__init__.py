"""The command line. Each command imports what it needs when it runs, so that `--help` is instant."""

from pipeline.cli.commands import cli, main

__all__ = ["cli", "main"]
