"""Draw the page of all runs beside the file of them: `python -m tests.bench.history`."""

import sys

from tests.bench.history.lines import place, read
from tests.bench.history.page import page


def main() -> int:
    """Print where the page is; on stderr, each line that was left out."""
    file = place()
    try:
        lines, broken = read(file)
    except OSError as error:
        print(f"{file} could not be read ({error.strerror}); run a bench first: make bench SET=small", file=sys.stderr)
        return 2
    for words in broken:
        print(words, file=sys.stderr)
    drawn = file.with_suffix(".html")
    drawn.write_text(page(lines), encoding="utf-8")
    print(drawn)
    return 0


if __name__ == "__main__":
    sys.exit(main())
