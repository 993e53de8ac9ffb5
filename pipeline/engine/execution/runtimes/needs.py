"""What the container of a template needs of the place in which it runs."""

import shutil

from pipeline.engine.execution.runtimes.contract import declared
from pipeline.engine.execution.runtimes.environment import own_path
from pipeline.engine.language.paths import moved, of_the_machine, put_together, roots
from pipeline.engine.spec import Template


def only_process(template: Template) -> str:
    """Why a template's containers run as plain processes and nowhere else; empty if they may."""
    ready = template.main.ready if template.main is not None and template.daemon else None
    if ready is not None and ready.kind == "exec":
        return "is a daemon with a readinessProbe by exec, which is asked of plain processes only"
    return ""


def needs_paths(template: Template) -> bool:
    """Whether a step must find its declared paths where it declares them: it spells one out, or knows by itself of a
    file or a volume that is not empty. One that is told by `{{outputs.artifacts.NAME.path}}` and the like need not."""
    container = template.container
    if container is None:
        return False
    texts = _texts(template)
    own, kept = roots(template.paths), of_the_machine(template.given_paths, template.paths)
    if any(moved(text, own, lambda _: "", kept) != text or put_together(text, own) for text in texts):
        return True
    told = {path for tag, path in declared(template).items() if any(tag in text for text in texts)}
    empty = {volume.name for volume in template.volumes if volume.kind == "empty"}
    filled = any(mount.volume not in empty for mount in container.mounts)
    return filled or any(path not in told for path in template.files)


def absent_command(template: Template) -> str:
    """The command of a template, where it is known beforehand and this machine has none of the name."""
    container = template.container
    if container is None or container.entry == "unknown" or not (container.command or container.args):
        return ""
    command = (*container.command, *container.args)[0]
    own = moved(command, roots(template.paths), lambda _: "") != command
    late = "{{" in command or "$(" in command or any(variable.name == "PATH" for variable in container.env)
    return "" if own or late or shutil.which(command, path=own_path()) is not None else command


def path_put_together(template: Template) -> str:
    """A declared path of which a text holds only the beginning of something longer; empty if there is none."""
    own = roots(template.paths)
    return next(filter(None, (put_together(text, own) for text in _texts(template))), "")


def _texts(template: Template) -> list[str]:
    container = template.container
    if container is None:
        return []
    source = template.script.source if template.script else ""
    return [*container.command, *container.args, source, *(each.value or "" for each in container.env)]
