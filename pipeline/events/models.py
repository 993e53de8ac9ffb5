"""What differs between projects in an EventSource and a Sensor; the rest is in `writing`.

https://argoproj.github.io/argo-events/concepts/architecture/
"""

from dataclasses import dataclass

API_VERSION = "argoproj.io/v1alpha1"
RECORDS = "{{ .Input.notification | toJson | b64enc }}"  # base64, since Argo would expand {{…}} in a key


@dataclass(frozen=True)
class SecretKey:
    """One key of a Secret."""

    name: str
    key: str


@dataclass(frozen=True)
class EventSource:
    """What MinIO announces of one bucket; its only entry is `event`. `endpoint`: host and port."""

    name: str
    project: str
    event: str
    endpoint: str
    bucket: str
    prefix: str
    suffix: str
    events: tuple[str, ...]
    access_key: SecretKey
    secret_key: SecretKey


@dataclass(frozen=True)
class Sensor:
    """Starts the WorkflowTemplate `workflow` for each notification of an EventSource's entry, with the notification in
    base64 as the parameter `parameter`."""

    name: str
    project: str
    source: str
    event: str
    generate_name: str
    workflow: str
    parameter: str
