"""From a dropped file's bytes to valid rows, or to a reason that its owner understands.

A file is read strictly (`reading`): what cannot be understood without guessing refuses it as a whole. Its values are
then held against the declaration by Great Expectations (`suites`), all files of a batch at once: rows outside their
bounds are left out and counted, and too many of them refuse the file. `shift` asks whether the rows that are left come
from the world that the live model knows, and `page` shows all of it.
"""

from steps.tables.examining import examine
from steps.tables.verdicts import Examined, File, Verdict

__all__ = ["Examined", "File", "Verdict", "examine"]
