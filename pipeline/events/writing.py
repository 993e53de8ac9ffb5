"""The models as Kubernetes objects.

A bus with one replica needs a stream with one too, or its clients restart for ever. A Sensor forgets what it could not
deliver unless it has `atLeastOnce` and a `retryStrategy`.
"""

from typing import Any

from pipeline.events.models import API_VERSION, RECORDS, EventSource, SecretKey, Sensor
from pipeline.kubernetes import container_security, labels, pod_security

SENSOR_ACCOUNT = "pipeline-sensor"  # may create workflows, and nothing else
_BUS = "default"
_STREAM = "maxMsgs: 50000\nmaxAge: 168h\nmaxBytes: -1\nreplicas: 1\nduplicates: 300s\nretention: 0\ndiscard: 0\n"


def event_bus() -> dict[str, Any]:
    """The EventBus. It keeps its streams on a volume of the default class: else they are gone with its pod, and its
    clients look for them for ever."""
    container = _container("64Mi", "256Mi")
    return _object(
        "EventBus",
        _BUS,
        labels("events"),
        {
            "jetstream": {
                "version": "2.10.29",  # one of those in the controller's ConfigMap
                "replicas": 1,
                "streamConfig": _STREAM,
                "persistence": {"accessMode": "ReadWriteOnce", "volumeSize": "1Gi"},
                "securityContext": pod_security(),
                "containerTemplate": container,
                "reloaderContainerTemplate": _container("32Mi", "64Mi"),
                "metricsContainerTemplate": _container("32Mi", "64Mi"),
            }
        },
    )


def event_source(source: EventSource) -> dict[str, Any]:
    """The EventSource, with one entry: of several, a dead one would not be restarted."""
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
        labels("eventsource", source.project),
        {
            "eventBusName": _BUS,
            "replicas": 1,
            "template": {"container": _container("64Mi", "256Mi"), "securityContext": pod_security()},
            "minio": {source.event: entry},
        },
    )


def sensor(sensor: Sensor) -> dict[str, Any]:
    """The Sensor."""
    workflow = {
        "apiVersion": API_VERSION,
        "kind": "Workflow",
        "metadata": {"generateName": sensor.generate_name, "labels": labels("ingest", sensor.project)},
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
        labels("sensor", sensor.project),
        {
            "eventBusName": _BUS,
            "replicas": 1,
            "template": {
                "serviceAccountName": SENSOR_ACCOUNT,
                "container": _container("64Mi", "256Mi"),
                "securityContext": pod_security(),
            },
            "dependencies": [{"name": sensor.event, "eventSourceName": sensor.source, "eventName": sensor.event}],
            "triggers": [trigger],
        },
    )


def _object(kind: str, name: str, labels: dict[str, str], spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name, "labels": labels}, "spec": spec}


def _reference(key: SecretKey) -> dict[str, str]:
    return {"name": key.name, "key": key.key}


def _container(request: str, limit: str) -> dict[str, Any]:
    return {
        "resources": {"requests": {"cpu": "50m", "memory": request}, "limits": {"memory": limit}},
        "securityContext": container_security(),
    }
