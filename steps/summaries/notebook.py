"""One notebook that was executed: how it ended, and where its copy is."""

from typing import Literal

from pydantic import Field

from steps.summaries.base import Count, Summary


class Executed(Summary):
    """`ended`: done, cell (one failed), kernel (it died), late, killed, secret (it wrote one) or refused. `address`: of
    the copy in the store; `seconds`: how long it took; `tables`: what it handed over."""

    kind: Literal["notebook"] = "notebook"
    notebook: str
    item: str = ""
    ended: str
    said: str = ""
    address: str = ""
    seconds: float = 0
    cells: Count = 0
    tables: tuple[str, ...] = ()
    words: str = ""


class Loaded(Summary):
    """The tables that the notebooks of a run handed over. `rows`: how many of each; `refused`: why others were not
    loaded, a line each."""

    kind: Literal["deliveries"] = "deliveries"
    rows: dict[str, Count] = Field(default_factory=dict)
    refused: tuple[str, ...] = ()
    words: str = ""
