"""The dataset that a project's history is: its fingerprint."""

from steps.backends import caching
from steps.contract.declaration import TableDeclaration


def fingerprint(declaration: TableDeclaration, chain: str) -> str:
    """Of all that a dataset is made of: the history (its `chain`), the declaration, the code; 32 hex digits."""
    declared = declaration.model_dump(mode="json", exclude={"title"})
    return caching.key("merge", history=chain, declaration=declared)
