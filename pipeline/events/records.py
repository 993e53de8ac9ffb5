"""What a Sensor's template makes of a notification: base64 of the JSON that Go writes for minio-go's structs.

So a field that they do not have is left out, a missing one is empty, and keys are sorted, as on a cluster.
https://pkg.go.dev/github.com/minio/minio-go/v7/pkg/notification#Event
"""

import base64
from collections.abc import Sequence
from typing import Any, Final

from pipeline.engine.language import go_json

_IDENTITY: Final = {"principalId": ""}
_EVENT: Final[dict[str, Any]] = {
    "eventVersion": "",
    "eventSource": "",
    "awsRegion": "",
    "eventTime": "",
    "eventName": "",
    "userIdentity": _IDENTITY,
    "requestParameters": None,
    "responseElements": None,
    "s3": {
        "s3SchemaVersion": "",
        "configurationId": "",
        "bucket": {"name": "", "ownerIdentity": _IDENTITY, "arn": ""},
        "object": {"key": "", "sequencer": ""},
    },
    "source": {"host": "", "port": "", "userAgent": ""},
}
_LEFT_OUT_IF_EMPTY: Final = ("size", "eTag", "contentType", "userMetadata", "versionId")  # of s3.object


def encode(records: Sequence[dict[str, Any]]) -> str:
    """The parameter `records` for the S3 event records of one notification."""
    return base64.b64encode(go_json([_event(each) for each in records]).encode()).decode()


def _event(record: dict[str, Any]) -> dict[str, Any]:
    event = _shaped(record, _EVENT)
    told = (record.get("s3") or {}).get("object") or {}
    event["s3"]["object"] |= {name: told[name] for name in _LEFT_OUT_IF_EMPTY if told.get(name)}
    return event


def _shaped(value: dict[str, Any], shape: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _shaped(value.get(name) or {}, empty) if isinstance(empty, dict) else value.get(name, empty)
        for name, empty in shape.items()
    }
