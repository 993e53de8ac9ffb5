"""Which workflow a command means: one of a known folder by its name, or one of any folder or file.

Only that workflow is checked, and what it refers to: a broken file beside it does not get in its way. A file's
references lead to WorkflowTemplates in it, or in the files beside it.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.engine.manifest import documents
from pipeline.engine.manifest.fields import ignored
from pipeline.engine.manifest.workflows import KINDS, Manifests, Unresolved, resolve
from pipeline.engine.settings import NO_SETTINGS, Settings, of_documents
from pipeline.errors import Refused, UserError

_STARTED = ("Workflow", "CronWorkflow")  # what is not a library
_LIBRARIES = ("WorkflowTemplate", "ClusterWorkflowTemplate")
_HOLDS_SETTINGS = re.compile(r"""\bkind["']?\s*:\s*["']?(Secret|ConfigMap|List)\b""")
_EVERYWHERE = frozenset((  # fields without a meaning here of which nobody wonders
    "image", "imagePullPolicy", "name", "status", "apiVersion", "generateName", "spec", "creationTimestamp",
    "uid", "resourceVersion", "generation", "managedFields", "selfLink", "tar", "zip",
))  # fmt: skip
_MOST_FILES = 2000  # that are looked through for a template that is not where it should be


@dataclass(frozen=True)
class Found:
    """One workflow among its manifests. `note`: one line on files that were passed over, or empty."""

    manifests: Manifests
    name: str
    note: str = ""


@dataclass(frozen=True)
class Entry:
    """A workflow as it is read, unchecked."""

    file: Path
    document: dict[str, Any]

    @property
    def kind(self) -> str:
        return str(self.document["kind"])

    @property
    def name(self) -> str:
        """As `parse` makes it; empty where there is none."""
        metadata = self.document.get("metadata")
        found = [metadata.get(key) for key in ("name", "generateName")] if isinstance(metadata, dict) else []
        return next((name.rstrip("-") for name in found if isinstance(name, str) and name), "")

    @property
    def runnable(self) -> bool:
        """Whether it has something to start with. A Workflow that has not is refused, which says so."""
        spec = self.document.get("spec")
        return self.kind in _STARTED or (
            isinstance(spec, dict) and bool(spec.get("entrypoint") or spec.get("workflowTemplateRef"))
        )

    def references(self) -> set[tuple[str, str]]:
        """Kind and name of the WorkflowTemplates and ClusterWorkflowTemplates that it names."""
        return set(_references(self.document, set()))


def is_place(target: str) -> bool:
    """Whether a command's argument is a folder or a file (`-`: stdin), and not a name."""
    return "/" in target or target in (".", "..", "-") or target.endswith((".yaml", ".yml", ".json", ".py"))


def find(target: str, name: str = "", *, known: Path | None = None) -> Found:
    """The workflow `target` of the folder `known`, or that of the folder or file `target`: the one named `name`, or the
    only one.

    Raises:
        Refused: it cannot be run here, or the file cannot be read.
        UserError: there is no such workflow, or it is not clear which; names those there are.
    """
    if target == "-":
        return of_documents_given("stdin", documents.parse(sys.stdin.read(), "stdin"), name)
    if target.endswith(".py"):
        return of_documents_given(target, _of_python(Path(target)), name)
    if is_place(target):
        return in_place(Path(target), name)
    files = sorted(known.rglob("*.yaml")) if known else []
    entries = _mentioning(target, files)
    if any(entry.name == target and entry.runnable for entry in entries):
        if name:
            raise UserError(f"{target} is a workflow of {_shown(known)}, so {name} cannot be of it; leave one out")
        chosen = [entry for entry in entries if entry.name == target]
        if _needed(chosen, entries)[1]:
            entries = _entries(files)[0]
        return Found(_resolved(chosen, entries).given(_settings(known)), target)
    if Path(target).exists():
        return in_place(Path(target), name)
    entries, note = _entries(files)
    there = [entry.name for entry in entries if entry.runnable]
    problem = f" ({note})" if note else ""
    where = f" in {_shown(known)}, and no such file" if known else ": there is no such file"
    raise UserError(f"no workflow {target!r}{where}; {_there(target, there)}{problem}")


@dataclass(frozen=True)
class Examined:
    """A workflow of a file, and why it is refused; what it is, as far as it can be read, and which of its fields mean
    nothing here."""

    file: Path
    name: str = ""
    problem: Refused | None = None
    manifests: Manifests | None = None
    meaningless: tuple[str, ...] = ()


def examine(place: Path) -> list[Examined]:
    """Each workflow of a file or folder, with the refusal of what cannot be run here; unreadable files too.

    Raises:
        UserError: there is no workflow.
    """
    found: list[Examined] = []
    entries: list[Entry] = []
    for file in documents.files(place):
        try:
            read = _of_python(file) if file.suffix == ".py" else documents.read(file)
            entries += [Entry(file, document) for document in workflows(read)]
        except Refused as problem:
            found.append(Examined(file, problem=problem))
    for entry in entries:
        try:
            with ignored() as meaningless:
                manifests = _resolved([entry], entries + list(_beside(entry, entries) if place.is_file() else []))
            unlike = tuple(sorted(set(meaningless) - _EVERYWHERE))
            found.append(Examined(entry.file, entry.name, None, manifests.given(_settings(place)), unlike))
        except Unresolved as problem:
            found.append(Examined(entry.file, entry.name, problem, problem.manifests.given(_settings(place))))
        except Refused as problem:
            found.append(Examined(entry.file, entry.name, problem))
    if not found:
        raise UserError(f"{place} holds no Workflow, WorkflowTemplate or CronWorkflow")
    return found


def in_place(place: Path, name: str = "") -> Found:
    """The workflow of a file or folder: the one named `name`, or the only one.

    Raises:
        Refused: it cannot be run here, or the file cannot be read.
        UserError: there is no such workflow, or it is not clear which; names those there are.
    """
    if place.is_file():
        entries, note = [Entry(place, document) for document in workflows(documents.read(place))], ""
        if not entries:
            raise UserError(f"{place} {_holds(documents.read(place))}; wanted a Workflow")
    else:
        entries, note = _entries(documents.files(place))
        if not entries:
            problem = f"; {note}" if note else ""
            raise UserError(f"{place} holds no Workflow, WorkflowTemplate or CronWorkflow{problem}")
    one = _named(place, name, entries) if name else _only(place, entries)
    around = entries + list(_beside(one, entries)) if place.is_file() else entries
    return Found(_resolved([one], around).given(_settings(place)), one.name, note)


def of_documents_given(where: str, found: Sequence[dict[str, Any]], name: str = "") -> Found:
    """The workflow among documents: the one named `name`, or the only one; with the settings among them. `where`: what
    they are of, in messages.

    Raises:
        Refused: it cannot be run here.
        UserError: there is no such workflow, or it is not clear which; names those there are.
    """
    one = chosen(where, [Entry(Path(where), document) for document in workflows(found)], name)
    settings = of_documents((Path(where), document) for document in found)
    return replace(one, manifests=one.manifests.given(settings))


def chosen(where: str, entries: Sequence[Entry], name: str = "") -> Found:
    """The workflow among entries: the one named `name`, or the only one. `where`: what they are of, in messages.

    Raises:
        Refused: it cannot be run here.
        UserError: there is no such workflow, or it is not clear which; names those there are.
    """
    if not entries:
        raise UserError(f"{where} holds no Workflow, WorkflowTemplate or CronWorkflow")
    one = _named(where, name, entries) if name else _only(where, entries)
    return Found(_resolved([one], entries), one.name)


def _of_python(file: Path) -> Sequence[dict[str, Any]]:
    from pipeline.engine.manifest.python import documents_of  # noqa: PLC0415 - only then is it needed

    return documents_of(file)


def _settings(place: Path | None) -> Settings:
    """The ConfigMaps and Secrets of a folder; for a file, its own, and those beside it where it has none of a name."""
    if place is None or not place.exists():
        return NO_SETTINGS
    files = documents.files(place) if place.is_dir() else _yaml_beside(place)
    found = _settings_of(each for each in files if each != place)
    own = place.is_file() and place.suffix != ".py"
    return _settings_of([place]).over(found) if own else found


def _settings_of(files: Iterable[Path]) -> Settings:
    """Those of files. What cannot be read is passed over: of a workflow's own file that is told where it is read, and
    of what it names it is told that it is not there."""
    found = NO_SETTINGS
    for file in files:
        with suppress(Refused, OSError, UnicodeDecodeError):
            text = file.read_text(encoding="utf-8")
            if _HOLDS_SETTINGS.search(text):
                found = of_documents((file, document) for document in documents.parse(text, str(file))).over(found)
    return found


def _yaml_beside(file: Path) -> list[Path]:
    return sorted(each for pattern in ("*.yaml", "*.yml") for each in file.parent.glob(pattern) if each != file)


def library(folders: Iterable[Path]) -> list[Entry]:
    """The workflows of several folders, unchecked. Of one kind and name the first folder's counts; files that cannot
    be read are passed over."""
    found: dict[tuple[str, str], Entry] = {}
    for folder in folders:
        files = sorted(file for pattern in ("*.yaml", "*.yml") for file in folder.rglob(pattern))
        for entry in _entries(files)[0]:
            found.setdefault((entry.kind, entry.name), entry)
    return list(found.values())


def beside(document: dict[str, Any], where: Path, entries: Sequence[Entry]) -> Found:
    """A workflow that need not be in a file, with the WorkflowTemplates among `entries` that it refers to. `where`:
    what messages call it.

    Raises:
        Refused: it cannot be run here.
    """
    one = Entry(where, document)
    others = [
        each for each in entries if each.kind == "WorkflowTemplate" and (each.kind, each.name) != (one.kind, one.name)
    ]
    return Found(_resolved([one], [one, *others]), one.name)


def _entries(files: Iterable[Path]) -> tuple[list[Entry], str]:
    """The workflows of files, and a note on those that cannot be read."""
    entries: list[Entry] = []
    problems: list[tuple[Path, str]] = []
    for file in files:
        try:
            entries += [Entry(file, document) for document in workflows(documents.read(file))]
        except Refused as problem:
            problems.append((file, str(problem)))
    if len(problems) == 1:
        return entries, f"passed over: {problems[0][1]}"
    names = ", ".join(str(file) for file, _ in problems[:5])
    more = f" and {len(problems) - 5} more" if len(problems) > 5 else ""
    return entries, f"passed over {len(problems)} files that cannot be read: {names}{more}" if problems else ""


def _mentioning(name: str, files: Sequence[Path]) -> list[Entry]:
    """The workflows of the files that hold that name, and of those that hold the names of what it refers to, directly
    or not; in the files' order. No other file is parsed, and those that cannot be read are passed over."""
    texts = {file: _text(file) for file in files}
    found: dict[Path, list[Entry]] = {}
    seen, todo = {name}, [name]
    while todo:
        sought = todo.pop()
        for file, text in texts.items():
            if sought in text and file not in found:
                found[file] = _entries([file])[0]
        named = (each for entries in found.values() for each in entries if each.name == sought)
        todo += {reference for each in named for _, reference in each.references()} - seen
        seen.update(todo)
    return [entry for file in files for entry in found.get(file, [])]


def _text(file: Path) -> str:
    """What is in a file; nothing where it cannot be read."""
    with suppress(OSError, UnicodeDecodeError):
        return file.read_text(encoding="utf-8")
    return ""


def workflows(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of a kind that can be run or referred to."""
    return [document for document in found if document.get("kind") in KINDS]


def _holds(found: Sequence[dict[str, Any]]) -> str:
    """What a file without a workflow holds."""
    kinds = sorted({str(document.get("kind", "something without a kind")) for document in found})
    return f"holds {', '.join(kinds)}" if kinds else "is empty"


def _named(place: Path | str, name: str, entries: Sequence[Entry]) -> Entry:
    found = [entry for entry in entries if entry.name == name]
    if not found:
        there = [entry.name for entry in entries if entry.runnable]
        raise UserError(f"no workflow in {place} is named {name!r}; {_there(name, there)}")
    if len(found) > 1:
        files = ", ".join(dict.fromkeys(str(entry.file) for entry in found))
        raise UserError(f"{len(found)} workflows are named {name}, in {files}; give one another name, or run its file")
    return found[0]


def _only(place: Path | str, entries: Sequence[Entry]) -> Entry:
    """The one that is meant where there is no name: the only one, or the only one that is not a library."""
    runnable = [entry for entry in entries if entry.runnable]
    for choice in (runnable, [entry for entry in runnable if entry.kind in _STARTED]):
        if len(choice) == 1:
            return choice[0]
    if not runnable:
        names = ", ".join(entry.name for entry in entries)
        raise UserError(f"{place} has nothing to start with: {names} {'have' if len(entries) > 1 else 'has'} no "
                        "entrypoint")  # fmt: skip
    named = list(dict.fromkeys(entry.name for entry in runnable))
    if len(named) == 1:
        return _named(place, named[0], runnable)
    shown = ", ".join(named[:10]) + (f" and {len(named) - 10} more" if len(named) > 10 else "")
    how = f"pipeline run {place} {named[0]}" if isinstance(place, Path) else f"name={named[0]!r}"
    raise UserError(f"{place} holds {len(named)} workflows: {shown}; say which: {how}")


def _beside(one: Entry, entries: Sequence[Entry]) -> Iterator[Entry]:
    """What `one` refers to and its file does not hold, from the files beside it."""
    missing = _needed([one], entries)[1]
    if not missing:
        return
    others, _ = _entries(_yaml_beside(one.file))
    yield from (entry for entry in others if entry.kind in _LIBRARIES)


def _resolved(chosen: Sequence[Entry], entries: Sequence[Entry]) -> Manifests:
    needed, missing = _needed(chosen, entries)
    found = [(str(entry.file), entry.document) for entry in needed]
    problems = [_missing(chosen[0], kind, name, entries) for kind, name in missing]
    try:
        manifests = resolve(found)
    except Unresolved as rest:
        raise Unresolved(problems or rest.problems, rest.manifests, chosen[0].name) from None
    except Refused as rest:
        raise Refused(*problems, *rest.problems) from None
    if problems:
        raise Unresolved(problems, manifests, chosen[0].name)
    return manifests


def _missing(entry: Entry, kind: str, name: str, entries: Sequence[Entry]) -> str:
    """What is said of a reference that leads nowhere: where it would lead, if that is near."""
    problem = f"{entry.file}: {entry.name} refers to the {kind} {name}, which is neither in its file nor beside it; "
    elsewhere = _elsewhere(entry.file, kind, name)
    if elsewhere is not None:
        common = Path(os.path.commonpath([entry.file.absolute(), elsewhere.absolute()]))
        return f"{problem}it is in {_from_here(elsewhere)}: pipeline run {_from_here(common)} {entry.name}"
    return problem + f"there are {', '.join(sorted({each.name for each in entries if each.kind == kind})) or 'none'}"


def _from_here(path: Path) -> str:
    """A path as a person would type it."""
    relative = os.path.relpath(path)
    return str(path.absolute()) if relative.startswith("../..") else relative


def _elsewhere(file: Path, kind: str, name: str) -> Path | None:
    """The file of that template in the folders around, up to that of the repository."""
    folder = file.absolute().parent
    around = next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder.parent)
    files = (path for pattern in ("*.yaml", "*.yml") for path in around.rglob(pattern))
    for path in islice(files, _MOST_FILES):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if kind in text and name in text:
            with suppress(Refused):
                if any(Entry(path, each).kind == kind and Entry(path, each).name == name for each in workflows(
                    documents.parse(text, str(path))
                )):  # fmt: skip
                    return path
    return None


def _needed(chosen: Sequence[Entry], entries: Sequence[Entry]) -> tuple[list[Entry], list[tuple[str, str]]]:
    """`chosen` with all that it refers to, directly or not; and the kinds and names that lead nowhere."""
    templates: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        if entry.kind in _LIBRARIES:
            templates.setdefault((entry.kind, entry.name), []).append(entry)
    found, missing, todo = list(chosen), [], [name for entry in chosen for name in sorted(entry.references())]
    seen = {(entry.kind, entry.name) for entry in chosen if entry.kind in _LIBRARIES}
    while todo:
        name = todo.pop(0)
        if name in seen:
            continue
        seen.add(name)
        if name not in templates:
            missing.append(name)
        for entry in templates.get(name, []):
            found.append(entry)
            todo.extend(sorted(entry.references()))
    return found, missing


def _references(value: Any, seen: set[int]) -> Iterator[tuple[str, str]]:
    """`seen`: what has been looked at, since YAML's aliases let one thing stand in many places."""
    if not isinstance(value, dict | list) or id(value) in seen:
        return
    seen.add(id(value))
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        if key in ("workflowTemplateRef", "templateRef") and isinstance(each, dict):
            if isinstance(each.get("name"), str):
                yield ("ClusterWorkflowTemplate" if each.get("clusterScope") else "WorkflowTemplate"), each["name"]
        else:
            yield from _references(each, seen)


def _shown(known: Path | None) -> str:
    """A folder as a person would name it: from the present one on where it is below that."""
    here, folder = Path.cwd(), known or Path()
    return f"{folder.relative_to(here) if folder.is_relative_to(here) else folder}/"


def _there(wanted: str, names: Iterable[str]) -> str:
    """The names there are, those like the wanted one first."""
    known = sorted(set(names))
    near = get_close_matches(wanted, known, n=3)
    if near:
        return f"did you mean {', '.join(near)}?"
    shown = ", ".join(known[:10]) + (f" and {len(known) - 10} more" if len(known) > 10 else "")
    return f"there are {shown or 'none'}"
