"""The settings that a step reads from its environment: where the servers are, and the credentials for them.

| variable | what |
|---|---|
| AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION | the object store |
| LAKE_BUCKET, ARTIFACTS_BUCKET | its buckets; by default `lake` and `artifacts` |
| MLFLOW_TRACKING_URI | the tracking server |
| DATABASE_URL | SQLAlchemy's URL of the database: SQLite or PostgreSQL |
| OPENAQ_API_KEY, OPENAQ_API_URL | the key of OpenAQ's API, for the source `api`; its address, if not the default |
| FEATURES_DATABASE_URL, FEATURES_HOME, FEATURES_PYTHON | where Feast keeps its registry and the newest rows: a database, or else a folder; the Python that it is in, if another |
| NOTIFY_URL | a webhook that is told of alarms, if any |

No manifest contains a value: on a cluster they come from Secrets and ConfigMaps, on a laptop from a private file.
"""  # noqa: E501

import os

from steps.errors import BadInput


def setting(name: str, default: str | None = None) -> str:
    """The value of one variable.

    Raises:
        BadInput: it is not set and has no default.
    """
    value = os.environ.get(name) or default
    if value is None:
        raise BadInput(f"the setting {name} is not in the environment; this step needs it (see steps/settings.py)")
    return value
