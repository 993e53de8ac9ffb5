"""`python -m pipeline` is the command `pipeline`."""

from pipeline.cli.commands import main

main()
