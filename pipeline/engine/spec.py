"""What a manifest says, as frozen values: the part of Argo's language that this engine runs.

Texts may hold `{{…}}` until `variables.replace_all` fills them in; numbers for which Argo allows a variable stay texts
until they are used. Nothing compares these values (`eq=False`), which makes the engine faster to import.
Field reference: https://argo-workflows.readthedocs.io/en/latest/fields/
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from pipeline.engine.schedule.cron import Cron  # loaded for CronWorkflows only


Source = Literal["configMap", "secret"]


@dataclass(frozen=True, eq=False)
class ValueFrom:
    """Where an output parameter's value comes from: exactly one of these, besides `default`."""

    path: str = ""  # a file of a container
    json_path: str = ""  # a field of the applied object
    parameter: str = ""  # of a dag or steps: an output of one of their tasks
    expression: str = ""  # of a dag or steps: computed from their tasks' outputs
    supplied: bool = False  # of a suspension: from a person
    config_map: str = ""  # of an input or argument: the key of a ConfigMap
    key: str = ""
    default: str | None = None


@dataclass(frozen=True, eq=False)
class Parameter:
    """A named text: with a `default` as it is declared, with a `value` as it is given."""

    name: str
    value: str | None = None
    default: str | None = None
    value_from: ValueFrom | None = None
    enum: tuple[str, ...] = ()
    description: str = ""
    global_name: str = ""  # of an output: then also `workflow.outputs.parameters.<global_name>`


@dataclass(frozen=True, eq=False)
class Location:
    """Where something is outside the run: `fields` as Argo names them, and the keys of Secrets that it takes. `packed`:
    whether an archive is unpacked, or made."""

    kind: Literal["http", "git", "s3"]
    fields: Mapping[str, str]
    secrets: "tuple[Variable, ...]" = ()
    packed: bool = True


@dataclass(frozen=True, eq=False)
class Artifact:
    """A named file or folder. `source`: a reference to another (`from`); `expression`: a computed one
    (`fromExpression`). `raw`: its content. `stored`: where it is in the run's folder. `location`: where it is fetched
    from, or put. `sub_path`: the part of it that is meant."""

    name: str
    path: str = ""
    source: str = ""
    expression: str = ""
    global_name: str = ""
    raw: str | None = None
    stored: str | None = None
    location: Location | None = None
    sub_path: str = ""
    mode: int | None = None
    optional: bool = False

    @property
    def located(self) -> bool:
        """Whether it says where its content is."""
        return self.raw is not None or self.stored is not None or self.location is not None


@dataclass(frozen=True, eq=False)
class Values:
    """Parameters and artifacts: inputs, outputs or arguments."""

    parameters: tuple[Parameter, ...] = ()
    artifacts: tuple[Artifact, ...] = ()


NOTHING: Final = Values()

MEMO_KEY: Final = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]*")

# What begins the name of a mutex that so many may hold as a ConfigMap says: `ConfigMap/<name>/<key>`.
SEMAPHORE: Final = "ConfigMap/"


@dataclass(frozen=True, eq=False)
class Variable:
    """One variable of a container's environment: a value, or a key of a ConfigMap or Secret."""

    name: str
    value: str | None = None
    kind: Source | None = None
    source: str = ""
    key: str = ""
    optional: bool = False


@dataclass(frozen=True, eq=False)
class VariablesFrom:
    """All variables of a ConfigMap or Secret, with `prefix` before each name."""

    kind: Source
    source: str
    prefix: str = ""
    optional: bool = False


@dataclass(frozen=True, eq=False)
class Volume:
    """Files that a container may mount: an empty folder of the node, one of the run, a claim (one of all runs), keys of
    a Secret or ConfigMap (`source`: which; `items`: keys and their paths, all where there are none), several of these
    (projected: `parts`), or a folder of this machine (host)."""

    name: str
    kind: Literal["empty", "run", "claim", "secret", "configMap", "projected", "host"]
    source: str = ""
    items: tuple[tuple[str, str], ...] = ()
    optional: bool = False
    parts: tuple["Volume", ...] = ()


@dataclass(frozen=True, eq=False)
class Mount:
    """Where a container has a volume, or the part `sub_path` of it."""

    path: str
    volume: str
    sub_path: str = ""
    read_only: bool = False


Pull = Literal["Always", "IfNotPresent", "Never"]


@dataclass(frozen=True, eq=False)
class Port:
    """A port on which a container listens."""

    number: str
    name: str = ""


@dataclass(frozen=True, eq=False)
class Probe:
    """What shows that a container is ready, as often as `successes`: an answer to a request, a connection (`port`: a
    number, or the name of one of its ports), or the success of a command. Times are in seconds."""

    kind: Literal["http", "tcp", "exec", "grpc"]
    port: str = ""
    host: str = ""
    path: str = "/"
    tls: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    command: tuple[str, ...] = ()
    delay: int = 0
    period: int = 10
    timeout: int = 1
    successes: int = 1


@dataclass(frozen=True, eq=False)
class Container:
    """A command. `entry`: where it is from: given by the manifest, known of its image, or unknown: then it is the image
    that says what runs. `pull`: when the image is fetched (None: where it is not here). `ready`: when it counts as
    begun, where it is a daemon. `user`: as whom it runs, such as `1000:1000` (empty: as its template says, or its
    image), which only its image's container follows."""

    command: tuple[str, ...]
    args: tuple[str, ...] = ()
    env: tuple[Variable, ...] = ()
    env_from: tuple[VariablesFrom, ...] = ()
    working_dir: str = ""
    mounts: tuple[Mount, ...] = ()
    image: str = ""
    entry: Literal["given", "known", "unknown"] = "given"
    pull: Pull | None = None
    ports: tuple[Port, ...] = ()
    ready: Probe | None = None
    user: str = ""


@dataclass(frozen=True, eq=False)
class Script(Container):
    """A command whose last argument is a file with `source` in it."""

    source: str = ""


@dataclass(frozen=True, eq=False)
class Part:
    """One of several containers of a pod. `dependencies`: those that must have succeeded before it begins. `mirrors`:
    it has the files of the main one too."""

    name: str
    container: Container
    dependencies: tuple[str, ...] = ()
    mirrors: bool = False


@dataclass(frozen=True, eq=False)
class ContainerSet:
    """Containers that depend on each other. `attempts` and `pause` (seconds): how often each is tried."""

    parts: tuple[Part, ...]
    attempts: int = 1
    pause: float = 0.0


@dataclass(frozen=True, eq=False)
class Suspend:
    """A pause."""

    duration: str  # as in Argo: `10`, `30s`, `2m`; empty where it waits for a person


Action = Literal["get", "create", "apply", "delete", "replace", "patch"]
Merge = Literal["strategic", "merge", "json"]


@dataclass(frozen=True, eq=False)
class Resource:
    """What is done to a Kubernetes object: its text, or the name of the input artifact that holds it; `flags` as for
    kubectl; `merge`: how a patch is meant."""

    action: Action = "apply"
    manifest: str = ""
    artifact: str = ""
    success: str = ""
    failure: str = ""
    flags: tuple[str, ...] = ()
    merge: Merge = "strategic"


@dataclass(frozen=True, eq=False)
class Http:
    """A request, and when its answer is a success (empty: any 2xx)."""

    url: str
    method: str = "GET"
    headers: tuple[Variable, ...] = ()
    body: str = ""
    success: str = ""
    timeout_seconds: str = "30"
    insecure: bool = False


@dataclass(frozen=True, eq=False)
class Sequence:
    """Numbers from `start`: `count` of them, or up to `end`."""

    count: str | None = None
    start: str | None = None
    end: str | None = None
    format: str = ""


@dataclass(frozen=True, eq=False)
class Hook:
    """What runs when a task or step has ended, or beside it or the workflow once `expression` holds; what waits for it
    waits for this too. `arguments`: None for the workflow's."""

    template: str
    arguments: Values | None = None
    expression: str = ""
    referred: bool = False  # its template was given by `templateRef`


@dataclass(frozen=True, eq=False)
class Task:
    """A task of a DAG, or a step. `template`: the key of one of the workflow's templates. `items`, `param` and
    `sequence` (at most one) make it a fan-out."""

    name: str
    template: str
    arguments: Values = NOTHING
    depends: str = ""
    dependencies: tuple[str, ...] = ()
    when: str = ""
    items: tuple[Any, ...] = ()
    param: str = ""
    sequence: Sequence | None = None
    continue_on_failed: bool = False
    continue_on_error: bool = False
    on_exit: Hook | None = None
    hooks: "Mapping[str, Hook] | None" = None  # by name: what runs beside it, once their conditions hold
    referred: bool = False  # its template was given by `templateRef`
    inline: "Template | None" = None  # the template itself, until it is among the workflow's

    @property
    def all_hooks(self) -> "tuple[Hook, ...]":
        """What runs beside and after it."""
        return (*(self.hooks or {}).values(), *((self.on_exit,) if self.on_exit is not None else ()))

    @property
    def expands(self) -> bool:
        """Whether it is a fan-out."""
        return bool(self.items) or bool(self.param) or self.sequence is not None

    def continues_on(self, phase: str) -> bool:
        """Whether what follows runs although it ended with `phase`, Failed or Error."""
        return self.continue_on_failed if phase == "Failed" else self.continue_on_error


@dataclass(frozen=True, eq=False)
class Dag:
    """Tasks. `target` limits them to the named ones and what those need."""

    tasks: tuple[Task, ...]
    target: tuple[str, ...] = ()
    fail_fast: bool = True

    @property
    def has_late_targets(self) -> bool:
        """Whether its targets are known only when it begins."""
        return any("{{" in name for name in self.target)


@dataclass(frozen=True, eq=False)
class Backoff:
    """Durations as in Argo: `10`, `30s`, `2m`, `1h30m`."""

    duration: str
    factor: str | None = None
    max_duration: str = ""
    cap: str = ""


Policy = Literal["Always", "OnFailure", "OnError", "OnTransientError"]


@dataclass(frozen=True, eq=False)
class Retry:
    """When another attempt follows. An expression without a policy means Always, neither means OnFailure."""

    limit: str | None = None
    policy: Policy | None = None
    expression: str = ""
    backoff: Backoff | None = None


@dataclass(frozen=True, eq=False)
class Memoize:
    """Under which key of which ConfigMap outputs are kept, and (empty: without end) for how long."""

    key: str
    cache: str
    max_age: str = ""  # a duration of Go's: `10s`, `1h30m`


@dataclass(frozen=True, eq=False)
class Template:
    """One template: exactly one of `container`, `container_set`, `resource`, `http`, `suspend`, `dag`, `steps`.

    `steps`: groups one after the other, each of steps side by side. `daemon`: what follows goes on once its container
    is ready, and it ends with the dag or steps that it is part of. `before`, `beside`: containers of the same pod that
    end before the main one begins, or are ended after it.
    """

    name: str
    display_name: str = ""  # what its nodes are called, instead of what their task is
    inputs: Values = NOTHING
    outputs: Values = NOTHING
    container: Container | None = None
    container_set: ContainerSet | None = None
    before: tuple[Part, ...] = ()
    beside: tuple[Part, ...] = ()
    daemon: bool = False
    resource: Resource | None = None
    http: Http | None = None
    suspend: Suspend | None = None
    dag: Dag | None = None
    steps: tuple[tuple[Task, ...], ...] | None = None
    retry: Retry | None = None
    memoize: Memoize | None = None
    deadline_seconds: str | None = None
    timeout: str = ""  # a duration, from when its node is made
    parallelism: int | None = None
    fail_fast: bool = False
    mutexes: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] = ()  # with those of the workflow that runs, once it is known
    user: str = ""  # as whom its containers run that do not say it
    given_paths: tuple[str, ...] = ()  # the absolute paths among the values that were filled in

    @property
    def leaf(self) -> bool:
        """Whether it starts something itself (a pod on a cluster, or a request)."""
        return self.main is not None or self.resource is not None or self.http is not None

    @property
    def parts(self) -> tuple[Part, ...]:
        """Its main containers: one, or those of a set."""
        if self.container_set is not None:
            return self.container_set.parts
        return (Part("main", self.container),) if self.container is not None else ()

    @property
    def main(self) -> Container | None:
        """The container of which its outputs are; of a set that has no `main`, the first."""
        named = {part.name: part.container for part in self.parts}
        return named.get("main", next(iter(named.values()), None))

    @property
    def containers(self) -> tuple[tuple[str, Part], ...]:
        """All its containers, each with the field that it stands in."""
        kind = "script" if self.script is not None else "container"
        found = [(f"containerSet.containers[{part.name}]" if self.container_set else kind, part) for part in self.parts]
        found += [(f"initContainers[{part.name}]", part) for part in self.before]
        return (*found, *((f"sidecars[{part.name}]", part) for part in self.beside))

    @property
    def several(self) -> bool:
        """Whether its pod has more than one container."""
        return bool(self.container_set or self.before or self.beside)

    @property
    def script(self) -> Script | None:
        """Its container, if that is a script."""
        return self.container if isinstance(self.container, Script) else None

    @property
    def outcomes(self) -> list[str]:
        """The absolute paths of its outputs."""
        found = [artifact.path for artifact in self.outputs.artifacts]
        found += [each.value_from.path for each in self.outputs.parameters if each.value_from is not None]
        return list(filter(None, found))

    def alone(self, part: Part) -> "Template":
        """One of its containers as a template of its own, with the files that it has."""
        whole, container = part.container is self.main, part.container
        if part.mirrors and self.main is not None:
            container = replace(container, mounts=container.mounts + self.main.mounts)
        artifacts = self.inputs.artifacts if whole or part.mirrors else ()
        return replace(
            self,
            inputs=Values(self.inputs.parameters, artifacts),
            outputs=self.outputs if whole else NOTHING,
            container=container,
            container_set=None,
            before=(),
            beside=(),
        )

    @property
    def files(self) -> list[str]:
        """The absolute paths that it declares of artifacts and of output parameters."""
        return [*(each.path for each in self.inputs.artifacts if each.path), *self.outcomes]

    @property
    def paths(self) -> list[str]:
        """All the absolute paths that it declares, also those of mounts."""
        return [*self.files, *(mount.path for mount in (self.main.mounts if self.main is not None else ()))]

    @property
    def prefix(self) -> str:
        """What the variables of its tasks or steps begin with; empty if it has none."""
        if self.dag is not None:
            return "tasks"
        return "steps" if self.steps is not None else ""

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Its tasks or steps, in the manifest's order."""
        if self.steps is not None:
            return tuple(step for group in self.steps for step in group)
        return self.dag.tasks if self.dag is not None else ()


@dataclass(frozen=True, eq=False)
class Workflow:
    """What a Workflow, WorkflowTemplate or CronWorkflow runs. `template_ref`: the WorkflowTemplate that it takes this
    from. `templates` are keyed by name, those of other WorkflowTemplates by `<WorkflowTemplate>/<name>`."""

    name: str
    kind: str
    source: str  # its file
    entrypoint: str
    templates: Mapping[str, Template]
    arguments: Values = NOTHING
    template_ref: str = ""
    on_exit: str = ""
    hooks: "Mapping[str, Hook] | None" = None  # by name: what runs beside it, once their conditions hold
    deadline_seconds: int | None = None
    parallelism: int | None = None
    mutexes: tuple[str, ...] = ()
    retry: Retry | None = None  # for every template that has none
    service_account: str = ""
    namespace: str = ""
    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None
    priority: int | None = None
    volumes: tuple[Volume, ...] = ()
    user: str = ""  # as whom the containers of its templates run, where these do not say it
    config_maps: Mapping[str, Mapping[str, str]] | None = None  # of which it takes parameters
    labels_from: Mapping[str, str] | None = None  # labels whose values are computed when it begins
    suspended: bool = False  # its runs wait for a person before anything begins
    cron: "Cron | None" = None  # of a CronWorkflow: when it runs
