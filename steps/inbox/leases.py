"""The heartbeat: while this process works, its leases do not expire."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from steps.backends import ledger
from steps.backends.database import transact
from steps.contract.command import log
from steps.errors import StepError

_EVERY_SECONDS = ledger.LEASE_SECONDS / 4


@contextmanager
def kept(project: str, owner: str) -> Iterator[None]:
    """Renew what `owner` holds of the project until the block ends."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(_EVERY_SECONDS):
            try:
                transact(lambda connection: ledger.renew(connection, project, owner))
            except StepError as error:  # the next beat tries again; if the lease expires, others take over
                log.warning("the leases were not renewed: %s", error)

    thread = threading.Thread(target=beat, name="leases", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
