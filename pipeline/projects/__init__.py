"""The projects that ship, by name."""

from pipeline.errors import UserError
from pipeline.project import Project, TableProject, declaring

with declaring():
    from pipeline.projects.abalone import ABALONE
    from pipeline.projects.openaq import OPENAQ
    from pipeline.projects.wine import WINE

PROJECTS: dict[str, Project | TableProject] = {project.name: project for project in (OPENAQ, WINE, ABALONE)}


def find(name: str) -> Project | TableProject:
    """The project of that name.

    Raises:
        UserError: there is none.
    """
    if name not in PROJECTS:
        raise UserError(f"no project {name!r}; there are: {', '.join(sorted(PROJECTS))}")
    return PROJECTS[name]
