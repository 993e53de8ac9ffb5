"""What a plain `pip install` leaves out: whoever needs some of it says in one line how to get it."""

import sys
from importlib.util import find_spec

from pipeline import shipped
from pipeline.errors import UserError

LIBRARIES = (
    "aiohttp",
    "anyio",
    "boto3",
    "botocore",
    "flask",
    "great_expectations",
    "hera",
    "jupyter_client",
    "jupytext",
    "lightgbm",
    "markdown_it",
    "matplotlib",
    "mlflow",
    "multidict",
    "nbclient",
    "nbformat",
    "numpy",
    "optuna",
    "papermill",
    "pandas",
    "prometheus_client",
    "psutil",
    "psycopg2",
    "pyarrow",
    "pydantic",
    "pydantic_core",
    "requests",
    "scipy",
    "seldon_core",
    "sklearn",
    "sqlalchemy",
    "starlette",
    "threadpoolctl",
    "urllib3",
    "uvicorn",
    "werkzeug",
    "yarl",
)
"""What the code imports and the extra `laptop` brings, by the names they are imported by."""


def missing() -> list[str]:
    """Those of `LIBRARIES` that are not installed."""
    return [name for name in LIBRARIES if find_spec(name) is None]


def remedy() -> str:
    """What to type to have them all."""
    if shipped.CHECKOUT:
        return "make setup"
    newest = ", with Python 3.12: for a later one great-expectations and seldon-core agree on no numpy"
    return f"pip install 'learning-pipelines[laptop]'{newest if sys.version_info >= (3, 13) else ''}"


def need_servers() -> None:
    """Nothing, where all that the embedded servers and the steps in them need is installed.

    Raises:
        UserError: something is missing.
    """
    if lacking := missing():
        named = ", ".join(lacking[:3]) + (f" and {len(lacking) - 3} more" if len(lacking) > 3 else "")
        raise UserError(f"the servers and their libraries are not installed ({named}); run: {remedy()}")
