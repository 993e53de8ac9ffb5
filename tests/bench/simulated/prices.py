"""List prices in US dollars, without discounts, free allowances or taxes: AWS, us-east-1, on demand.

As published on https://aws.amazon.com/s3/pricing, https://aws.amazon.com/fargate/pricing and
https://aws.amazon.com/rds/postgresql/pricing, and as several guides repeated them in March 2026; ask there before you
decide anything by them. Data that stay in one region are not charged for.
"""

from dataclasses import dataclass
from typing import Final

STORED: Final = 0.023  # a GB and month, S3 Standard, of the first 50 TB
DEAR: Final = 0.005 / 1000  # PUT, COPY, POST, LIST
CHEAP: Final = 0.0004 / 1000  # GET, HEAD
CORE: Final = 0.04048 / 3600  # a second of a core, Fargate, Linux on x86
MEMORY: Final = 0.004445 / 3600  # a second of a GB, likewise
DATABASE: Final = 0.115  # a GB and month, RDS for PostgreSQL, gp3, one zone
SERVER: Final = 0.065 * 730  # a month of a db.t4g.medium: 2 cores, 4 GB


@dataclass(frozen=True)
class Work:
    """What something takes. `memory`: GB that it is given while it runs."""

    core: float = 0.0
    memory: float = 0.0
    dear: float = 0.0
    cheap: float = 0.0

    @property
    def dollars(self) -> float:
        """Once. A step is taken to have one core for as long as it computes."""
        return self.core * (CORE + self.memory * MEMORY) + self.dear * DEAR + self.cheap * CHEAP


def kept(store: float, database: float) -> float:
    """A month of so many GB in the object store and in the database, with the database's server."""
    return store * STORED + database * DATABASE + SERVER
