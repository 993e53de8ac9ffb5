"""Take dumps of the database to the bucket `backups`, or bring one back: `backups.py put|get FOLDER`.

`put` stores every file of the folder under this moment's name, and removes all but the newest KEEP; `get` fetches the
one that BACKUP names, or the newest.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import boto3

BUCKET = "backups"


def names(client: "boto3.client") -> list[str]:
    """What was backed up, the oldest first."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Delimiter="/")
    return sorted(each["Prefix"].rstrip("/") for page in pages for each in page.get("CommonPrefixes", []))


def keys(client: "boto3.client", name: str) -> list[str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{name}/")
    return [each["Key"] for page in pages for each in page.get("Contents", [])]


def put(client: "boto3.client", folder: Path) -> None:
    name = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    for path in sorted(folder.iterdir()):
        client.upload_file(str(path), BUCKET, f"{name}/{path.name}")
        print(f"{name}/{path.name}: {path.stat().st_size:,} bytes")
    for old in names(client)[: -int(os.environ["KEEP"])]:
        for key in keys(client, old):
            client.delete_object(Bucket=BUCKET, Key=key)
        print(f"{old}: removed")


def get(client: "boto3.client", folder: Path) -> None:
    there = names(client)
    name = os.environ.get("BACKUP") or (there[-1] if there else "")
    if name not in there:
        sys.exit(f"there is no backup {name!r}; there are: {', '.join(there) or 'none'}")
    for key in keys(client, name):
        client.download_file(BUCKET, key, str(folder / Path(key).name))
        print(key)


{"put": put, "get": get}[sys.argv[1]](boto3.client("s3"), Path(sys.argv[2]))
