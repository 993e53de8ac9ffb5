"""Sensors and EventSources are read back as they were written; what the watch does not do is refused by its place."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.events import building, writing
from pipeline.events.reading import read_sensors
from pipeline.events.records import encode
from pipeline.projects.wine import WINE

# What a Sensor of Argo Events 1.9.11 gave for an upload to a MinIO of a cluster; its ids and host made shorter.
RECORD = {
    "awsRegion": "", "eventName": "s3:ObjectCreated:Put", "eventSource": "minio:s3",
    "eventTime": "2026-01-23T08:02:41.831Z", "eventVersion": "2.0",
    "requestParameters": {"principalId": "u", "region": "", "sourceIPAddress": "10.88.0.1"},
    "responseElements": {"x-amz-request-id": "18EA", "x-minio-origin-endpoint": "http://10.88.16.49:9000"},
    "s3": {
        "bucket": {"arn": "arn:aws:s3:::inbox", "name": "inbox", "ownerIdentity": {"principalId": "u"}},
        "configurationId": "Config",
        "object": {
            "contentType": "binary/octet-stream", "eTag": "5640486daa6880d667b76c958820361a",
            "key": "wine/new/<a & {{=1+1}}>.csv", "sequencer": "18EA9DDA2C1EFA20", "size": 2,
            "userMetadata": {"content-type": "binary/octet-stream"},
        },
        "s3SchemaVersion": "1.0",
    },
    "source": {"host": "10.88.0.1", "port": "", "userAgent": "Boto3/1.44.5"},
    "userIdentity": {"principalId": "u"},
}  # fmt: skip


def objects() -> tuple[dict[str, Any], dict[str, Any]]:
    """An EventSource and a Sensor as they are shipped."""
    return writing.event_source(building.source(WINE)), writing.sensor(building.sensor(WINE))


def file(folder: Path, *documents: dict[str, Any]) -> list[Path]:
    path = folder / "events.yaml"
    path.write_text(yaml.safe_dump_all(documents, sort_keys=False), encoding="utf-8")
    return [path]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    assert read_sensors(file(tmp_path, *objects())) == ([(building.source(WINE), building.sensor(WINE))], [])


def test_records_are_what_the_sensors_template_gives() -> None:
    told = {**RECORD, "more": "that minio-go does not know"}
    text = base64.b64decode(encode([told])).decode()
    assert json.loads(text) == [RECORD]
    assert "\\u003ca \\u0026 {{=1+1}}\\u003e.csv" in text, "as Go escapes"
    assert text.startswith('[{"awsRegion":"","eventName":'), "compact, its keys sorted"


def test_what_a_record_lacks_is_empty_or_left_out() -> None:
    lean = {"eventName": "s3:ObjectCreated:Put", "s3": {"bucket": {"name": "inbox"}, "object": {"key": "k", "size": 0}}}
    (found,) = json.loads(base64.b64decode(encode([lean])))
    assert found["s3"]["object"] == {"key": "k", "sequencer": ""}
    assert found["responseElements"] is None
    assert found["source"] == {"host": "", "port": "", "userAgent": ""}


def change(kind: str, path: str, value: Any) -> list[dict[str, Any]]:
    """The shipped objects with one field changed; None takes it out."""
    source, sensor = objects()
    *way, last = path.split("/")
    place: Any = source if kind == "source" else sensor
    for step in way:
        place = place[int(step) if step.isdecimal() else step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return [source, sensor]


TRIGGER = "spec/triggers/0"


@pytest.mark.parametrize(
    ("kind", "path", "value", "words"),
    [
        ("source", "spec/webhook", {"x": {}}, "webhook is not a field"),
        ("source", "spec/minio/second", {}, "minio has 2 entries"),
        ("source", "spec/minio/upload/caCertificate", {"name": "x"}, "minio.upload.caCertificate is not run"),
        ("source", "spec/minio/upload/events", [], "events is missing"),
        ("sensor", "spec/dependencies/0/filters", {"data": []}, r"dependencies\[upload\].filters is not run"),
        ("sensor", "spec/dependencies/0/eventName", "other", "depends on other of the EventSource wine-inbox"),
        ("sensor", f"{TRIGGER}/atLeastOnce", False, "atLeastOnce must be true"),
        ("sensor", f"{TRIGGER}/retryStrategy", None, "with a retryStrategy beside it"),
        ("sensor", f"{TRIGGER}/rateLimit", {"requestsPerUnit": 1}, "rateLimit is not run"),
        ("sensor", f"{TRIGGER}/template/http", {"url": "x"}, "http is not a field"),
        ("sensor", f"{TRIGGER}/template/conditions", "a && b", "conditions is not run"),
        ("sensor", f"{TRIGGER}/template/k8s/operation", "patch", "operation must be create"),
        ("sensor", f"{TRIGGER}/template/k8s/parameters/0/src/dataTemplate", "{{ .Input }}", "dataTemplate is "),
        ("sensor", f"{TRIGGER}/template/k8s/parameters/0/dest", "metadata.name", "dest is 'metadata.name'"),
        ("sensor", f"{TRIGGER}/template/k8s/source/resource/kind", "Job", "kind must be Workflow"),
        ("sensor", f"{TRIGGER}/template/k8s/source/resource/spec/entrypoint", "x", "entrypoint is not a field"),
    ],
)
def test_what_the_watch_does_not_do_is_refused_by_name(
    tmp_path: Path, kind: str, path: str, value: Any, words: str
) -> None:
    found, refused = read_sensors(file(tmp_path, *change(kind, path, value)))
    assert found == []
    with pytest.raises(type(refused[0]), match=words):
        raise refused[0]
    if "depends on" not in words:
        assert f"{tmp_path / 'events.yaml'}, line " in str(refused[0])


def test_one_broken_sensor_does_not_stop_the_others(tmp_path: Path) -> None:
    source, sensor = objects()
    broken = {**sensor, "metadata": {"name": "broken"}, "spec": {**sensor["spec"], "triggers": []}}
    found, refused = read_sensors(file(tmp_path, source, broken, sensor))
    assert [each.name for _, each in found] == ["wine-inbox"]
    assert len(refused) == 1
    assert "Sensor broken" in str(refused[0])
