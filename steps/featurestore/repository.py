"""A project's definitions as Feast's objects, and the repository that they are in. Runs where Feast is.

On a laptop registry and online store are files below FEATURES_HOME, which is a repository that `feast` and
`FeatureStore(repo_path=…)` take; on a cluster both are in PostgreSQL (FEATURES_DATABASE_URL).
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from steps.errors import BadInput, StepError
from steps.featurestore.definitions import Definitions
from steps.settings import setting

if TYPE_CHECKING:
    from feast import FeatureStore


def folder(project: str) -> Path:
    """The repository of the project."""
    return Path(setting("FEATURES_HOME", "/work/features")) / project


def config(project: str) -> dict[str, Any]:
    """What `feature_store.yaml` holds."""
    url = setting("FEATURES_DATABASE_URL", "")
    stores: dict[str, Any] = {
        "registry": str(folder(project) / "registry.db"),
        "online_store": {"type": "sqlite", "path": str(folder(project) / "online.db")},
    }
    if url:
        stores = {"registry": {"registry_type": "sql", "path": _psycopg(url)}, "online_store": _postgres(url)}
    return {
        "project": project.replace("-", "_"),
        "provider": "local",
        "offline_store": {"type": "duckdb"},
        "entity_key_serialization_version": 3,
        **stores,
    }


def opened(project: str) -> "FeatureStore":
    """The project's store; its `feature_store.yaml` is written where it is not as it should be. It may name a password,
    so that only its owner can read it."""
    from feast import FeatureStore  # noqa: PLC0415 - slow to import

    place = folder(project)
    place.mkdir(parents=True, exist_ok=True)
    file, text = place / "feature_store.yaml", json.dumps(config(project), indent=1)  # JSON is YAML
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        part = file.with_suffix(".part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write(text)
        part.replace(file)
    return FeatureStore(repo_path=str(place))


def begun(project: str) -> bool:
    """Whether a run has made the project's registry."""
    if url := setting("FEATURES_DATABASE_URL", ""):
        import sqlalchemy as sa  # noqa: PLC0415 - not needed where the registry is a file

        engine = sa.create_engine(_psycopg(url), poolclass=sa.NullPool)
        return sa.inspect(engine).has_table("feature_views")
    return (folder(project) / "registry.db").exists()


@contextmanager
def in_a_line(project: str) -> Iterator[None]:
    """What Feast and its libraries raise, which has no common kind, in one line.

    Raises:
        StepError: always in place of another error.
    """
    try:
        yield
    except StepError:
        raise
    except Exception as error:
        words = (str(error).strip().splitlines() or [type(error).__name__])[0]
        remedy = f"if its registry is of another version, remove {folder(project)} and run again"
        raise StepError(f"Feast did not take it: {words:.300}; {remedy}") from error


def objects_of(told: Definitions, files: Path) -> list[Any]:
    """The entity, the view over `files` and the services."""
    from feast import Entity, FeatureService, FeatureView, Field, FileSource  # noqa: PLC0415
    from feast.types import Float32, Int64  # noqa: PLC0415
    from feast.value_type import ValueType  # noqa: PLC0415

    location = Entity(name="location", value_type=ValueType.INT64, description="OpenAQ's id of a location")
    about = told.view
    source = FileSource(name=f"{about.name}_files", path=f"{files}/*.parquet", timestamp_field="time")
    view = FeatureView(
        name=about.name,
        entities=[location],
        ttl=timedelta(hours=told.hours),
        schema=[Field(name="location", dtype=Int64), *(Field(name=name, dtype=Float32) for name in about.features)],
        source=source,
        online=True,
        description=f"{told.title}: what was known of {about.parameter} at the end of each hour (UTC)",
        tags={"parameter": about.parameter, "unit": about.unit},
    )
    services = [
        FeatureService(
            name=one.name,
            features=[view[list(one.features)]],
            description=f"what version {one.version} was fitted with, location apart, which is the key",
            tags={"version": str(one.version)} | ({"lacks": ", ".join(one.lacks)} if one.lacks else {}),
        )
        for one in told.services
        if one.features
    ]
    return [location, source, view, *services]


def _psycopg(url: str) -> str:
    """The address as SQLAlchemy takes it with Feast's driver."""
    scheme, _, rest = url.partition("://")
    if not scheme.startswith("postgresql"):
        raise BadInput(f"FEATURES_DATABASE_URL names {scheme!r:.20}; wanted postgresql://…")
    return f"postgresql+psycopg://{rest}"


def _postgres(url: str) -> dict[str, Any]:
    parts = urlsplit(_psycopg(url))
    return {
        "type": "postgres",
        "host": parts.hostname or "",
        "port": parts.port or 5432,
        "database": parts.path.lstrip("/"),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "sslmode": "prefer",  # Feast's own default refuses a server without TLS
    }
