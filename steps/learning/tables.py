"""The fingerprint of the dataset that a project's history makes."""

from steps.backends import caching
from steps.contract import reach
from steps.contract.declaration import TableDeclaration
from steps.learning import DECIDED_BY


def fingerprint(declaration: TableDeclaration, chain: str) -> str:
    """A digest of everything the dataset is made of: the history (its `chain`), the declaration, the code; 32 hex
    digits."""
    declared = declaration.model_dump(mode="json", exclude={"title"})
    code = reach.digest("steps.merge", *DECIDED_BY, *declaration.learning.code)
    return caching.key("merge", history=chain, declaration=declared, code=code)
