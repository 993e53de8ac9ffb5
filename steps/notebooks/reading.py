"""Reading a notebook: jupytext's percent form (`.py`), which a diff can show, or `.ipynb`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steps.contract.command import run
from steps.errors import BadInput

if TYPE_CHECKING:
    from nbformat import NotebookNode

_HERE = Path(__file__).parent


def found(path: str) -> Path:
    """The file of a notebook: of this package, or an absolute path.

    Raises:
        BadInput: there is none.
    """
    file = _HERE / path
    if not file.is_file():
        there = ", ".join(sorted(each.relative_to(_HERE).as_posix() for each in (_HERE / "shipped").glob("*.py")))
        raise BadInput(f"there is no notebook {path}; wanted an absolute path, or one of those that ship: {there}")
    return file


def read(file: Path) -> "NotebookNode":
    """The notebook, valid, in the present format.

    Raises:
        BadInput: it is not a notebook.
    """
    import jupytext  # noqa: PLC0415 - it and nbformat take half a second, and the step itself hardly needs them
    import nbformat  # noqa: PLC0415

    try:
        notebook: NotebookNode = jupytext.read(file) if file.suffix != ".ipynb" else nbformat.read(file, as_version=4)
        nbformat.validate(notebook)
    except (nbformat.ValidationError, nbformat.reader.NotJSONError) as error:
        raise BadInput(f"{file} is not a notebook: {str(error).splitlines()[0]:.200}") from None
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise BadInput(f"{file} is not a notebook: {error!s:.200}") from None
    return notebook


@click.command()
@click.argument("path")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def write(path: str, file: Path) -> None:
    """Write the notebook PATH as .ipynb to FILE, for Jupyter."""
    import nbformat  # noqa: PLC0415 - as above

    notebook = read(found(path))
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # else drawn at random, and the file would differ each time
    file.write_text(nbformat.writes(notebook), encoding="utf-8")


if __name__ == "__main__":
    run(write)
