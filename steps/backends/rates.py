"""Rates: never more calls with one key than its owner allows, from all processes together.

Contract. A call is recorded before it is made, in one transaction that also counts those of the last minute and hour;
so all processes that share a database share the limit, and one that is killed between the two has only counted a call
that was never made. Time is the database's. A key is known by its digest alone.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from steps.backends.database import clock, metadata, transact, upsert

Limit = tuple[int, float]  # calls, in seconds

calls = sa.Table(
    "api_calls",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("key", sa.String(32), nullable=False, index=True),
    sa.Column("at", sa.Float, nullable=False),
)
holds = sa.Table(
    "api_holds",
    metadata,
    sa.Column("key", sa.String(32), primary_key=True),
    sa.Column("until", sa.Float, nullable=False),
)


@dataclass(frozen=True)
class Rate:
    """The limits of one key."""

    key: str = field(repr=False)
    limits: Sequence[Limit]

    @property
    def _name(self) -> str:
        return hashlib.sha256(self.key.encode()).hexdigest()[:32]

    def take(self) -> float:
        """0 if a call may be made now, which is then counted; otherwise the seconds after which to ask again."""
        return transact(self._take)

    def hold(self, seconds: float) -> None:
        """Allow no calls for that long, because the server said so."""

        def write(connection: sa.Connection) -> None:
            held = connection.execute(sa.select(holds.c.until).where(holds.c.key == self._name)).scalar()
            until = max(held or 0.0, clock(connection) + seconds)
            upsert(connection, holds, [{"key": self._name, "until": until}])

        transact(write)

    def _take(self, connection: sa.Connection) -> float:
        now, name = clock(connection), self._name
        held = connection.execute(sa.select(holds.c.until).where(holds.c.key == name)).scalar()
        waits = [held - now] if held else []
        connection.execute(
            sa.delete(calls).where(calls.c.key == name, calls.c.at < now - max(s for _, s in self.limits))
        )
        for count, seconds in self.limits:
            recent = sa.select(calls.c.at).where(calls.c.key == name, calls.c.at > now - seconds)
            # the call that must drop out of the window before there is room for another
            oldest = connection.execute(recent.order_by(calls.c.at.desc()).offset(count - 1).limit(1)).scalar()
            waits += [oldest + seconds - now] if oldest is not None else []
        if (wait := max(waits, default=0.0)) > 0:
            return wait
        connection.execute(sa.insert(calls), {"key": name, "at": now})
        return 0.0
