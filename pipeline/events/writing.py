"""The models as Kubernetes objects, with what Pod Security's `restricted` profile wants of every pod.

A bus of one replica needs a stream of one too, or its clients are restarted for ever. A Sensor forgets what it could
not deliver unless it says `atLeastOnce` and a `retryStrategy`.
"""

from typing import Any

from pipeline.events.models import API_VERSION, RECORDS, EventBus, EventSource, SecretKey, Sensor

SENSOR_ACCOUNT = "pipeline-sensor"  # may create workflows, and nothing else
_STREAM = "maxMsgs: 50000\nmaxAge: 168h\nmaxBytes: -1\nreplicas: 1\nduplicates: 300s\nretention: 0\ndiscard: 0\n"
_NON_ROOT = {
    "runAsNonRoot": True,
    "runAsUser": 8737,
    "runAsGroup": 8737,
    "fsGroup": 8737,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def event_bus(bus: EventBus) -> dict[str, Any]:
    """The EventBus. It keeps its streams on a volume of the default class: without, they are gone with its pod, and its
    clients try for ever to find them again."""
    container = _container("64Mi", "256Mi")
    return _object(
        "EventBus",
        bus.name,
        {"app.kubernetes.io/component": "events", "app.kubernetes.io/part-of": "learning-pipelines"},
        {
            "jetstream": {
                "version": bus.version,
                "replicas": 1,
                "streamConfig": _STREAM,
                "persistence": {"accessMode": "ReadWriteOnce", "volumeSize": "1Gi"},
                "securityContext": _NON_ROOT,
                "containerTemplate": container,
                "reloaderContainerTemplate": _container("32Mi", "64Mi"),
                "metricsContainerTemplate": _container("32Mi", "64Mi"),
            }
        },
    )


def event_source(source: EventSource, bus: EventBus) -> dict[str, Any]:
    """The EventSource, of one entry: of several, a dead one would not be restarted."""
    entry = {
        "endpoint": source.endpoint,
        "insecure": True,
        "bucket": {"name": source.bucket},
        "events": list(source.events),
        "filter": {"prefix": source.prefix, "suffix": source.suffix},
        "accessKey": _reference(source.access_key),
        "secretKey": _reference(source.secret_key),
    }
    return _object(
        "EventSource",
        source.name,
        _labels(source.project, "eventsource"),
        {
            "eventBusName": bus.name,
            "replicas": 1,
            "template": {"container": _container("64Mi", "256Mi"), "securityContext": _NON_ROOT},
            "minio": {source.event: entry},
        },
    )


def sensor(sensor: Sensor, bus: EventBus) -> dict[str, Any]:
    """The Sensor."""
    workflow = {
        "apiVersion": API_VERSION,
        "kind": "Workflow",
        "metadata": {"generateName": sensor.generate_name, "labels": _labels(sensor.project, "ingest")},
        "spec": {
            "workflowTemplateRef": {"name": sensor.workflow},
            "arguments": {"parameters": [{"name": sensor.parameter, "value": ""}]},
        },
    }
    parameter = {
        "src": {"dependencyName": sensor.event, "dataTemplate": RECORDS},
        "dest": "spec.arguments.parameters.0.value",
    }
    trigger = {
        "template": {
            "name": sensor.workflow,
            "k8s": {"operation": "create", "source": {"resource": workflow}, "parameters": [parameter]},
        },
        "atLeastOnce": True,
        "retryStrategy": {"steps": 10, "duration": "1s", "factor": 2, "jitter": 0.2},
    }
    return _object(
        "Sensor",
        sensor.name,
        _labels(sensor.project, "sensor"),
        {
            "eventBusName": bus.name,
            "replicas": 1,
            "template": {
                "serviceAccountName": SENSOR_ACCOUNT,
                "container": _container("64Mi", "256Mi"),
                "securityContext": _NON_ROOT,
            },
            "dependencies": [{"name": sensor.event, "eventSourceName": sensor.source, "eventName": sensor.event}],
            "triggers": [trigger],
        },
    )


def _object(kind: str, name: str, labels: dict[str, str], spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name, "labels": labels}, "spec": spec}


def _labels(project: str, component: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/instance": project,
        "app.kubernetes.io/part-of": "learning-pipelines",
    }


def _reference(key: SecretKey) -> dict[str, str]:
    return {"name": key.name, "key": key.key}


def _container(request: str, limit: str) -> dict[str, Any]:
    return {
        "resources": {"requests": {"cpu": "50m", "memory": request}, "limits": {"memory": limit}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
        },
    }
