"""Writes `manifests/`: one file for each workflow, the same bytes for the same declaration.

The files are committed, so that a change of the declaration shows as a difference that a person can review, and so
that Argo, GitOps tools and our engine all read the very same thing.
"""

from collections.abc import Iterator
from pathlib import Path

import yaml

from pipeline import events
from pipeline.errors import UserError
from pipeline.project import Project, TableProject
from pipeline.projects import entry, find

WRITTEN = "# Written by `pipeline render`"
HEADER = WRITTEN + ": change {declared} instead.\n"


def rendered(project: Project | TableProject) -> dict[str, str]:
    """The text of each of the project's manifests, by file name."""
    from pipeline.workflows import workflows_of  # noqa: PLC0415 — Hera takes most of a second to import

    declared = _declared_in(project)
    also = " or pipeline/workflows/" if declared.startswith("pipeline/") else ""
    header = HEADER.format(declared=declared + also)
    style = {"allow_unicode": True, "width": 1000, "Dumper": yaml.CSafeDumper}
    texts = {f"{each.name}.yaml": header + each.to_yaml(**style) for each in workflows_of(project)}
    if isinstance(project, TableProject):
        texts |= {name: header + text for name, text in events.rendered(project).items()}
    return texts


def rendered_here(name: str, remedy: str, *, check: bool) -> list[Path]:
    """Write the manifests of a project into `manifests/` of the present folder. `check`: only compare.

    Raises:
        UserError: the declaration is wrong, they cannot be written, or they differ; says what to do, `remedy`.
    """
    project, folder = find(name), Path("manifests", name)
    if not check:
        return write(project, folder)
    if found := list(differences(project, folder)):
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        raise UserError(f"{found[0]}{more}; run: {remedy}")
    return []


def differences(project: Project | TableProject, folder: Path) -> Iterator[str]:
    """What `write` would change in `folder`, one line each."""
    wanted = rendered(project)
    for name in sorted(wanted.keys() | _written(folder)):
        path = folder / name
        if not path.is_file():
            yield f"{path} is missing"
        elif name not in wanted:
            yield f"{path} belongs to no workflow"
        elif path.read_bytes() != wanted[name].encode():
            yield f"{path} differs from what {_declared_in(project)} declares"


def write(project: Project | TableProject, folder: Path) -> list[Path]:
    """Write the project's manifests into `folder` and remove those written earlier that no workflow makes any more.

    Raises:
        UserError: the folder cannot be written, or a file of that name was not written by this.
    """
    try:
        wanted = rendered(project)
        folder.mkdir(parents=True, exist_ok=True)
        ours = _written(folder)
        if foreign := sorted(name for name in wanted.keys() - ours if (folder / name).exists()):
            raise UserError(
                f"{folder / foreign[0]} was not written by `pipeline render`; give it another name, or remove it"
            )
        for name in ours - wanted.keys():
            (folder / name).unlink()
        for name, text in wanted.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write the manifests: {error}") from error
    return [folder / name for name in sorted(wanted)]


def _declared_in(project: Project | TableProject) -> str:
    """The file to change, as it is called beside the manifests."""
    found = entry(project.name)
    return found.file if found is not None else f"pipeline/projects/{project.name}.py"


def _written(folder: Path) -> set[str]:
    """The names of the manifests there that say that they were written here; others are somebody's own."""
    return {path.name for path in folder.glob("*.yaml") if path.read_bytes().startswith(WRITTEN.encode())}
