"""What the routes of one server share."""

from pipeline.laptop.machine import LocalMachine
from pipeline.serve.changes import Changes
from pipeline.serve.controlling import Controller
from pipeline.serve.library import Library
from pipeline.serve.runs import Runs
from pipeline.serve.store import Store
from pipeline.serve.submitting import Submitter

FOLDER = "workflows"
"""Where what clients make lies, in the state folder."""


class Service:
    """One machine, served."""

    def __init__(self, machine: LocalMachine) -> None:
        self.machine = machine
        self.runs = Runs(machine)
        self.changes = Changes(self.runs)
        self.library = Library(machine.home / FOLDER, machine.manifests)
        self.store = Store(self.library)
        self.submitter = Submitter(self.runs, self.library)
        self.controller = Controller(self.runs, self.submitter)
