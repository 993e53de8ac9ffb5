"""A project's EventBus, EventSource and Sensor. All projects of a namespace share one bus; each folder holds the same
bytes of it, so that a folder can be applied alone."""

from collections.abc import Iterator
from typing import Any

import yaml

from pipeline.events import writing
from pipeline.events.models import EventSource, SecretKey, Sensor
from pipeline.project import TableProject


def rendered(project: TableProject) -> dict[str, str]:
    """The text of each manifest, by file name."""
    return {
        f"{each['metadata']['name']}-{each['kind'].lower()}.yaml": yaml.dump(
            each, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=1000
        )
        for each in _objects(project)
    }


def source(project: TableProject) -> EventSource:
    """Announces what is written below `<project>/new/` of the inbox."""
    return EventSource(
        name=f"{project.name}-inbox",
        project=project.name,
        event="upload",
        endpoint="minio:9000",
        bucket="inbox",
        prefix=f"{project.name}/new/",
        suffix="",
        events=("s3:ObjectCreated:*",),
        access_key=SecretKey("object-store-events", "AWS_ACCESS_KEY_ID"),
        secret_key=SecretKey("object-store-events", "AWS_SECRET_ACCESS_KEY"),
    )


def sensor(project: TableProject) -> Sensor:
    """Starts `<project>-ingest` for each notification."""
    from_ = source(project)
    return Sensor(
        name=from_.name,
        project=project.name,
        source=from_.name,
        event=from_.event,
        generate_name=f"{project.name}-ingest-",
        workflow=f"{project.name}-ingest",
        parameter="records",
    )


def _objects(project: TableProject) -> Iterator[dict[str, Any]]:
    yield writing.event_bus()
    yield writing.event_source(source(project))
    yield writing.sensor(sensor(project))
