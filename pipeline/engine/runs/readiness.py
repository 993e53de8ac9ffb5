"""What a workflow needs of this machine and has not: told before its first step, all at once.

Only what can be known beforehand: a name that is put together when the workflow runs is found missing then.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from pipeline.engine.execution.runtimes import Runtimes, missing
from pipeline.engine.execution.runtimes.needs import absent_command, only_process
from pipeline.engine.execution.runtimes.plain import why_missed
from pipeline.engine.host import Host
from pipeline.engine.manifest.lines import with_line
from pipeline.engine.manifest.references import needed
from pipeline.engine.manifest.workflows import Manifests
from pipeline.engine.settings import wanted_by
from pipeline.engine.spec import Template, Workflow
from pipeline.errors import Refused, UserError

_KIND: Final = re.compile(r"""^["']?kind["']?\s*:\s*["']?(\w+)""", re.MULTILINE)


def check_ready(manifests: Manifests, name: str, host: Host, parameters: Mapping[str, str], where: str = "") -> None:
    """Refuse to start a workflow of which something is missing here. `where`: in which of `NAMES` its steps are to run.

    Raises:
        UserError: they cannot run there.
        Refused: names each parameter without a value, each Secret and ConfigMap, each command that is not here.
    """
    manifests.named(name)
    if problems := lacking(manifests, name, host, parameters, where):
        raise Refused(*problems)


def lacking(
    manifests: Manifests, name: str, host: Host, parameters: Mapping[str, str], where: str = ""
) -> Iterable[str]:
    """What a workflow, which may be one that is refused for other reasons, needs and has not.

    Raises:
        UserError: its steps cannot run in `where`.
    """
    workflow, runtimes = manifests.workflows[name], Runtimes(where)
    reached = _reached(workflow)
    start = f"{workflow.source}: {workflow.name}"
    documents = [(each.source, manifests.documents[key]) for key, each in manifests.workflows.items()]
    documents.sort(key=lambda each: each[0] != workflow.source)
    problems = [
        *_parameters(workflow, parameters),
        *_settings(workflow, reached, host),
        *(each for template in reached.values() for each in _of_machine(template, host, runtimes)),
    ]
    return dict.fromkeys(with_line(f"{start}{problem}", start, documents) for problem in problems)


def where_it_runs(manifests: Manifests, name: str, where: str = "") -> str:
    """Where the steps of a workflow run that do not run as plain processes, in one line; empty if all do.

    Raises:
        UserError: they cannot run in `where`.
    """
    workflow = manifests.named(name)
    reached = _reached(workflow)
    return Runtimes(where).told(each for key, each in workflow.templates.items() if key in reached)


def _reached(workflow: Workflow) -> dict[str, Template]:
    """The templates that a run may come to."""
    if workflow.entrypoint not in workflow.templates:
        return dict(workflow.templates)
    found: dict[str, Template] = {}
    todo = [workflow.entrypoint, workflow.on_exit, *(each.template for each in (workflow.hooks or {}).values())]
    while todo:
        key = todo.pop()
        if key in workflow.templates and key not in found:
            found[key] = workflow.templates[key]
            todo.extend(needed(found[key]))
    return found


def _parameters(workflow: Workflow, given: Mapping[str, str]) -> Iterator[str]:
    for each in workflow.arguments.parameters:
        if each.name not in given and (each.value, each.default, each.value_from) == (None, None, None):
            yield f".arguments.parameters[{each.name}] has no value; give -p {each.name}=…"


def _settings(workflow: Workflow, reached: Mapping[str, Template], host: Host) -> Iterator[str]:
    there = set(map(id, reached.values()))
    for each in wanted_by(workflow):
        late = "{{" in each.name or "{{" in each.key
        reachable = each.template is None or id(each.template) in there
        if not reachable or each.optional or late or host.has(each.kind, each.name, each.key):
            continue
        what = f"the key {each.key} of the {each.kind} {each.name}" if each.key else f"the {each.kind} {each.name}"
        how = f"set it with: pipeline secret set {each.name} {each.key or 'KEY'}; or give --secrets FILE"
        advice = how if each.kind == "secret" else "put the ConfigMap beside the workflow, or into --secrets FILE"
        place = f".templates[{each.template.name}]" if each.template is not None else ""
        yield f"{place}.{each.where} wants {what}, which is not here; {advice}"


def _of_machine(template: Template, host: Host, runtimes: Runtimes) -> Iterator[str]:
    resource = template.resource
    if resource is not None and not resource.artifact:
        found = _KIND.search(resource.manifest)
        if (found is not None or not resource.manifest) and not host.takes(found[1] if found else ""):
            what = f"{resource.action}s a {found[1]}" if found else f"has the flags {' '.join(resource.flags)}"
            yield (
                f".templates[{template.name}].resource {what}, which is not done without a cluster; "
                "send it to that of kubectl's context with --kubectl"
            )
    where, runtime = f".templates[{template.name}]", runtimes.of(template)
    if problem := runtimes.why_not(template):
        yield f"{where} {problem}"
    for kind, part in template.containers:
        said = _of_command(template.alone(part), runtime.name, anywhere=not only_process(template))
        yield from (f"{where}.{kind}{each}" for each in said)
    mounted = {mount.volume for _, part in template.containers for mount in part.container.mounts}
    for volume in template.volumes:
        if volume.kind == "host" and volume.name in mounted and "{{" not in volume.source:
            try:
                host.folder(str(Path(volume.source)))
            except UserError as problem:
                yield f"{where}.volumes[{volume.name}]: {problem}"


def _of_command(template: Template, runtime: str, *, anywhere: bool) -> Iterator[str]:
    container = template.container
    if container is None or runtime == "container":
        return
    if container.entry == "unknown":
        if "{{" not in container.image:
            what = f"has no command, and what the image {container.image} runs is not known here"
            yield f" {what}; say it with --image {container.image}=COMMAND{_or_else('container', anywhere)}"
        return
    if runtime == "process" and (problem := why_missed(template)):
        yield f" {problem}{_or_else('sandbox', anywhere)}"
    if command := absent_command(template):
        yield f".command is {command!r}, and there is no such command here; install it{_or_else('container', anywhere)}"


def _or_else(name: str, anywhere: bool) -> str:
    """How a step could run elsewhere; empty if it could not."""
    return f", or run it in a {name}: {missing(name) or f'--in {name}'}" if anywhere else ""
