"""Tables for a user who has none: the originals from UCI, or look-alikes that need no network.

An original is fetched from its address, and taken only if its digest is the known one. A look-alike is drawn from a
seed: its columns have about the spread and the relations that are published for the original, no row is copied, and its
file is named a look-alike wherever it shows. What is learned from it says nothing about wine or abalone.

Wine: P. Cortez et al., Modeling wine preferences by data mining from physicochemical properties, Decision Support
Systems 47 (2009), table 1. Abalone: W. J. Nash et al., The Population Biology of Abalone in Tasmania, 1994; figures in
`abalone.names` beside the data. Both data sets are CC BY 4.0.
"""

import hashlib
import http.client
import math
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from pipeline.errors import PipelineError, UserError
from pipeline.quickstart.typed import Typed

LOOK_ALIKE = "look-alike"
_SEED = 20_240_607
_SECONDS = 30
_LARGEST = 2**20  # bytes; the originals have 84 and 192 kB


@dataclass(frozen=True)
class Original:
    """Where a table is published, and the SHA-256 of its content."""

    url: str
    digest: str

    @property
    def name(self) -> str:
        """Its file's name."""
        return self.url.rpartition("/")[2]


_UCI = "https://archive.ics.uci.edu/ml/machine-learning-databases"
ORIGINALS = {
    "wine": Original(
        f"{_UCI}/wine-quality/winequality-red.csv",
        "4a402cf041b025d4566d954c3b9ba8635a3a8a01e039005d97d6a710278cf05e",
    ),
    "abalone": Original(
        f"{_UCI}/abalone/abalone.data",
        "de37cdcdcaaa50c309d514f248f7c2302a5f1f88c168905eba23fe2fbc78449f",
    ),
}


def file(project: str, data: str, folder: Path, typed: Typed) -> Path:
    """The file to drop: `data` if it is a path, else a look-alike or (empty) the original, kept in `folder`.

    Raises:
        UserError: there is no such file or sample.
        PipelineError: the original cannot be fetched.
    """
    if data and data != LOOK_ALIKE:
        path = Path(data)
        if not path.is_file():
            raise UserError(f"{typed.given('data', data)}: there is no such file; {_instead(project, typed)}")
        return path
    if project not in ORIGINALS:
        raise UserError(f"there is no sample for {project}; {_instead(project, typed)}")
    folder.mkdir(parents=True, exist_ok=True)
    if data == LOOK_ALIKE:
        path = folder / f"{project}-{LOOK_ALIKE}.csv"
        path.write_bytes(look_alike(project, _ROWS[project], _SEED))
        return path
    return fetch(ORIGINALS[project], folder, typed)


def _instead(project: str, typed: Typed) -> str:
    """What to give."""
    own = f"give a CSV file as {typed.given('data', 'FILE')}"
    known = f", {typed.given('data', LOOK_ALIKE)}, or leave it out for the original"
    return own + (known if project in ORIGINALS else "")


def fetch(original: Original, folder: Path, typed: Typed) -> Path:
    """The original's file in `folder`, fetched if it is not there yet.

    Raises:
        PipelineError: it cannot be fetched, or has changed.
    """
    path = folder / original.name
    if path.is_file() and _digest(path.read_bytes()) == original.digest:
        return path
    without = typed.given("data", LOOK_ALIKE)
    instead = f"give a file of your own as {typed.given('data', 'FILE')}, or do without the network with {without}"
    try:
        with urllib.request.urlopen(original.url, timeout=_SECONDS) as answer:  # noqa: S310 - an address of ours
            body = answer.read(_LARGEST + 1)
    except (OSError, http.client.HTTPException) as error:  # urllib's errors are an OSError
        told = getattr(error, "reason", None) or error
        raise PipelineError(f"{original.url} cannot be fetched ({told}); {instead}") from error
    if _digest(body) != original.digest:
        raise PipelineError(
            f"{original.url} has SHA-256 {_digest(body)}, wanted {original.digest}: the table has changed; {instead}"
        )
    path.write_bytes(body)
    return path


def look_alike(project: str, rows: int, seed: int) -> bytes:
    """That many made-up rows of the project's table, written as in the original. The same seed gives the same bytes.

    Raises:
        UserError: there is none for that project.
    """
    if project not in _MAKERS:
        raise UserError(f"there is no look-alike for {project}; there is one for {', '.join(sorted(_MAKERS))}")
    return _MAKERS[project](rows, Random(seed)).encode()  # noqa: S311 - drawn, not secret


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


_WINE = (
    '"fixed acidity";"volatile acidity";"citric acid";"residual sugar";"chlorides";"free sulfur dioxide";'
    '"total sulfur dioxide";"density";"pH";"sulphates";"alcohol";"quality"'
)
# the least score of each quality from 4 on, so that 1, 3, 43, 40, 12 and 1 in 100 are 3 to 8
_QUALITY = ((-2.50, 4), (-1.75, 5), (-0.09, 6), (1.09, 7), (2.28, 8))


def _wine(rows: int, draw: Random) -> str:
    """Better wine is stronger, less volatile and has more sulphates, as in the original; the rest is taste."""
    lines = [_WINE]
    for _ in range(rows):
        body, fruit, alcohol, taste = (draw.gauss(0, 1) for _ in range(4))
        volatile = min(max(0.528 + 0.179 * (0.75 * draw.gauss(0, 1) - 0.66 * fruit), 0.12), 1.58)
        citric = min(max(0.271 + 0.195 * (0.65 * fruit + 0.5 * body + 0.5 * draw.gauss(0, 1)), 0), 1)
        acidity = min(max(8.32 * math.exp(0.19 * (0.85 * body + 0.5 * draw.gauss(0, 1))), 4.6), 15.9)
        strength = min(max(10.42 + 1.07 * alcohol, 8.4), 14.9)
        sulphates = min(max(0.64 * math.exp(0.22 * (0.5 * fruit + 0.87 * draw.gauss(0, 1))), 0.33), 2)
        sugar = min(max(2.3 * math.exp(0.33 * draw.gauss(0, 1)), 0.9), 15.5)
        chlorides = min(max(0.08 * math.exp(0.3 * draw.gauss(0, 1)), 0.012), 0.611)
        free = min(max(13 * math.exp(0.65 * draw.gauss(0, 1)), 1), 72)
        bound = min(max(24 * math.exp(0.75 * draw.gauss(0, 1)), 3), 217)
        density = 0.9967 + 0.0019 * (0.6 * body - 0.5 * alcohol + 0.4 * (sugar - 2.4) / 1.4 + 0.4 * draw.gauss(0, 1))
        ph = min(max(3.31 - 0.154 * (0.68 * body + 0.73 * draw.gauss(0, 1)), 2.74), 4.01)
        score = 0.6 * alcohol - 0.45 * (volatile - 0.528) / 0.179 + 0.3 * (sulphates - 0.66) / 0.17 + 0.58 * taste
        quality = max((level for least, level in _QUALITY if score >= least), default=3)
        numbers = (
            *(f"{one:.{digits}f}" for one, digits in ((acidity, 1), (volatile, 3), (citric, 2), (sugar, 1))),
            *(f"{one:.{digits}f}" for one, digits in ((chlorides, 3), (free, 0), (free + bound, 0), (density, 5))),
            *(f"{one:.{digits}f}" for one, digits in ((ph, 2), (sulphates, 2), (strength, 1))),
        )
        lines.append(";".join((*numbers, str(quality))))
    return "\n".join(lines) + "\n"


def _abalone(rows: int, draw: Random) -> str:
    """A shell grows with age, ever more slowly; weights grow with its cube; an infant is small. Two rows lack their
    height, as in the original."""
    lines = []
    for number in range(rows):
        age = min(max(math.exp(draw.gauss(2.25, 0.32)), 1), 29)
        rings = round(age)
        grown = 0.67 * (1 - math.exp(-0.155 * age)) * math.exp(draw.gauss(0, 0.11))
        length = min(max(grown, 0.075), 0.815)
        infant = draw.random() < 1 / (1 + math.exp((length - 0.47) / 0.04))
        sex = "I" if infant else draw.choice("FFFFFFMMMMMMM")
        diameter = length * draw.gauss(0.777, 0.016)
        height = length * draw.gauss(0.265, 0.022)
        whole = 5.1 * length**3 * math.exp(draw.gauss(0, 0.11))
        shell = whole * min(max(draw.gauss(0.27 + 0.004 * (age - 9.9), 0.025), 0.12), 0.5)
        shucked = whole * min(max(draw.gauss(0.44 - 0.006 * (age - 9.9), 0.035), 0.15), 0.6)
        viscera = whole * min(max(draw.gauss(0.217, 0.025), 0.08), 0.35)
        if number in (rows // 3, 2 * rows // 3) and rows > 2:
            height = 0.0
        sizes = (f"{round(one * 200) / 200:g}" for one in (length, diameter, height))
        weights = (f"{max(round(one * 2000), 1) / 2000:g}" for one in (whole, shucked, viscera, shell))
        lines.append(",".join((sex, *sizes, *weights, str(rings))))
    return "\n".join(lines) + "\n"


_ROWS = {"wine": 1599, "abalone": 4177}
_MAKERS: dict[str, Callable[[int, Random], str]] = {"wine": _wine, "abalone": _abalone}
