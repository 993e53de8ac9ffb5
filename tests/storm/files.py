"""What falls from the sky: good surveys, some of them alike, bad ones, and names that mean harm."""

import io
import zipfile
from dataclasses import dataclass

from pipeline.quickstart.tabular_samples import look_alike

HOSTILE = (
    "spaces and +plus.csv",
    "per%2Fcent.csv",
    "caf\u00e9.csv",
    "cafe\u0301.csv",
    "quo'te\".csv",
    "$(touch gone).csv",
    "{{workflow.name}}.csv",
    "{{=1+1}}.csv",
    "line\nbreak.csv",
    "n" * 251 + ".csv",
    "Same.csv",
    "same.csv",
)


@dataclass(frozen=True)
class Fallen:
    """A file; whether it is to be refused."""

    name: str
    body: bytes
    bad: bool = False


def fifty() -> list[Fallen]:
    """Fifty files of look-alike abalone, seeded, so that each storm is the same."""
    text = look_alike("abalone", 3000, 7).decode()
    lines = [line for line in text.splitlines() if line.split(",")[3] != "0"]  # the two of height 0
    parts = [lines[start : start + 60] for start in range(0, 60 * 44, 60)]
    good = [Fallen(f"survey-{number:02d}.csv", _body(part)) for number, part in enumerate(parts[:24])]
    named = [Fallen(name, _body(part)) for name, part in zip(HOSTILE, parts[24:36], strict=True)]
    half = [Fallen(f"half-{n}.csv", _body(parts[n][:30] + parts[36 + n][:30])) for n in range(6)]
    again = [Fallen(f"again-{n}.csv", _body(parts[n])) for n in range(4)]
    bad = [
        Fallen("empty.csv", b"", bad=True),
        Fallen("archive.csv", _zipped(good[0]), bad=True),
        Fallen("formula.csv", _body(["=1+1,0.4,0.3,0.1,0.5,0.2,0.1,0.15,9"]), bad=True),
        Fallen("other.csv", b"fixed acidity;pH\n7;3\n", bad=True),
    ]
    return [*good, *named, *half, *again, *bad]


def _body(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _zipped(file: Fallen) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr(file.name, file.body)
    return body.getvalue()
