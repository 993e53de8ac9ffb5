"""What the step asks the process that executes a notebook to do."""

from dataclasses import dataclass

from steps.contract.notebooks import Scalar


@dataclass(frozen=True)
class Request:
    """`path`: of the notebook; `copy`, `outcome`: where to write; `folder`: in which it runs; `by`: the step's pid."""

    path: str
    parameters: dict[str, Scalar]
    kernel: str
    copy: str
    outcome: str
    folder: str
    memory_mb: int
    by: int
