"""A test kit for a project's own code: `check_family`, `check_features`, `check_table` and `check_extra` raise an
AssertionError that says in one line what is not as the contract wants it. They need no server."""

from steps.testing.extras import check_extra
from steps.testing.families import check_family
from steps.testing.functions import check_features
from steps.testing.tables import check_table

__all__ = ["check_extra", "check_family", "check_features", "check_table"]
