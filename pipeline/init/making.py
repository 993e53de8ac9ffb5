"""Makes the folder: all that can be refused is refused before anything is written."""

import json
import keyword
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Final

from pipeline import __version__, projects
from pipeline.errors import PipelineError, UserError
from pipeline.init import columns, declaring, example, many, reading, roles, series
from pipeline.init.columns import Guess, Task
from steps.pages.words import count
from steps.summaries.intervals import DAY, HOUR, Interval

_NAME: Final = re.compile(r"[a-z]([-a-z0-9]{0,40}[a-z0-9])?")
_TEMPLATES: Final = Path(__file__).with_name("template")
_LARGEST_COPIED: Final = 64 * 2**20  # bytes
_FEATURES: Final[Mapping[Interval, dict[str, str]]] = {
    HOUR: {
        **{"one": "an hour", "each": "hour", "module": "hourly", "known": "what is known at that hour"},
        **{"near": "last day", "far": "last week", "short": "24", "long": "168", "made": "week"},
    },
    DAY: {
        **{"one": "a day", "each": "day", "module": "daily", "known": "what is known when it ends"},
        **{"near": "last week", "far": "last four", "short": "7", "long": "28", "made": "month"},
    },
}
_FILES: Final = {
    "pyproject.toml": "pyproject.toml",
    "Makefile": "Makefile",
    "Dockerfile": "Dockerfile",
    ".gitignore": "gitignore",
    ".ci/run": "ci",
    "README.md": "README.md",
    "{package}/features.py": "features.py",
    "tests/__init__.py": "tests_init.py",
    "tests/test_project.py": "tests.py",
}


@dataclass(frozen=True)
class Wanted:
    """What is to be made. `table`: a file, or a folder of many; None for the example. `time`: the column of a series
    that has its times, and `entity` that of whom they are. `choose`: called with a question and what is guessed."""

    name: str
    table: Path | None = None
    target: str = ""
    task: Task | None = None
    title: str = ""
    time: str = ""
    entity: str = ""
    choose: Callable[[str, str], str] = lambda _question, guessed: guessed

    @property
    def package(self) -> str:
        """The name of its package."""
        return self.name.replace("-", "_")


def make(wanted: Wanted) -> Iterator[str]:
    """Make the folder of that name in the present one; what was read and done, a line each.

    Raises:
        UserError: the name or the table cannot be used; nothing is written then.
        PipelineError: what was written cannot be rendered.
    """
    check_name(wanted.name)
    lines = _of_folder(wanted) if wanted.table and wanted.table.is_dir() else _of_file(wanted)
    yield from list(lines)  # a refusal is the only line
    folder = Path(wanted.name)
    yield f"made {folder}/: the declaration is {folder / wanted.package / 'project.py'}"
    _render(folder, wanted.name)
    yield f"next: cd {folder}; make test; make run"


def _of_file(wanted: Wanted) -> Iterator[str]:
    if wanted.table is None:
        yield from _table(wanted, _example())
    elif wanted.time:
        yield from _series(wanted, reading.read(wanted.table, whole=True))
    else:
        yield from _table(wanted, reading.read(wanted.table))


def _of_folder(wanted: Wanted) -> Iterator[str]:
    """Of many files of one shape: a series, if a column has times, else a table."""
    place = wanted.table or Path()
    parts = many.parts(place)
    sample = many.joined(parts, place)
    yield f"found {len(parts):,} files of one shape in {place}"
    if not wanted.time and (wanted.task or not roles.times(sample)):
        yield from _table(wanted, sample)
        return
    found = roles.told(parts, sample, wanted.time, wanted.entity, wanted.target)
    target = wanted.target or wanted.choose("Which column is the target?", found.target.name)
    if found.entity.name == many.FILE and many.FILE not in sample.names:
        sample = many.joined(parts, place, named=True)
    yield f"time: {found.time.name} ({found.time.why})"
    yield f"entity: {found.entity.name} ({found.entity.why})" if found.entity.name else "entity: one alone"
    chosen = replace(wanted, time=found.time.name, entity=found.entity.name, target=target)
    yield from _series(chosen, sample, found.target.why if target == found.target.name else "as asked")


def _table(wanted: Wanted, sample: reading.Sample) -> Iterator[str]:
    found = columns.told(sample)
    guess = _guessed(wanted, sample, found)
    source = wanted.table.name if wanted.table else "an example that is made up"
    title = wanted.title or f"{guess.target.name}, from {'the other columns of ' if wanted.table else ''}{source}"
    part = "" if sample.whole else " (a sample, from all over the file)"
    yield f"read {len(sample.rows):,} rows of {source}{part}"
    yield from _listed(found)
    yield f"target: {guess.target.name} ({guess.why}); task: {guess.task}"
    yield from (f"note: {words}" for words in guess.notes)
    joined = wanted.table is not None and wanted.table.is_dir()
    size = wanted.table.stat().st_size if wanted.table and not joined else 0
    large = size > _LARGEST_COPIED
    data = wanted.table.absolute() if large and wanted.table else Path("data", f"{wanted.package}.csv")
    if large:
        yield f"note: {data} is large, and is not copied"
    values = {
        "what": guess.target.name,
        "from": source,
        "task": guess.task,
        "classes": str(guess.task == "classification"),
        "data": str(data),
        "variable": "DATA",
        "run": '--data "$(DATA)"',
        "more": "DATA= another file",
        "also": f"Another file: `pipeline put {wanted.name} FILE.csv`.",
    }
    files = _FILES | {"{package}/models.py": "models.py"}
    text = declaring.text(wanted.name, wanted.package, title, source, guess, size=size)
    folder = _write(wanted, files, text, title, values)
    if wanted.table is None:
        (folder / data).write_text(example.table(), encoding="utf-8")
    elif joined:
        many.copied(sample, folder / data)
    elif not large:
        shutil.copyfile(wanted.table, folder / data)


def _series(wanted: Wanted, sample: reading.Sample, why: str = "as asked") -> Iterator[str]:
    """`why`: how the target was found."""
    found = series.told(sample, wanted.time, wanted.entity, wanted.target)
    source = sample.file.name
    interval = found.interval
    ahead = f"{interval.ahead(series.HORIZON_HOURS)} ahead"
    title = wanted.title or f"{found.target} {ahead}, from {source}"
    first, last = map(interval.moment, found.span)
    yield f"read {len(found.sample.rows):,} rows of {source}: {first.removesuffix(' UTC')} to {last}"
    yield from _listed([*found.quantities.values(), *found.left_out])
    yield f"target: {found.target} ({why}), {ahead}; {count(len(found.entities), 'location')}"
    yield from _notes(found)
    values = _FEATURES[interval] | {
        "what": f"{found.target} {ahead}",
        "from": source,
        "data": "data/archive",
        "variable": "SOURCE",
        "run": f'--source "$(SOURCE)" --as-of {found.as_of}',
        "more": "SOURCE= another archive",
        "also": f"More {interval.name}s: more files in `data/archive`, and a later `--as-of` in the Makefile.",
    }
    files = _FILES | {"{package}/features.py": "features_series.py", "tests/test_project.py": "tests_series.py"}
    text = declaring.series_text(wanted.name, wanted.package, title, source, found)
    folder = _write(wanted, files, text, title, values)
    yield f"laid out {series.lay_out(found, folder / 'data' / 'archive'):,} days in {folder / 'data' / 'archive'}"


def _notes(found: series.Series) -> Iterator[str]:
    """What was taken for granted."""
    if found.interval is DAY:
        zone = ", by the clock of their offset" if found.zoned else ""
        yield f"frequency: daily (guessed, as most rows are a day apart); a date is the day itself{zone}"
        if found.gaps:
            yield f"note: {count(found.gaps, 'day is', 'days are')} not there; nothing is filled in"
    elif not found.zoned:
        yield "note: its times have no offset, and are taken for UTC; each is the end of its hour"


def _listed(found: Iterable[columns.Found]) -> Iterator[str]:
    listed = list(found)
    width = max(len(each.name) for each in listed)
    yield from (f"  {each.name:{width}}  {declaring.seen(each)}" for each in listed)


def check_name(name: str) -> None:
    """Refuse a name that cannot be a project's here.

    Raises:
        UserError: it can not.
    """
    package = name.replace("-", "_")
    if not _NAME.fullmatch(name):
        raise UserError(f"{name!r} cannot name a project; wanted at most 42 of a-z, 0-9 and -, a letter first")
    if Path(name).exists() or Path(name).is_symlink():
        raise UserError(f"{Path(name).absolute()} is there already; give another name, or go to another folder")
    if name in projects.names():
        raise UserError(f"there is a project named {name} already; give another name")
    if keyword.iskeyword(package) or package in sys.stdlib_module_names or find_spec(package) is not None:
        raise UserError(f"{package} is a word or a module of Python's, so no package can have that name; give another")


def _example() -> reading.Sample:
    names, *rows = (tuple(line.split(",")) for line in example.table().splitlines())
    return reading.Sample(Path("example.csv"), ",", names, tuple(rows), whole=True)


def _guessed(wanted: Wanted, sample: reading.Sample, found: tuple[columns.Found, ...]) -> Guess:
    """What was asked for, or guessed and confirmed."""
    guess = columns.guess(sample, found, wanted.target, wanted.task)
    target = wanted.target or wanted.choose("Which column is the target?", guess.target.name)
    if target != guess.target.name:
        guess = columns.guess(sample, found, target, wanted.task)
    task = wanted.task or wanted.choose("Is it a regression or a classification?", guess.task)
    if task == guess.task:
        return guess
    if task not in ("regression", "classification"):
        raise UserError(f"there is no task {task!r}; wanted regression or classification")
    return columns.guess(sample, found, target, "regression" if task == "regression" else "classification")


def _write(wanted: Wanted, files: Mapping[str, str], declared: str, title: str, own: Mapping[str, str]) -> Path:
    """Write all files; the folder."""
    folder = Path(wanted.name)
    values = {
        "name": wanted.name,
        "package": wanted.package,
        "title": title,
        "summary": f"Learns {own['what']} from {own['from']}",
        "description": json.dumps(f"Learns {own['what']} from {own['from']}", ensure_ascii=False),
        "version": __version__,
        "group": projects.GROUP,
        **own,
    }
    texts = {path.format(package=wanted.package): _template(name).substitute(values) for path, name in files.items()}
    texts[f"{wanted.package}/__init__.py"] = '"""Code of the project: what its declaration names."""\n'
    texts[f"{wanted.package}/project.py"] = declared
    program = Path(sys.executable).with_name("pipeline")
    texts["local.mk"] = f"# The program that made this folder.\nMADE_BY := {program}\n"
    try:
        folder.mkdir()
        (folder / "data").mkdir()
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        (folder / ".ci" / "run").chmod(0o755)
    except OSError as error:
        raise UserError(f"{folder.absolute()} cannot be written: {error.strerror or error}") from None
    return folder


def _template(name: str) -> Template:
    return Template((_TEMPLATES / f"{name}.tmpl").read_text(encoding="utf-8"))


def _render(folder: Path, name: str) -> None:
    command = [sys.executable, "-m", "pipeline", "render", name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or "it ended early").splitlines()[-1].removeprefix("error: ")
        raise PipelineError(f"{folder} is made, but its manifests are not: {said}")
