"""What the platform's pods run, as far as no cluster is needed: on a real PostgreSQL and a real store, and for users,
policies and versions, which the embedded store does not have, on a fake MinIO."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

from pipeline.stack.object_store import connect, make_bucket
from tests.cluster.fake_minio import FakeMinio
from tests.cluster.fake_minio import serving as fake_minio
from tests.cluster.platform_scripts import FILES, run
from tests.conftest import RunningStore
from tests.postgres import new_database
from tests.steps.support.web_servers import Answer, serving

ROLES = {"one_role": "p'w", "other_role": "w"}


@pytest.fixture
def passwords(tmp_path: Path) -> Path:
    folder = tmp_path / "passwords"
    folder.mkdir()
    return folder


@pytest.fixture
def roles(postgres: str, passwords: Path) -> Iterator[dict[str, str]]:
    """The settings of databases.py, and two roles to be made, which are gone at the end."""
    for role, password in ROLES.items():
        (passwords / role).write_text(password)
    parts = urlsplit(postgres)
    yield {
        "POSTGRES_HOST": str(parts.hostname),
        "POSTGRES_PORT": str(parts.port),
        "POSTGRES_USER": str(parts.username),
        "POSTGRES_PASSWORD": "x",
    }
    for role in ROLES:
        told(postgres, f"DROP DATABASE IF EXISTS {role}")
        told(postgres, f"DROP ROLE IF EXISTS {role}")


def told(address: str, statement: str, database: str = "postgres", role: str = "pipeline") -> list[tuple[object, ...]]:
    connection = psycopg2.connect(address.replace("+psycopg2", "").replace("pipeline@", f"{role}@") + database)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def test_each_program_has_a_database_that_is_closed_to_the_others(
    postgres: str, roles: dict[str, str], passwords: Path
) -> None:
    done = run("databases.py", environment=roles, passwords=passwords)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "database one_role: ready\ndatabase other_role: ready\n"
    told(postgres, "CREATE TABLE mine (x int)", "one_role", "one_role")
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        told(postgres, "SELECT 1", "one_role", "other_role")


def test_databases_may_be_set_up_again_with_another_password(
    postgres: str, roles: dict[str, str], passwords: Path
) -> None:
    stored = "SELECT rolpassword FROM pg_authid WHERE rolname = 'one_role'"
    assert run("databases.py", environment=roles, passwords=passwords).returncode == 0
    (before,) = told(postgres, stored)
    told(postgres, "CREATE TABLE mine (x int)", "one_role", "one_role")
    (passwords / "one_role").write_text("another")
    assert run("databases.py", environment=roles, passwords=passwords).returncode == 0
    assert told(postgres, stored) != [before]
    assert told(postgres, "SELECT count(*) FROM mine", "one_role", "one_role") == [(0,)]


GUESTS = {"serving": "pipeline", "page": "pipeline", "features_reader": "features"}


@pytest.fixture
def guests(postgres: str, roles: dict[str, str], passwords: Path) -> Iterator[dict[str, str]]:
    """The settings, with the roles that have no database of their own, and with those whose guests they are."""
    for role in (*GUESTS, *GUESTS.values()):
        (passwords / role).write_text("x")
    yield roles
    for role in GUESTS.values():
        told(postgres, f"DROP DATABASE IF EXISTS {role}")
    for role in (*GUESTS, "features"):  # the server's own user is named pipeline
        told(postgres, f"DROP ROLE IF EXISTS {role}")


@pytest.mark.parametrize("guest", GUESTS)
def test_a_guest_enters_one_database_and_changes_nothing_there(
    guest: str, postgres: str, guests: dict[str, str], passwords: Path
) -> None:
    for _ in range(2):
        done = run("databases.py", environment=guests, passwords=passwords)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.endswith("role serving: ready\nrole page: ready\nrole features_reader: ready\n")
    host = GUESTS[guest]
    told(postgres, "CREATE TABLE theirs (x int)", host, host)
    for statement in ("CREATE TABLE mine (x int)", "DELETE FROM theirs"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            told(postgres, statement, host, guest)
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        told(postgres, "SELECT 1", "one_role", guest)
    if guest in ("features_reader", "page"):
        assert told(postgres, "SELECT count(*) FROM theirs", host, guest) == [(0,)]
        return
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        told(postgres, "SELECT count(*) FROM theirs", host, guest)


def test_the_tracking_server_waits_until_its_database_lets_it_in(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run("await_database.py", environment={"MLFLOW_BACKEND_STORE_URI": new_database(postgres)})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_database_that_lets_nobody_in_is_told_after_five_minutes(postgres: str) -> None:
    """Its clock is moved, so that the test need not wait."""
    hurried = (
        "import time, itertools; ticks = itertools.count(0, 100); time.monotonic = lambda: next(ticks);"
        f"time.sleep = lambda _: None; exec(open({str(FILES / 'await_database.py')!r}).read())"
    )
    done = run_text(hurried, {"MLFLOW_BACKEND_STORE_URI": f"{postgres}nosuch"})
    assert done.returncode == 1
    assert done.stderr.startswith("the database lets nobody in: ")
    assert 'database "nosuch" does not exist; see the logs of the Job platform-setup' in done.stderr


def run_text(text: str, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", text], env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


@pytest.fixture
def backups(object_store: RunningStore) -> Iterator[dict[str, str]]:
    """The settings of backups.py, and an empty bucket `backups` in a real store."""
    client = connect(object_store.settings)
    make_bucket(client, "backups")
    yield {**object_store.settings, "KEEP": "2"}
    for each in client.list_objects_v2(Bucket="backups").get("Contents", []):
        client.delete_object(Bucket="backups", Key=each["Key"])


def test_dumps_are_kept_by_their_time_and_only_the_newest(backups: dict[str, str], tmp_path: Path) -> None:
    client = connect(backups)
    for name in ("2020-01-01T03-30-00Z", "2020-01-02T03-30-00Z"):
        client.put_object(Bucket="backups", Key=f"{name}/pipeline.dump", Body=name.encode())
    (tmp_path / "pipeline.dump").write_bytes(b"x" * 1234)
    (tmp_path / "mlflow.dump").write_bytes(b"")

    done = run("backups.py", "put", str(tmp_path), environment=backups)
    assert (done.returncode, done.stderr) == (0, "")
    *stored, removed = done.stdout.splitlines()
    assert [re.sub(r"^20[\dTZ-]+/", "", line) for line in stored] == [
        "mlflow.dump: 0 bytes",
        "pipeline.dump: 1,234 bytes",
    ]
    assert removed == "2020-01-01T03-30-00Z: removed"
    keys = [each["Key"] for each in client.list_objects_v2(Bucket="backups")["Contents"]]
    assert sorted({key.partition("/")[0] for key in keys})[0] == "2020-01-02T03-30-00Z"
    assert len(keys) == 3


def test_the_newest_comes_back_or_the_one_that_is_named(backups: dict[str, str], tmp_path: Path) -> None:
    client = connect(backups)
    for name in ("2020-01-01T03-30-00Z", "2020-01-02T03-30-00Z"):
        client.put_object(Bucket="backups", Key=f"{name}/pipeline.dump", Body=name.encode())
    for wish, wanted in (({}, "2020-01-02T03-30-00Z"), ({"BACKUP": "2020-01-01T03-30-00Z"}, "2020-01-01T03-30-00Z")):
        done = run("backups.py", "get", str(tmp_path), environment=backups | wish)
        assert done.stdout == f"{wanted}/pipeline.dump\n", done.stderr
        assert (tmp_path / "pipeline.dump").read_text() == wanted


def test_a_backup_that_there_is_not_is_one_line(backups: dict[str, str], tmp_path: Path) -> None:
    done = run("backups.py", "get", str(tmp_path), environment=backups)
    assert (done.returncode, done.stderr) == (1, "there is no backup ''; there are: none\n")
    connect(backups).put_object(Bucket="backups", Key="2020-01-01T03-30-00Z/pipeline.dump", Body=b"")
    done = run("backups.py", "get", str(tmp_path), environment=backups | {"BACKUP": "yesterday"})
    assert (done.returncode, done.stderr) == (1, "there is no backup 'yesterday'; there are: 2020-01-01T03-30-00Z\n")


def test_the_platforms_own_check_tells_each_thing_and_fails_where_one_does(
    object_store: RunningStore, backups: dict[str, str], postgres: str
) -> None:
    """The embedded store has one user and no versions, so two of the checks must fail here."""
    with serving(lambda path, _query: Answer(200 if path == "/health" else 404)) as tracking:
        settings = {**object_store.settings, "DATABASE_URL": new_database(postgres), "MLFLOW_TRACKING_URI": tracking}
        done = run("check.py", environment=settings)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "ok      a step may write inbox, lake and artifacts"
    assert lines[1] == "FAILED  closed: a step may look at backups"
    assert lines[2].startswith("FAILED  versions: ")
    assert lines[3:] == ["ok      a step may make tables in its database", "ok      the tracking server answers"]


@pytest.fixture
def minio(passwords: Path) -> Iterator[FakeMinio]:
    for name in ("uploader", "pipeline", "serving", "tidier", "events", "backup"):
        (passwords / name).write_text(f"secret of {name}")
    with fake_minio(FakeMinio("root password")) as fake:
        yield fake


def set_up(minio: FakeMinio, passwords: Path) -> str:
    settings = {
        "ENDPOINT": minio.address, "SECURE": "false", "REGION": "us-east-1", "MINIO_ROOT_USER": "root",
        "MINIO_ROOT_PASSWORD": minio.password, "WORKFLOW_DAYS": "30", "INBOX_VERSION_DAYS": "7",
    }  # fmt: skip
    done = run("buckets.py", environment=settings, passwords=passwords)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_buckets_users_and_what_each_may_do(minio: FakeMinio, passwords: Path) -> None:
    minio.busy = 1
    assert set_up(minio, passwords).splitlines() == [
        *(f"bucket {name}: ready" for name in ("inbox", "lake", "artifacts", "backups")),
        *(f"user {name}: ready" for name in ("uploader", "pipeline", "serving", "tidier", "events", "backup")),
    ]
    assert minio.buckets == ["inbox", "lake", "artifacts", "backups"]
    assert "<Status>Enabled</Status>" in minio.settings["inbox versioning"]
    assert "<NoncurrentDays>7</NoncurrentDays>" in minio.settings["inbox lifecycle"]
    assert "<Days>30</Days>" in minio.settings["artifacts lifecycle"]
    assert minio.users == {name: f"secret of {name}" for name in minio.policies}
    assert minio.given == {name: name for name in minio.policies}


def actions(minio: FakeMinio, name: str) -> set[str]:
    return {action for each in minio.policies[name]["Statement"] for action in each["Action"]}


def test_nobody_may_do_more_than_needed(minio: FakeMinio, passwords: Path) -> None:
    set_up(minio, passwords)
    reads = {"s3:GetObject", "s3:GetObjectVersion"}
    assert not actions(minio, "uploader") & {*reads, "s3:ListBucket", "s3:DeleteObject"}
    assert not actions(minio, "events") & {*reads, "s3:PutObject", "s3:DeleteObject"}
    assert actions(minio, "serving") == {"s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject", "s3:PutObject"}
    [writes] = [each for each in minio.policies["serving"]["Statement"] if "s3:PutObject" in each["Action"]]
    assert (writes["Action"], writes["Resource"]) == (["s3:PutObject"], ["arn:aws:s3:::lake/*/requests/*"])
    [removes] = [each for each in minio.policies["tidier"]["Statement"] if "s3:DeleteObject" in each["Action"]]
    assert removes["Action"] == ["s3:DeleteObject"]
    assert not any(word in str(removes["Resource"]) for word in ("inbox", "rows", "quarantine", "lake/*'", "backups"))
    assert "s3:PutObject" not in actions(minio, "tidier")
    resources = {name: str(policy) for name, policy in minio.policies.items()}
    assert "backups" not in resources["pipeline"] + resources["uploader"] + resources["events"] + resources["serving"]
    assert not any("*" in action for name in minio.policies for action in actions(minio, name))


def test_it_may_be_repeated(minio: FakeMinio, passwords: Path) -> None:
    first = set_up(minio, passwords)
    assert set_up(minio, passwords) == first
    assert len(minio.buckets) == 4
