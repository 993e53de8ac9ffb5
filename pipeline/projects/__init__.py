"""The projects that ship, by name."""

from pipeline.errors import UserError
from pipeline.project import Project
from pipeline.projects.openaq import OPENAQ

PROJECTS: dict[str, Project] = {project.name: project for project in (OPENAQ,)}


def find(name: str) -> Project:
    """The project of that name.

    Raises:
        UserError: there is none.
    """
    if name not in PROJECTS:
        raise UserError(f"no project {name!r}; there are: {', '.join(sorted(PROJECTS))}")
    return PROJECTS[name]
