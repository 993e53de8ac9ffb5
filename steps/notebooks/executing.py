"""Executes one notebook by papermill, in a process of its own: `python -m steps.notebooks.executing REQUEST.json`.

The copy is written before and after each cell. How it ended is written last; where nothing is, this process was ended.
It never outlives the step that started it, and its kernel never outlives it.
"""

import asyncio
import ctypes
import json
import os
import signal
import sys
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill import execute_notebook
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from steps.errors import BadInput
from steps.notebooks import kernels, reading
from steps.notebooks.request import Request

_PR_SET_PDEATHSIG: Final = 1
KEPT_OUTPUT: Final = 4 << 20  # bytes of all cells together
_FLOOD: Final = 64 << 20  # a notebook that writes more is stopped


@dataclass(frozen=True)
class Outcome:
    """How it ended. `cell`: which code cell, from 1, was the last; `said`: why, in one line."""

    ended: Literal["done", "cell", "kernel", "refused"]
    said: str = ""
    cell: int = 0


class Client(PapermillNotebookClient):  # type: ignore[misc]
    """Keeps so much output and no more, and stops a notebook that floods."""

    written = 0
    flooded = False

    def output(self, outs: list[Any], msg: dict[str, Any], display_id: str | None, cell_index: int) -> Any:
        """Handle one output."""
        before, self.written = self.written, self.written + _size(msg["content"])
        if self.written > _FLOOD and not self.flooded:
            self.flooded = True
            asyncio.get_running_loop().create_task(self.km.interrupt_kernel())
        if self.written <= KEPT_OUTPUT or msg["msg_type"] == "error":
            return super().output(outs, msg, display_id, cell_index)
        if before <= KEPT_OUTPUT:
            text = f"\n[no more is kept: the output is larger than {KEPT_OUTPUT >> 20} MB]\n"
            msg = msg | {"msg_type": "stream", "content": {"name": "stderr", "text": text}}
            msg["header"] = msg["header"] | {"msg_type": "stream"}
            return super().output(outs, msg, None, cell_index)
        return None


class Bounded(Engine):  # type: ignore[misc]
    """papermill's engine with our client. What a notebook wrote stays to be asked for."""

    client: Client

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **fields: Any) -> Any:
        """Execute it."""
        for name in ("input_path", "log_output", "stdout_file", "stderr_file", "start_timeout"):
            fields.pop(name, None)
        cls.client = Client(
            nb_man, kernel_name=kernel_name, startup_timeout=120, iopub_timeout=60, coalesce_streams=True, **fields
        )
        return cls.client.execute()


def execute(request: Request) -> Outcome:
    """Execute the notebook that was asked for."""
    papermill_engines.register("bounded", Bounded)
    notebook = None
    with kernels.socket_folder() as folder:
        try:
            notebook = reading.read(reading.found(request.path))
            execute_notebook(
                notebook,
                request.copy,
                parameters=request.parameters,
                engine_name="bounded",
                kernel_name=request.kernel,
                language="python",
                progress_bar=False,
                cwd=request.folder,
                autosave_cell_every=2,
                kernel_manager_class=kernels.leashed(folder, request.memory_mb, request.session),
            )
        except BadInput as error:
            return Outcome("refused", str(error))
        except PapermillExecutionError as error:
            return Outcome("cell", _why(error), _number(request.copy))
        except (DeadKernelError, CellTimeoutError) as error:
            return Outcome("kernel", " ".join(str(error).split())[:300])
    return Outcome("done")


def _why(error: PapermillExecutionError) -> str:
    if Bounded.client.flooded:
        return f"it wrote more than {_FLOOD >> 20} MB"
    return " ".join(f"{error.ename}: {error.evalue}".split())[:300]


def _number(copy: str) -> int:
    """Which code cell of the copy, from 1, failed."""
    cells = [
        each for each in json.loads(Path(copy).read_text(encoding="utf-8"))["cells"] if each["cell_type"] == "code"
    ]
    states = [each["metadata"].get("papermill", {}).get("status") for each in cells]
    return states.index("failed") + 1 if "failed" in states else 0


def _size(content: Mapping[str, Any]) -> int:
    if "text" in content:
        return len(content["text"])
    return sum(len(value) for value in content.get("data", {}).values() if isinstance(value, str))


def main(path: str) -> None:
    """Do what the file asks for."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    request = Request(**json.loads(Path(path).read_text(encoding="utf-8")))
    if parent != request.by or os.getppid() != parent:
        sys.exit(1)
    warnings.simplefilter("ignore")  # of libraries, for whoever wrote them
    outcome = execute(request)
    Path(request.outcome).write_text(json.dumps(asdict(outcome)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
