"""Whether a file is what a declaration says, and rows that are made up after a declaration."""

from pathlib import Path

import numpy as np
import pandas as pd

from steps.contract.declaration import TableDeclaration
from steps.errors import StepError
from steps.features.table import features
from steps.learning import enough
from steps.learning.table_dataset import Table
from steps.tables import File, copies, examine, leaks
from steps.testing.telling import refuse


def check_table(declaration: TableDeclaration, file: Path) -> None:
    """Check that the project would take a CSV file as it is, and has enough rows in it to learn from.

    Raises:
        AssertionError: it would not; says why, as the file's owner would read it.
    """
    (verdict,) = examine([File("", file.name, file.read_bytes())], declaration).verdicts
    refuse(verdict.reason is not None, f"{file}: {verdict.reason}")
    given = leaks.found(verdict.rows, declaration)
    refuse(bool(given), f"{file}: {'; '.join(given)}")
    rows = verdict.rows.drop_duplicates("row", ignore_index=True)
    copy_of = rows["row"].iloc[copies.originals(rows, declaration.table)].to_numpy()
    inputs = features(rows, declaration)
    dataset = Table(
        fingerprint="",
        parameter=declaration.learning.target,
        unit="",
        task=declaration.learning.task,
        holdout_share=declaration.learning.holdout_share,
        number=1,
        rows=inputs.assign(row=rows["row"], copy_of=copy_of, target=rows[declaration.learning.target]),
    )
    try:
        enough.check(dataset, declaration.learning.folds, f"{len(rows)} rows")
    except StepError as error:
        refuse(True, f"{file}: {error}")


def made_up(declaration: TableDeclaration, count: int = 200, seed: int = 7) -> pd.DataFrame:
    """Rows of the declared columns: numbers from all over their ranges, levels one as often as another."""
    random = np.random.default_rng(seed)
    found: dict[str, object] = {}
    for column in declaration.table.columns:
        if column.levels:
            found[column.name] = pd.Series(random.choice(np.array(column.levels), count), dtype="str")
        elif column.whole:
            found[column.name] = random.integers(int(column.low), int(column.high), count, endpoint=True).astype(float)
        else:
            found[column.name] = random.uniform(column.low, column.high, count)
    return pd.DataFrame(found)
