"""What a child of the fork server runs: the command line, which asks no server."""

from pipeline.cli.commands import main

main(here=True)
