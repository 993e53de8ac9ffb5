"""A run that others look at while it goes on: each look takes in only what has happened since the last."""

from pipeline.engine.execution.journal import Journal, owned
from pipeline.engine.runs.replay import Replay
from pipeline.engine.views.viewing import Viewer
from pipeline.engine.views.views import RunView


class LiveRun:
    """A run that is not over, or was not a moment ago. Not to be shared between threads.

    Raises:
        UserError: there is no such run.
    """

    def __init__(self, journal: Journal, run_id: str) -> None:
        row = journal.row(run_id)
        self._journal, self._run_id = journal, run_id
        self._replay = Replay(journal, row)
        self._viewer = Viewer(self._replay.run, self._replay.folder, row["created_at"])

    def look(self) -> RunView:
        """How it stands."""
        run = self._replay.run
        if not run.over:
            interrupted = not owned(self._journal.row(self._run_id))  # asked first: its owner may write before it goes
            self._replay.catch_up()
        return self._viewer.view(interrupted=not run.over and interrupted)
