"""Runs in a pod, with a step's environment: prints a line of JSON for each check.

The store must really deliver a notification: the check listens, writes, and waits for it. Some builds never deliver one
(https://github.com/minio/minio/issues/21651).
"""

import json
import os
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
import requests
import sqlalchemy as sa
from minio import Minio

PATIENCE = 20.0
SKEW = 60.0  # leases are by the database's clock; a signature of S3 tolerates 15 minutes
store = boto3.client("s3")


def buckets() -> str:
    for bucket in ("inbox", "lake", "artifacts"):
        store.head_bucket(Bucket=bucket)
    versions = store.get_bucket_versioning(Bucket="inbox").get("Status") == "Enabled"
    return "inbox, lake and artifacts" + ("" if versions else "; inbox keeps no versions: overwritten files are lost")


def notification() -> str:
    address = urlsplit(os.environ["AWS_ENDPOINT_URL_S3"])
    client = Minio(
        address.netloc,
        os.environ["EVENTS_ACCESS_KEY_ID"],
        os.environ["EVENTS_SECRET_ACCESS_KEY"],
        secure=address.scheme == "https",
    )
    key, heard = f"pipeline-doctor/new/{uuid4().hex}", threading.Event()

    def listen() -> None:
        for _ in client.listen_bucket_notification("inbox", prefix=key, events=("s3:ObjectCreated:*",)):
            heard.set()
            return

    threading.Thread(target=listen, daemon=True).start()
    began = time.monotonic()
    try:
        while not heard.is_set() and time.monotonic() < began + PATIENCE:
            store.put_object(Bucket="inbox", Key=key, Body=b"")  # repeated: nothing tells when the listener is there
            heard.wait(1)
    finally:
        for each in store.list_object_versions(Bucket="inbox", Prefix=key).get("Versions", []):
            store.delete_object(Bucket="inbox", Key=key, VersionId=each["VersionId"])
    if not heard.is_set():
        raise RuntimeError(f"nothing was heard of a put in {PATIENCE:.0f} s; use an S3 with MinIO's listen API")
    return f"heard {time.monotonic() - began:.1f} s after the put"


def database() -> str:
    with sa.create_engine(os.environ["DATABASE_URL"]).connect() as connection:
        version = connection.execute(sa.text("SELECT version()")).scalar_one()
    return str(version).partition(" on ")[0]


def clock() -> str:
    with sa.create_engine(os.environ["DATABASE_URL"]).connect() as connection:
        theirs = float(connection.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
    apart = abs(theirs - time.time())
    if apart > SKEW:
        raise RuntimeError(f"the node and the database differ by {apart:.0f} s; wanted less than {SKEW:.0f}: fix NTP")
    return f"node and database differ by {apart:.1f} s"


def tracking() -> str:
    address = os.environ["MLFLOW_TRACKING_URI"]
    requests.get(f"{address}/health", timeout=10).raise_for_status()
    return f"{address} answers"


def report(name: str, check: Callable[[], str]) -> None:
    try:
        found = {"name": name, "ok": True, "words": check()}
    except Exception as error:  # any error is the finding
        found = {"name": name, "ok": False, "words": (str(error).strip().splitlines() or [repr(error)])[0]}
    print(json.dumps(found))


if __name__ == "__main__":
    report("buckets", buckets)
    report("notifications", notification)
    report("database", database)
    report("clock", clock)
    report("tracking", tracking)
