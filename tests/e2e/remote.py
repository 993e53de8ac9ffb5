"""What is in the platform's store and database, as an administrator sees it from this machine."""

import base64
import contextlib
import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import psycopg2
from mypy_boto3_s3 import S3Client

from pipeline.cluster.kube import Cluster
from pipeline.stack.object_store import connect
from tests.e2e.forwarding import forwarded
from tests.e2e.workflows import Ended


class Remote:
    """The platform, entered by forwarded ports."""

    def __init__(self, cluster: Cluster, store: S3Client, settings: dict[str, str], database: str) -> None:
        self.cluster, self.store, self.settings, self._database = cluster, store, settings, database
        self.database_url = database.replace("postgresql://", "postgresql+psycopg2://")

    @staticmethod
    @contextlib.contextmanager
    def entered(cluster: Cluster) -> Iterator["Remote"]:
        root, postgres = secret(cluster, "minio-root"), secret(cluster, "postgres")
        with forwarded(cluster, "service/minio", 9000) as minio, forwarded(cluster, "service/postgres", 5432) as there:
            settings = {
                "AWS_ENDPOINT_URL_S3": f"http://{minio}",
                "AWS_ACCESS_KEY_ID": root["MINIO_ROOT_USER"],
                "AWS_SECRET_ACCESS_KEY": root["MINIO_ROOT_PASSWORD"],
                "AWS_DEFAULT_REGION": "us-east-1",
            }
            user, password = postgres["POSTGRES_USER"], postgres["POSTGRES_PASSWORD"]
            yield Remote(cluster, connect(settings), settings, f"postgresql://{user}:{password}@{there}/pipeline")

    def summary(self, ended: Ended, node: str) -> dict[str, Any]:
        """What a step of the workflow says of its work: its artifact `summary`."""
        found: dict[str, Any] = json.loads(self.artifact(ended.node(node), "summary"))
        return found

    def artifact(self, node: dict[str, Any], name: str) -> bytes:
        """The one file in that artifact of a node."""
        key = next(each["s3"]["key"] for each in node["outputs"]["artifacts"] if each["name"] == name)
        body = self.store.get_object(Bucket="artifacts", Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as packed:
            file = packed.extractfile(packed.getmembers()[0])
            assert file is not None
            return file.read()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database answers."""
        with contextlib.closing(psycopg2.connect(self._database)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()


def secret(cluster: Cluster, name: str) -> dict[str, str]:
    """The values of a Secret."""
    (found,) = cluster.get("secret", name)
    return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}
