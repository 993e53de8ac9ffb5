"""`python -m steps.review`."""

from steps.contract.command import run
from steps.review import command

if __name__ == "__main__":
    run(command)
