"""How far each detector is from an alarm, as the monitor saw it last.

Contract. A model's detectors are written together and replace those that were there, so that what is read is of one
look. Nothing follows from them: the next look computes them anew from what came true.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

import sqlalchemy as sa

from steps.backends.database import metadata

detectors = sa.Table(
    "detectors",
    metadata,
    sa.Column("project", sa.String(63), primary_key=True, comment="whose model is watched"),
    sa.Column("parameter", sa.String(63), primary_key=True, comment="what is predicted"),
    sa.Column("kind", sa.String(8), primary_key=True, comment="what is watched: error, or bands"),
    sa.Column("location", sa.BigInteger, primary_key=True, autoincrement=False, comment="where; 0: all together"),
    sa.Column("version", sa.Integer, nullable=False, comment="the version of the model"),
    sa.Column("day", sa.Date, nullable=False, comment="the last day (UTC) that was judged"),
    sa.Column("evidence", sa.Float, nullable=False, comment="of a change; an alarm at `level`"),
    sa.Column("level", sa.Float, nullable=False, comment="days between two false alarms, on average at least"),
    comment="How far each detector of the live models is from an alarm, at the monitor's last look.",
)


@dataclass(frozen=True)
class Detector:
    """A row of `detectors`."""

    kind: str
    location: int
    version: int
    day: date
    evidence: float
    level: float


def note(connection: sa.Connection, project: str, parameter: str, found: Sequence[Detector]) -> None:
    """Write down those of the project's model that predicts `parameter`, in the place of the earlier ones."""
    c = detectors.c
    connection.execute(sa.delete(detectors).where(c.project == project, c.parameter == parameter))
    if found:
        key = {"project": project, "parameter": parameter}
        connection.execute(sa.insert(detectors), [key | asdict(one) for one in found])
