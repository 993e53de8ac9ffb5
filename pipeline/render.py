"""Writes `manifests/`: one file for each workflow, the same bytes for the same declaration.

The files are committed, so that a change of the declaration shows as a difference that a person can review, and so
that Argo, GitOps tools and our engine all read the very same thing.
"""

from collections.abc import Iterator
from pathlib import Path

from pipeline import events
from pipeline.errors import UserError
from pipeline.project import Project, TableProject

HEADER = "# Written by `pipeline render`: change pipeline/projects/{project}.py or pipeline/workflows/ instead.\n"


def rendered(project: Project | TableProject) -> dict[str, str]:
    """The text of each of the project's manifests, by file name."""
    from pipeline.workflows import workflows_of  # noqa: PLC0415 — Hera takes most of a second to import

    header = HEADER.format(project=project.name)
    texts = {
        f"{each.name}.yaml": header + each.to_yaml(allow_unicode=True, width=1000) for each in workflows_of(project)
    }
    if isinstance(project, TableProject):
        texts |= {name: header + text for name, text in events.rendered(project).items()}
    return texts


def differences(project: Project | TableProject, folder: Path) -> Iterator[str]:
    """What `write` would change in `folder`, one line each."""
    wanted = rendered(project)
    present = {path.name: path for path in folder.glob("*.yaml")}
    for name in sorted(wanted.keys() | present.keys()):
        if name not in present:
            yield f"{folder / name} is missing"
        elif name not in wanted:
            yield f"{folder / name} belongs to no workflow"
        elif present[name].read_text(encoding="utf-8") != wanted[name]:
            yield f"{folder / name} differs from what pipeline/projects/{project.name}.py declares"


def write(project: Project | TableProject, folder: Path) -> list[Path]:
    """Write the project's manifests into `folder` and remove those that no workflow makes any more.

    Raises:
        UserError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        wanted = rendered(project)
        for path in folder.glob("*.yaml"):
            if path.name not in wanted:
                path.unlink()
        for name, text in wanted.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write the manifests: {error}") from error
    return [folder / name for name in sorted(wanted)]
