"""What the step asks the process that executes a notebook to do."""

from dataclasses import dataclass

from steps.contract.notebooks import Scalar


@dataclass(frozen=True)
class Request:
    """`path`: of the notebook; `copy`, `outcome`: where to write; `folder`: in which it runs; `session`: gets the
    number of the kernel's session; `by`: the step's pid."""

    path: str
    parameters: dict[str, Scalar]
    kernel: str
    copy: str
    outcome: str
    folder: str
    memory_mb: int
    session: str
    by: int
