"""Model families: each learns from a table of numbers and is stored as plain text. `base` states their contract.

Serving imports this package, so it needs only numpy and each family's own library.
"""

from steps.models.base import Model, load

__all__ = ["Model", "load"]
