"""The fingerprint of the dataset that a project's history makes."""

from steps.backends import caching
from steps.contract.code import digests
from steps.contract.declaration import TableDeclaration


def fingerprint(declaration: TableDeclaration, chain: str) -> str:
    """A digest of everything the dataset is made of: the history (its `chain`), the declaration, the code; 32 hex
    digits."""
    declared = declaration.model_dump(mode="json", exclude={"title"})
    return caching.key("merge", history=chain, declaration=declared, code=digests(*declaration.learning.code))
