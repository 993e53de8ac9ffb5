"""`python -m steps.conclude`."""

from steps.conclude import command
from steps.contract.command import run

if __name__ == "__main__":
    run(command)
