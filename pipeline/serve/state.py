"""What the routes of one server share."""

from pipeline.laptop.home import MADE
from pipeline.laptop.machine import LocalMachine
from pipeline.serve.changes import Changes
from pipeline.serve.controlling import Controller
from pipeline.serve.library import Library
from pipeline.serve.runs import Runs
from pipeline.serve.store import Store
from pipeline.serve.submitting import Submitter


class Service:
    """One machine, served."""

    def __init__(self, machine: LocalMachine) -> None:
        self.machine = machine
        self.runs = Runs(machine)
        self.changes = Changes(self.runs)
        self.library = Library(machine.home / MADE, machine.manifests)
        self.store = Store(self.library)
        self.submitter = Submitter(self.runs, self.library)
        self.controller = Controller(self.runs, self.submitter)
