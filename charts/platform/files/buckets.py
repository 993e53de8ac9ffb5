"""The buckets of the object store, what is kept in them for how long, and users who may do as little as they need.

In the environment: ENDPOINT (host:port), SECURE, REGION, MINIO_ROOT_USER, MINIO_ROOT_PASSWORD, WORKFLOW_DAYS,
INBOX_VERSION_DAYS; in /passwords a file for each user. May be repeated.
"""

import os
import time
from pathlib import Path

import urllib3
from minio import Minio, MinioAdmin
from minio.commonconfig import ENABLED, Filter
from minio.credentials import StaticProvider
from minio.error import S3Error
from minio.lifecycleconfig import Expiration, LifecycleConfig, NoncurrentVersionExpiration, Rule
from minio.versioningconfig import VersioningConfig

BUCKETS = ("inbox", "lake", "artifacts", "backups")
PATIENCE = 300
READ = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketVersioning"]
WRITE = [
    "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion",
    "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
]  # fmt: skip


def allow(actions: list[str], *resources: str) -> dict[str, object]:
    return {"Effect": "Allow", "Action": actions, "Resource": [f"arn:aws:s3:::{each}" for each in resources]}


POLICIES = {
    # drops files, and cannot even look at what lies there
    "uploader": [allow(["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"], "inbox/*/new/*")],
    # the steps; of backups it knows nothing
    "pipeline": [
        allow(READ, "inbox", "lake", "artifacts"),
        allow(WRITE, "inbox/*", "lake/*", "artifacts/*"),
    ],
    # the model servers: read models, add what was asked of them, and read nothing of that back
    "serving": [
        allow(["s3:GetBucketLocation", "s3:ListBucket"], "artifacts"),
        allow(["s3:GetObject"], "artifacts/*"),
        allow(["s3:PutObject"], "lake/*/requests/*"),
    ],
    # removes what can be made or fetched again: nothing of what was dropped, accepted, decided or refused
    "tidier": [
        allow(["s3:GetBucketLocation", "s3:ListBucket"], "lake", "artifacts"),
        allow(["s3:GetObject"], "lake/*", "artifacts/*"),
        allow(
            ["s3:DeleteObject"],
            *(f"lake/{kind}/*" for kind in ("cache", "*/raw", "*/features", "*/datasets", "*/history/upto")),
            *(f"artifacts/{kind}/*" for kind in ("mlflow", "*/models", "notebooks")),
        ),
    ],
    # hears of uploads, reads none
    "events": [allow(["s3:GetBucketLocation", "s3:ListBucket", "s3:ListenBucketNotification"], "inbox")],
    "backup": [
        allow(["s3:GetBucketLocation", "s3:ListBucket"], "backups"),
        allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "backups/*"),
    ],
}


def main() -> None:
    endpoint, secure, region = os.environ["ENDPOINT"], os.environ["SECURE"] == "true", os.environ["REGION"]
    user, password = os.environ["MINIO_ROOT_USER"], os.environ["MINIO_ROOT_PASSWORD"]
    client = Minio(endpoint, user, password, secure=secure, region=region)
    await_store(client)
    for bucket in BUCKETS:
        if not client.bucket_exists(bucket):
            client.make_bucket(bucket, region)
        print(f"bucket {bucket}: ready")
    client.set_bucket_versioning("inbox", VersioningConfig(ENABLED))
    client.set_bucket_lifecycle("inbox", replaced_go(int(os.environ["INBOX_VERSION_DAYS"])))
    client.set_bucket_lifecycle("artifacts", workflows_go(int(os.environ["WORKFLOW_DAYS"])))

    admin = MinioAdmin(endpoint=endpoint, credentials=StaticProvider(user, password), region=region, secure=secure)
    for name, statements in POLICIES.items():
        admin.policy_add(name, policy={"Version": "2012-10-17", "Statement": statements})
        admin.user_add(name, Path("/passwords", name).read_text())
        admin.policy_set(name, user=name)
        print(f"user {name}: ready")


def await_store(client: Minio) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            client.list_buckets()
            return
        except (S3Error, urllib3.exceptions.HTTPError):
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def replaced_go(days: int) -> LifecycleConfig:
    """Versions that were replaced or deleted are kept so long."""
    rule = Rule(
        ENABLED,
        rule_id="replaced",
        rule_filter=Filter(prefix=""),
        expiration=Expiration(expired_object_delete_marker=True),
        noncurrent_version_expiration=NoncurrentVersionExpiration(noncurrent_days=days),
    )
    return LifecycleConfig([rule])


def workflows_go(days: int) -> LifecycleConfig:
    """Logs and artifacts of workflows are kept so long; models lie elsewhere and stay."""
    rule = Rule(ENABLED, rule_id="workflows", rule_filter=Filter(prefix="workflows/"), expiration=Expiration(days=days))
    return LifecycleConfig([rule])


main()
