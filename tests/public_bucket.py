"""A bucket as public archives are: anyone may list it and read it over plain HTTP."""

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def open_to_all(client: "S3Client", bucket: str) -> None:
    """Make it one; survives restarts of the store."""
    anyone = {"Effect": "Allow", "Principal": {"AWS": ["*"]}}
    statements = [
        {**anyone, "Action": ["s3:GetObject"], "Resource": [f"arn:aws:s3:::{bucket}/*"]},
        {**anyone, "Action": ["s3:ListBucket"], "Resource": [f"arn:aws:s3:::{bucket}"]},
    ]
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
