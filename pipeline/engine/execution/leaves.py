"""One leaf, from its template to a started process, and from its end to its outputs.

Everything here may block (servers that are not ready, slow disks), so the executor calls it from worker threads.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import yaml

from pipeline.engine.execution import locations
from pipeline.engine.execution.runtimes.contract import Runtime, Work
from pipeline.engine.execution.volumes import mounted
from pipeline.engine.host import Host, Process
from pipeline.engine.language import resources
from pipeline.engine.places import Place
from pipeline.engine.scheduler.events import Outputs
from pipeline.engine.spec import Artifact, Container, Parameter, Resource, Script, Template, ValueFrom
from pipeline.engine.views.tails import last_line
from pipeline.errors import PipelineError

PARAMETER_BYTES: Final = 256 * 1024
_LOOK_SECONDS: Final = 0.5
_REFERENCE: Final = re.compile(r"\$(\$|\(([^)]*)\))")


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a leaf ended."""

    phase: Literal["Succeeded", "Failed", "Error"]
    message: str = ""
    outputs: Outputs | None = None


class Applying(Protocol):
    """What works on objects: a `Host`, or a stand-in for one."""

    def apply(self, manifest: dict[str, Any], *, log: Path) -> dict[str, Any]:
        """See `Host`."""
        ...

    def change(self, resource: Resource, manifest: dict[str, Any] | None, *, log: Path) -> dict[str, Any]:
        """See `Host`."""
        ...

    def look(self, manifest: dict[str, Any]) -> dict[str, Any] | None:
        """See `Host`."""
        ...


class NotGathered(Exception):
    """An output is missing or too large."""


def explain(error: BaseException) -> str:
    """An error of the machine, in one line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return " ".join(str(error).split()) or type(error).__name__


def start(template: Template, place: Place, host: Host, runtime: Runtime) -> Process:
    """Start a container's command; it waits for its `release`.

    Raises:
        PipelineError, OSError, ValueError: it cannot be started; in one line with `explain`.
    """
    return runtime.start(prepared(template, place, host, runtime), host)


def prepared(template: Template, place: Place, host: Host, runtime: Runtime, *, shared: bool = False) -> Work:
    """A container's command, with its files in place. `shared`: its volumes are those of other containers too.

    Raises:
        PipelineError, OSError, ValueError: something is missing; in one line with `explain`.
    """
    place.prepare()
    container = runtime.filled(template, place)
    runtime.attach(place, mounted(template, container, place, host, shared=shared))
    for artifact in template.inputs.artifacts:
        if artifact.location is not None:
            locations.fetch(artifact.location, place.local(artifact.path), host)
        place.provide(artifact)
    for path in template.outcomes:
        runtime.make_room(path, place)
    env, words = command(container, place, host, runtime)
    if isinstance(container, Script):
        place.script.write_text(container.source, encoding="utf-8")
        words.append(runtime.script(place))
    return Work(template, container, place, words, env)


def command(container: Container, place: Place, host: Host, runtime: Runtime) -> tuple[dict[str, str], list[str]]:
    """The environment of a container, and its command with all its arguments."""
    env = {**runtime.variables(place), **_given_variables(container, host)}
    return env, [_expanded(word, env) for word in runtime.words(container)]


def _given_variables(container: Container, host: Host) -> dict[str, str]:
    """What the manifest gives, in Kubernetes' order: `envFrom`, then `env`, which may refer to what came before."""
    variables: dict[str, str] = {}
    for each in container.env_from:
        found = (
            host.optional(each.kind, each.source) or {} if each.optional else host.environment(each.kind, each.source)
        )
        variables.update({each.prefix + name: value for name, value in found.items()})
    for variable in container.env:
        if variable.kind is None:
            variables[variable.name] = _expanded(variable.value or "", variables)
            continue
        wanted = host.optional if variable.optional else host.environment
        found = wanted(variable.kind, variable.source) or {}
        if variable.key in found:
            variables[variable.name] = found[variable.key]
        elif not variable.optional:
            raise PipelineError(
                f"the variable {variable.name} wants the key {variable.key} of the {variable.kind} {variable.source}; "
                f"it has {', '.join(found) or 'none'}"
            )
    return variables


def _expanded(text: str, variables: Mapping[str, str]) -> str:
    """`$(NAME)` filled in as in Kubernetes: unknown names stay, and `$$` is a plain `$`."""
    return _REFERENCE.sub(lambda match: "$" if match[2] is None else variables.get(match[2], match[0]), text)


def gather(
    template: Template,
    place: Place,
    exit_code: int,
    *,
    printed: bool,
    host: Host | None = None,
    runtime: Runtime | None = None,
) -> Outcome:
    """What a container's command left behind. `printed`: whether its stdout is an output. `host`: through which
    artifacts are put where the template says. `runtime`: where it ran.

    If it failed, its outputs are those that are there; if it succeeded, it must have all that it declares.
    """
    code = exit_code if exit_code >= 0 else 128 - exit_code
    found = Outputs(exit_code=str(code))
    problem = ""
    try:
        if runtime is not None:
            runtime.collect(template, place)
        if printed:
            found = replace(found, result=place.as_declared(printed_by(place.stdout)))
        parameters = {each.name: _read(each, place) for each in template.outputs.parameters}
        found = replace(found, parameters=parameters)
    except (NotGathered, OSError) as error:
        problem = explain(error)
    artifacts: dict[str, Artifact] = {}
    for artifact in template.outputs.artifacts:
        if place.local(artifact.path).exists():
            artifacts[artifact.name] = Artifact(artifact.name, stored=place.kept(artifact.name, artifact.path))
        elif not artifact.optional:
            problem = problem or f"output artifact '{artifact.name}': the step wrote nothing at {artifact.path}"
    problem = problem or _put(template, place, host)
    found = replace(found, artifacts=artifacts)
    place.drop_scratch()
    if code != 0:
        said = last_line(place.stderr)
        return Outcome("Failed", f"main: Error (exit code {code}){f': {said}' if said else ''}", found)
    return Outcome("Error", problem, found) if problem else Outcome("Succeeded", "", found)


def _put(template: Template, place: Place, host: Host | None) -> str:
    """Put output artifacts where the template says; what went wrong, or nothing."""
    try:
        for artifact in template.outputs.artifacts if host is not None else ():
            path = place.local(artifact.path)
            if host is not None and artifact.location is not None and path.exists():
                locations.put(artifact.location, path, host)
    except (PipelineError, OSError) as error:
        return f"an output artifact cannot be stored: {explain(error)}"
    return ""


def _read(parameter: Parameter, place: Place) -> str:
    if parameter.value is not None:
        return parameter.value
    source, name = parameter.value_from or ValueFrom(), parameter.name
    try:
        with place.local(source.path).open("rb") as file:
            content = file.read(PARAMETER_BYTES + 2)
    except OSError as error:
        if source.default is not None:
            return source.default
        raise NotGathered(f"output parameter '{name}': the step wrote no file at {source.path}") from error
    if len(content) > PARAMETER_BYTES + 1:
        raise NotGathered(f"output parameter '{name}' is larger than 256 KB; put it out as an artifact")
    return place.as_declared(content.decode("utf-8", "replace").removesuffix("\n"))


def printed_by(log: Path) -> str:
    """What a step printed, for the output `result`."""
    with log.open("rb") as file:
        file.seek(0, 2)
        file.seek(-min(file.tell(), PARAMETER_BYTES + 1), 2)
        text = file.read().decode("utf-8", "replace").removesuffix("\n")
    return text[-PARAMETER_BYTES:]


def apply(template: Template, place: Place, host: Applying) -> Outcome:
    """Do to the object of a resource what is to be done, and judge what becomes of it."""
    resource = template.resource
    if resource is None:
        return Outcome("Error", f"{template.name} is not a resource")
    try:
        place.prepare()
        found = _settled(resource, _acted(template, resource, place, host), host)
        outputs = Outputs(
            {
                each.name: (each.value or "")
                if each.value_from is None
                else resources.read_json_path(each.value_from.json_path, found)
                for each in template.outputs.parameters
            },
            exit_code="0",
        )
    except (PipelineError, OSError, ValueError) as error:
        return Outcome("Failed", explain(error), Outputs(exit_code="1"))
    finally:
        place.drop_scratch()
    failed, begin = Outputs(exit_code="64"), "main: Error (exit code 64):"
    for requirement in resources.requirements(resource.failure) or []:
        if resources.meets(requirement, found):
            return Outcome("Failed", f"{begin} failure condition '{requirement[0].strip(' ,')}' evaluated true", failed)
    for requirement in resources.requirements(resource.success) or []:
        if not resources.meets(requirement, found):
            words = f"success condition '{requirement[0].strip(' ,')}' evaluated false"
            return Outcome("Failed", f"{begin} {words}", failed)
    return Outcome("Succeeded", "", outputs)


def _acted(template: Template, resource: Resource, place: Place, host: Applying) -> dict[str, Any]:
    if not resource.manifest and not resource.artifact:
        return host.change(resource, None, log=place.stdout)
    manifest = _manifest(template, place)
    if resource.action == "apply" and not resource.flags:
        return host.apply(manifest, log=place.stdout)
    return host.change(resource, manifest, log=place.stdout)


def _settled(resource: Resource, found: dict[str, Any], host: Applying) -> dict[str, Any]:
    """The object once one of its conditions holds, or nothing more happens to it."""
    failure, success = resources.requirements(resource.failure) or [], resources.requirements(resource.success) or []
    while (failure or success) and found:
        if any(resources.meets(each, found) for each in failure):
            return found
        if success and all(resources.meets(each, found) for each in success):
            return found
        later = host.look(found)
        if later is None:
            return found
        found = later
        time.sleep(_LOOK_SECONDS)
    return found


def _manifest(template: Template, place: Place) -> dict[str, Any]:
    resource = template.resource
    text = resource.manifest if resource is not None else ""
    if resource is not None and resource.artifact:
        held = (each for each in template.inputs.artifacts if each.name == resource.artifact and each.located)
        text = next(map(place.text_of, held), "")
    try:
        documents = [document for document in yaml.load_all(text, yaml.CSafeLoader) if document]
    except yaml.YAMLError as error:
        raise ValueError(f"the manifest is not YAML: {error}") from error
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise ValueError(f"the manifest holds {len(documents)} objects; wanted one")
    found: dict[str, Any] = documents[0]
    return found
