"""`python -m steps.tidy`."""

from steps.contract.command import run
from steps.tidy import command

if __name__ == "__main__":
    run(command)
