"""Makes the tables that the pages read, before they are looked at by one who may only read:
`python -m pipeline.serve.cluster.tables`."""

from importlib import import_module
from typing import Final

from steps.backends.database import begin

_DECLARED: Final = ("challengers", "history", "judged", "ledger", "promotions", "warehouse.skill", "warehouse.standing",
                    "warehouse.watches")  # fmt: skip


def make() -> None:
    """Those of these modules."""
    for name in _DECLARED:
        import_module(f"steps.backends.{name}")
    with begin():
        pass


if __name__ == "__main__":
    make()
