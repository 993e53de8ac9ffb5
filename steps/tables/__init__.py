"""From a dropped file's bytes to valid rows, or to a reason that its owner understands.

A file is read strictly (`reading`): if anything in it would take a guess, the whole file is refused. Its values are
then checked against the declaration by Great Expectations (`suites`), all files of a batch at once: rows out of bounds
are left out and counted, and too many of them refuse the file. `shift` (of numbers) and `world` (of classes) check
whether the remaining rows come from the world that was learned from, `copies` tells which of them are there already but
for rounding, and `page` shows the result.
"""

from steps.tables.examining import examine
from steps.tables.verdicts import Examined, File, Verdict

__all__ = ["Examined", "File", "Verdict", "examine"]
