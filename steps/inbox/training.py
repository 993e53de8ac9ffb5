"""The workflow that learns from the newest state of the history, unless another one has or is about to."""

from dataclasses import dataclass

import sqlalchemy as sa

from steps.backends import history, promotions, trainings
from steps.backends.database import transact
from steps.contract.declaration import TableDeclaration
from steps.learning.tables import fingerprint


def wanted(declaration: TableDeclaration, run: str) -> str | None:
    """The name of the training that `run`, and no other run, should start; None if none is needed."""
    project = declaration.name
    head = transact(lambda connection: history.head(connection, project))
    if head is None or not head.total:
        return None
    dataset = fingerprint(declaration, head.chain)

    def offered(connection: sa.Connection) -> str | None:
        decision = promotions.find(connection, project, dataset)
        if decision is not None and decision.promoted is not None:
            return None
        return trainings.offer(connection, project, dataset, head.sequence, to=run)

    return transact(offered)


@dataclass(frozen=True)
class Newest:
    """The training of the newest state, as the monitor asks for it."""

    declaration: TableDeclaration

    def wanted(self) -> str | None:
        """The name of the one to start for an alarm; None if it was decided, or another run starts it or has."""
        return wanted(self.declaration, f"{self.declaration.name}-monitor")

    def given_up(self) -> str | None:
        """Why nobody starts it any more; None if somebody does."""
        project = self.declaration.name
        head = transact(lambda connection: history.head(connection, project))
        dataset = fingerprint(self.declaration, head.chain) if head else ""
        if not transact(lambda connection: trainings.given_up(connection, project, dataset)):
            return None
        return f"it has failed {trainings.MOST_CLAIMS} times; start it by hand: pipeline run {project}-train"
