"""What the routes of one server share."""

from collections.abc import Sequence

from pipeline.laptop.home import MADE
from pipeline.laptop.machine import LocalMachine
from pipeline.serve.changes import Changes
from pipeline.serve.controlling import Controller
from pipeline.serve.library import Library
from pipeline.serve.runs import Runs
from pipeline.serve.store import Store
from pipeline.serve.submitting import Submitter


class Service:
    """One machine, served. `namespace`: of the cluster that is looked at instead; `page`: where its Argo UI is."""

    namespace = page = ""
    acts = True  # whether the pages have buttons

    def typed(self, here: Sequence[str], there: Sequence[str]) -> list[str]:
        """The commands that say what a page does: on this machine, or on the cluster."""
        return [f"{each} -n {self.namespace}" for each in there] if self.namespace else list(here)

    def hint(self, words: str) -> str:
        """What to type to begin with, on this machine."""
        return "" if self.namespace else words

    def __init__(self, machine: LocalMachine) -> None:
        self.machine = machine
        self.runs = Runs(machine)
        self.changes = Changes(self.runs)
        self.library = Library(machine.home / MADE, machine.manifests)
        self.store = Store(self.library)
        self.submitter = Submitter(self.runs, self.library)
        self.controller = Controller(self.runs, self.submitter)
