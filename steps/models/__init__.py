"""Model families: each learns from a table of numbers and is stored as plain text. `base` states what they promise.

Serving imports this package, so nothing here needs more than numpy and the family's own library.
"""

from steps.models.base import Model, load

__all__ = ["Model", "load"]
