"""What a manifest says, as frozen values: the part of Argo's language that this engine runs.

Texts may hold `{{…}}` until `variables.replace` fills them in; numbers that Argo lets a variable stand for stay texts
until they are used. Nothing compares them (`eq=False`), which makes the engine quicker to import.
Field reference: https://argo-workflows.readthedocs.io/en/latest/fields/
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from pipeline.engine.host import Source

if TYPE_CHECKING:
    from pipeline.engine.schedule.cron import Cron  # loaded where there is one


@dataclass(frozen=True, eq=False)
class ValueFrom:
    """Where an output parameter's value comes from: exactly one of all but `default`."""

    path: str = ""  # a file of a container
    json_path: str = ""  # a field of the applied object
    parameter: str = ""  # of a dag or steps: an output of one of them
    expression: str = ""  # of a dag or steps: computed from their outputs
    supplied: bool = False  # of a suspension: from outside, which here is never
    default: str | None = None


@dataclass(frozen=True, eq=False)
class Parameter:
    """A named text. `default` where it is declared, `value` where it is given."""

    name: str
    value: str | None = None
    default: str | None = None
    value_from: ValueFrom | None = None
    enum: tuple[str, ...] = ()
    description: str = ""
    global_name: str = ""  # of an output: also `workflow.outputs.parameters.<global_name>` from then on


@dataclass(frozen=True, eq=False)
class Artifact:
    """A named file or folder. `source`: a reference (`from`), or `expression`: one that is computed
    (`fromExpression`). `raw`: its content. `stored`: its place in the run's folder."""

    name: str
    path: str = ""
    source: str = ""
    expression: str = ""
    global_name: str = ""
    raw: str | None = None
    stored: str | None = None
    mode: int | None = None
    optional: bool = False

    @property
    def located(self) -> bool:
        """Whether it says where its content is."""
        return self.raw is not None or self.stored is not None


@dataclass(frozen=True, eq=False)
class Values:
    """Parameters and artifacts: inputs, outputs or arguments."""

    parameters: tuple[Parameter, ...] = ()
    artifacts: tuple[Artifact, ...] = ()


NOTHING: Final = Values()


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
    """All variables of a ConfigMap or Secret, each name after `prefix`."""

    kind: Source
    source: str
    prefix: str = ""
    optional: bool = False


@dataclass(frozen=True, eq=False)
class Container:
    """A command. Its image is not run here."""

    command: tuple[str, ...]
    args: tuple[str, ...] = ()
    env: tuple[Variable, ...] = ()
    env_from: tuple[VariablesFrom, ...] = ()
    working_dir: str = ""
    mounts: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Script(Container):
    """A command that is given a file with `source` as its last argument."""

    source: str = ""


@dataclass(frozen=True, eq=False)
class Suspend:
    """A pause."""

    duration: str  # as Argo writes them: `10`, `30s`, `2m`


@dataclass(frozen=True, eq=False)
class Resource:
    """A Kubernetes object to apply: its text, or the input artifact that holds it."""

    manifest: str = ""
    artifact: str = ""
    success: str = ""
    failure: str = ""


@dataclass(frozen=True, eq=False)
class Sequence:
    """Numbers from `start`: `count` of them, or up to `end`."""

    count: str | None = None
    start: str | None = None
    end: str | None = None
    format: str = ""


@dataclass(frozen=True, eq=False)
class Hook:
    """What runs when a task or step has ended, before anything that waits for it. `arguments`: None for the
    workflow's."""

    template: str
    arguments: Values | None = None
    expression: str = ""
    referred: bool = False  # its template was named with its manifest


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
    referred: bool = False  # its template was named with its manifest (`templateRef`)
    inline: "Template | None" = None  # the template itself, until it is among the workflow's

    @property
    def expands(self) -> bool:
        """Whether it is a fan-out."""
        return bool(self.items) or bool(self.param) or self.sequence is not None


@dataclass(frozen=True, eq=False)
class Dag:
    """Tasks. `target` limits them to those that the named ones need."""

    tasks: tuple[Task, ...]
    target: tuple[str, ...] = ()
    fail_fast: bool = True

    @property
    def later(self) -> bool:
        """Whether its targets are known only when it begins."""
        return any("{{" in name for name in self.target)


@dataclass(frozen=True, eq=False)
class Backoff:
    """Durations as Argo writes them: `10`, `30s`, `2m`, `1h30m`."""

    duration: str
    factor: str | None = None
    max_duration: str = ""
    cap: str = ""


Policy = Literal["Always", "OnFailure", "OnError", "OnTransientError"]


@dataclass(frozen=True, eq=False)
class Retry:
    """When an attempt is followed by another. An expression without a policy means Always, neither means OnFailure."""

    limit: str | None = None
    policy: Policy | None = None
    expression: str = ""
    backoff: Backoff | None = None


@dataclass(frozen=True, eq=False)
class Template:
    """One template: exactly one of `container`, `resource`, `suspend`, `dag`, `steps`.

    `steps`: groups, one after the other, of steps side by side.
    """

    name: str
    display_name: str = ""  # what its nodes are called, in place of what their task is
    inputs: Values = NOTHING
    outputs: Values = NOTHING
    container: Container | None = None
    resource: Resource | None = None
    suspend: Suspend | None = None
    dag: Dag | None = None
    steps: tuple[tuple[Task, ...], ...] | None = None
    retry: Retry | None = None
    deadline_seconds: str | None = None
    timeout: str = ""  # a duration, from when its node came to be
    parallelism: int | None = None
    fail_fast: bool = False
    mutexes: tuple[str, ...] = ()

    @property
    def leaf(self) -> bool:
        """Whether it starts something itself (a pod on a cluster)."""
        return self.container is not None or self.resource is not None

    @property
    def script(self) -> Script | None:
        """Its container, where that is a script."""
        return self.container if isinstance(self.container, Script) else None

    @property
    def prefix(self) -> str:
        """What its variables of tasks or steps begin with; empty where it has none."""
        return "tasks" if self.dag is not None else "steps" if self.steps is not None else ""

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Its tasks or steps, in the manifest's order."""
        if self.steps is not None:
            return tuple(step for group in self.steps for step in group)
        return self.dag.tasks if self.dag is not None else ()


@dataclass(frozen=True, eq=False)
class Workflow:
    """What a Workflow, WorkflowTemplate or CronWorkflow runs. `template_ref` names the WorkflowTemplate it runs.

    `templates` are keyed by name, those of another WorkflowTemplate by `<its name>/<name>`.
    """

    name: str
    kind: str
    source: str  # the file it is from
    entrypoint: str
    templates: Mapping[str, Template]
    arguments: Values = NOTHING
    template_ref: str = ""
    on_exit: str = ""
    deadline_seconds: int | None = None
    parallelism: int | None = None
    mutexes: tuple[str, ...] = ()
    retry: Retry | None = None  # of every template that has none
    service_account: str = ""
    namespace: str = ""
    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None
    priority: int | None = None
    cron: "Cron | None" = None  # of a CronWorkflow: when it runs
