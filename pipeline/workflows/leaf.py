"""A leaf: one step in one container, with all that each of our pods has.

That is: a command, resources, retries except of bad input (2) and failed checks (3), a deadline, a security context, a
read-only root with `/work` and `/tmp` to write to, a service account, and labels.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hera.workflows import (
    Artifact,
    ConfigMapEnvFrom,
    Container,
    EmptyDirVolume,
    Parameter,
    RawArtifact,
    Resources,
    RetryPolicy,
    RetryStrategy,
    SecretEnvFrom,
)
from hera.workflows.models import Backoff, IntOrString, PodSecurityContext, SecurityContext, ValueFrom

from pipeline.errors import UserError
from pipeline.images import STEPS
from pipeline.kubernetes import container_security, labels, pod_security

SERVICE_ACCOUNT = "pipeline-steps"
_WIDEST = 100  # characters of a line of JSON

OBJECT_STORE = SecretEnvFrom(name="object-store")
DATABASE = SecretEnvFrom(name="database")
TRACKING = ConfigMapEnvFrom(name="tracking")
FEATURES_STORE = SecretEnvFrom(name="features")  # where Feast keeps its registry and the newest rows
NOTIFY = SecretEnvFrom(name="notify", optional=True)  # a webhook that is told of alarms
OPENAQ = SecretEnvFrom(name="openaq", optional=True)  # the key for OpenAQ's API; the archive needs none

NON_ROOT = PodSecurityContext.model_validate(pod_security())
CONFINED = SecurityContext.model_validate(container_security())


@dataclass(frozen=True)
class Size:
    """What a leaf needs: cores, memory, and the longest time that an attempt may take."""

    cpu: str
    memory: str
    minutes: int


SMALL = Size("100m", "512Mi", 10)
COLLECTING = Size("100m", "512Mi", 120)  # the API allows 60 calls a minute
MEDIUM = Size("250m", "1Gi", 60)
LARGE = Size("1", "2Gi", 60)


def retries() -> RetryStrategy:
    """Two more attempts, except after exit codes 2 and 3. `lastRetry.exitCode` is a string; it is -1 for a lost pod."""
    return RetryStrategy(
        limit="2",
        retry_policy=RetryPolicy.always,
        expression="asInt(lastRetry.exitCode) not in [2, 3]",
        backoff=Backoff(duration="5s", factor=IntOrString(root=2)),
    )


def leaf(
    project: str,
    step: str,
    options: dict[str, str],
    *,
    module: str = "",
    image: str = STEPS,
    size: Size = SMALL,
    settings: Sequence[SecretEnvFrom | ConfigMapEnvFrom] = (OBJECT_STORE, DATABASE),
    inputs: Sequence[Parameter | Artifact] = (),
    parameters_out: Sequence[str] = (),
    artifacts_out: Sequence[str] = (),
) -> Container:
    """A template that runs `python -m steps.<step>` (or another `module` of steps) with `options`.

    An output named `x` reaches the step as `--x-out` and is written under `/work`.
    """
    produced = {name: f"{{{{outputs.parameters.{name}.path}}}}" for name in parameters_out}
    produced |= {name: f"{{{{outputs.artifacts.{name}.path}}}}" for name in artifacts_out}
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
    arguments += [word for name, path in produced.items() for word in (f"--{name}-out", path)]
    return Container(
        name=step,
        image=image,
        image_pull_policy="IfNotPresent",
        command=["python", "-m", f"steps.{module or step}"],
        args=arguments,
        env_from=list(settings),
        inputs=list(inputs),
        outputs=[
            *(Parameter(name=name, value_from=ValueFrom(path=f"/work/out/{name}")) for name in parameters_out),
            *(Artifact(name=name, path=f"/work/out/{name}.{_extension(name)}") for name in artifacts_out),
        ],
        resources=Resources(cpu_request=size.cpu, memory_request=size.memory, memory_limit=size.memory),
        retry_strategy=retries(),
        active_deadline_seconds=str(size.minutes * 60),
        pod_security_context=NON_ROOT,
        security_context=CONFINED,
        service_account_name=SERVICE_ACCOUNT,
        labels=labels(step, project),
        volumes=[EmptyDirVolume(name="work", mount_path="/work"), EmptyDirVolume(name="tmp", mount_path="/tmp")],  # noqa: S108
    )


def template_of(name: str, manifest: dict[str, Any]) -> RawArtifact:
    """An object without what a step decides, as an input of that step, which fills in each `<name>` in it
    (`steps.contract.manifests`).

    Raises:
        UserError: it holds `{{`, which Argo would expand.
    """
    text = _wrapped(manifest)
    if "{{" in text:
        raise UserError(f"the {manifest['kind']} holds '{{{{', which Argo would expand; take it out: {text:.200}")
    return RawArtifact(name=name, path=f"/work/in/{name}.json", data=text)


def _wrapped(value: Any, indent: str = "") -> str:
    """JSON with sorted keys, in lines that a person can review."""
    line = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    if not isinstance(value, dict | list) or len(indent) + len(line) <= _WIDEST:
        return line
    deeper = f"{indent} "
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {_wrapped(each, deeper)}" for key, each in sorted(value.items())]
    else:
        parts = [_wrapped(each, deeper) for each in value]
    inner = ",".join(f"\n{deeper}{part}" for part in parts)
    return f"{line[0]}{inner}\n{indent}{line[-1]}"


def _extension(artifact: str) -> str:
    return {"page": "html", "report": "html", "copy": "ipynb"}.get(artifact, "json")
