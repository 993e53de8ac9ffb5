"""Whether a step finds what it needs: buckets, database, tracking server; and nothing that it must not have."""

import os
import sys

import boto3
import requests
import sqlalchemy as sa
from botocore.exceptions import ClientError

KEY = "platform-test/new/hello"


def buckets() -> str:
    client = boto3.client("s3")
    for bucket in ("inbox", "lake", "artifacts"):
        client.put_object(Bucket=bucket, Key=KEY, Body=b"hello")
        client.delete_object(Bucket=bucket, Key=KEY)
    return "a step may write inbox, lake and artifacts"


def closed() -> str:
    try:
        boto3.client("s3").list_objects_v2(Bucket="backups")
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDenied":
            return "a step may not look at backups"
    raise AssertionError("a step may look at backups")


def versions() -> str:
    if boto3.client("s3").get_bucket_versioning(Bucket="inbox").get("Status") != "Enabled":
        raise AssertionError("inbox has no versions; files that are overwritten before they are read are lost")
    return "inbox keeps versions"


def database() -> str:
    with sa.create_engine(os.environ["DATABASE_URL"]).begin() as connection:
        connection.execute(sa.text("CREATE TEMPORARY TABLE hello (x int)"))
    return "a step may make tables in its database"


def tracking() -> str:
    requests.get(f"{os.environ['MLFLOW_TRACKING_URI']}/health", timeout=10).raise_for_status()
    return "the tracking server answers"


def main() -> None:
    failed = False
    for check in (buckets, closed, versions, database, tracking):
        try:
            print(f"ok      {check()}")
        except Exception as error:
            failed = True
            print(f"FAILED  {check.__name__}: {error}")
    sys.exit(failed)


main()
