"""Objects of a store, to and from files: one object is a file, all below a prefix are a folder."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import PipelineError
from pipeline.stack.object_store import make_bucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def download(client: "S3Client", bucket: str, key: str, target: Path) -> None:
    """An object to the file `target`; where there is none of that key, all below it to a folder.

    Raises:
        PipelineError: there is neither, or the store does not let them be read.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - 0.3 s that only objects cost

    try:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
        keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
        if key in keys:
            client.download_file(bucket, key, str(target))
            return
        below = [each for each in keys if each.startswith(f"{key.rstrip('/')}/")]
        for each in below:
            file = target / each.removeprefix(key).lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            client.download_file(bucket, each, str(file))
    except (ClientError, BotoCoreError) as error:
        raise PipelineError(f"s3://{bucket}/{key} cannot be read: {error}") from None
    if not below:
        raise PipelineError(f"there is no object s3://{bucket}/{key}")


def upload(client: "S3Client", bucket: str, key: str, source: Path) -> None:
    """A file as an object, a folder as objects below the key. The bucket is made where there is none.

    Raises:
        PipelineError: the store does not let it be written.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - likewise

    make_bucket(client, bucket)
    try:
        if source.is_file():
            client.upload_file(str(source), bucket, key)
            return
        for file in sorted(each for each in source.rglob("*") if each.is_file()):
            client.upload_file(str(file), bucket, f"{key.rstrip('/')}/{file.relative_to(source).as_posix()}")
    except (ClientError, BotoCoreError) as error:
        raise PipelineError(f"s3://{bucket}/{key} cannot be written: {error}") from None
