"""The workflow that learns from the newest state of the history, unless another one has or is about to."""

import sqlalchemy as sa

from steps.backends import history, promotions, trainings
from steps.backends.database import transact
from steps.contract.declaration import TableDeclaration
from steps.learning.tables import fingerprint


def wanted(declaration: TableDeclaration, run: str) -> str | None:
    """The name of the training that `run`, and no other run, should start; None if none is needed."""
    project = declaration.name
    head = transact(lambda connection: history.head(connection, project))
    if head is None:
        return None
    dataset = fingerprint(declaration, head.chain)

    def offered(connection: sa.Connection) -> str | None:
        decision = promotions.find(connection, project, dataset)
        if decision is not None and decision.promoted is not None:
            return None
        return trainings.offer(connection, project, dataset, head.sequence, to=run)

    return transact(offered)
