"""A plain process of this machine. What a template declares is mapped to folders of the node."""

import re
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pipeline.engine.execution.runtimes.contract import Launch, Runtime, Work, declared
from pipeline.engine.execution.runtimes.environment import of_engine
from pipeline.engine.execution.runtimes.needs import path_put_together
from pipeline.engine.language.paths import moved, of_the_machine, roots
from pipeline.engine.language.variables import replace_all
from pipeline.engine.places import Binding, Place
from pipeline.engine.spec import Container, Script, Template
from pipeline.errors import UserError

_EDGE: Final = "\ue000"  # of a private use area: no manifest has it
_MARK: Final = re.compile(rf"{_EDGE}\d+{_EDGE}")


class PlainProcess(Runtime):
    """See `Runtime`. A declared path is in the node's folder, and a text of the manifest that spells it out is changed
    to say so: what the step puts together by itself it does not find there. It sees, and may write, what this user may.
    Its working folder, where it declares none, is the node's."""

    name = "process"

    def finds(self, path: str, place: Place) -> str:
        """See `Runtime`."""
        return str(place.local(path))

    def filled(self, template: Template, place: Place) -> Container:
        """See `Runtime`: in braces, and where its texts spell a path out.

        Raises:
            UserError: a text puts one together.
        """
        if problem := why_missed(template):
            raise UserError(problem)
        paths = declared(template)
        marks = {tag: f"{_EDGE}{number}{_EDGE}" for number, tag in enumerate(paths)}
        own, kept = roots(template.paths), of_the_machine(template.given_paths, template.paths)
        container: Container = replace_all(template.container, marks.get)
        found = {mark: self.finds(paths[tag], place) for tag, mark in marks.items()}

        def put(text: str) -> str:
            text = moved(text, own, lambda path: self.finds(path, place), kept)
            return _MARK.sub(lambda match: found[match[0]], text) if _EDGE in text else text

        changes: dict[str, Any] = {
            "command": tuple(map(put, container.command)),
            "args": tuple(map(put, container.args)),
            "env": tuple(replace(each, value=put(each.value)) if each.value else each for each in container.env),
        }
        if container.ready is not None:
            changes["ready"] = replace(container.ready, command=tuple(map(put, container.ready.command)))
        if isinstance(container, Script):
            changes["source"] = put(container.source)
        return replace(container, **changes)

    def attach(self, place: Place, bindings: Iterable[Binding]) -> None:
        """See `Runtime`: by links from the node's folder."""
        for each in bindings:
            if each.source != place.local(each.path):
                _link(place.local(each.path), each.source)

    def variables(self, place: Place) -> dict[str, str]:
        """See `Runtime`."""
        return {**of_engine(), "HOME": str(place.own / "home"), "TMPDIR": str(place.own / "tmp")}

    def script(self, place: Place) -> str:
        """See `Runtime`."""
        return str(place.script)

    def launch(self, work: Work) -> Launch:
        """See `Runtime`."""
        return Launch(work.words, work.env, working_folder(work))


def working_folder(work: Work) -> Path:
    """The folder in which a command begins."""
    folder = work.container.working_dir
    found = work.place.local(folder) if folder.startswith("/") else work.place.own / "files"
    found.mkdir(parents=True, exist_ok=True)
    return found


def why_missed(template: Template) -> str:
    """Why a step would miss its declared paths as a plain process, and what to do; empty if it would not."""
    path = path_put_together(template)
    return path and (
        f"puts a path together from {path}, which in a plain process is a folder of the node; write "
        "{{inputs.artifacts.NAME.path}}, {{outputs.artifacts.NAME.path}} or {{outputs.parameters.NAME.path}}"
    )


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    elif link.is_dir():
        shutil.rmtree(link)
    link.symlink_to(target)
