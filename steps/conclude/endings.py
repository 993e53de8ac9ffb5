"""The ends, and the wider share, each in the caller's transaction. They return the decision to release, or None if
there is nothing to do any more."""

from dataclasses import dataclass

import sqlalchemy as sa

from steps.backends import challengers, promotions


@dataclass(frozen=True)
class Ending:
    """What one run is to end: why, and who started it."""

    project: str
    run: str
    by: str
    why: str

    def take_over(self, connection: sa.Connection, decision: int) -> int | None:
        """The challenger that is on trial by `decision` becomes the champion."""
        trial = challengers.on_trial(connection, self.project)
        if trial is None or trial.model.decision != decision:
            return None
        taking = promotions.take_over(connection, trial.model, why=self.why, run=self.run, by=self.by)
        challengers.end(connection, trial, "taken over", f"as decision {taking.decision}", self.run)
        return taking.decision

    def withdraw(self, connection: sa.Connection, decision: int) -> int | None:
        """The trial ends (of `decision`, or for 0 whichever there is), and the champion is released again, alone."""
        live = promotions.live(connection, self.project).decision
        if challengers.ended_by(connection, self.project, self.run):
            return live  # by this run, which is repeated: the server may still have the challenger
        trial = challengers.on_trial(connection, self.project)
        if trial is None or decision not in (0, trial.model.decision):
            return None
        challengers.end(connection, trial, "withdrawn", self.why, self.run)
        return live

    def widen(self, connection: sa.Connection, decision: int, share: float) -> int | None:
        """The canary on trial by `decision` answers that share of the requests; the champion is released again."""
        trial = challengers.on_trial(connection, self.project)
        if trial is None or trial.model.decision != decision:
            return None
        challengers.widen(connection, trial, share)
        return promotions.live(connection, self.project).decision

    def roll_back(self, connection: sa.Connection, decision: int) -> int | None:
        """The model that was live before `decision`, which is live, comes back."""
        live = promotions.champion(connection, self.project)
        if live is None or live.decision != decision:
            return None
        back = promotions.roll_back(connection, self.project, why=self.why, run=self.run, by=self.by)
        challengers.withdraw(connection, self.project, f"what it was compared with was rolled back by {back.decision}")
        return back.decision
