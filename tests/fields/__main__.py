"""Makes docs/fields.md: `python -m tests.fields`.

With files (`python -m tests.fields 3.7.18=SCHEMA.json 4.0.5=SCHEMA.json`, each Argo's `api/jsonschema/schema.json`) the
stored names of the fields are made anew first.
"""

import sys
from pathlib import Path
from typing import Final

from tests import ROOT
from tests.fields import asking, page, schema

PAGE: Final = ROOT / "docs" / "fields.md"


def main(files: list[str]) -> int:
    """The command; its exit code."""
    if files:
        found = schema.of_files({version: Path(file) for version, _, file in (each.partition("=") for each in files)})
        schema.STORED.write_text(schema.written(found), encoding="utf-8")
    known = schema.load()
    answers = list(asking.answers(known.types))
    PAGE.write_text(page.page(answers, known), encoding="utf-8")
    unsettled = [each for each in answers if each.word == asking.UNSETTLED]
    for each in unsettled:
        print(f"{each.path}.{each.field}: {each.message}", file=sys.stderr)
    print(f"{PAGE.name}: {len(answers)} fields")
    return 1 if unsettled else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
