"""A real PostgreSQL of this machine, where one is installed."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest


def _programs() -> tuple[str, str] | None:
    """initdb and postgres, from the PATH or where Debian keeps them."""
    folders = [None, *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)]
    for folder in folders:
        initdb, postgres = shutil.which("initdb", path=folder), shutil.which("postgres", path=folder)
        if initdb and postgres:
            return initdb, postgres
    return None


@contextmanager
def running() -> Iterator[str]:
    """A PostgreSQL server's address (`postgresql+psycopg2://…/`, without a database), alive until the end.

    It refuses to run as root, so root starts it as `nobody`.
    """
    programs = _programs()
    if programs is None:
        pytest.skip("no initdb and postgres on the PATH or in /usr/lib/postgresql; PostgreSQL is not tested here")
    who: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="pg-") as home, socket.create_server(("127.0.0.1", 0)) as free:
        if who:
            shutil.chown(home, who["user"], who["group"])
        port = free.getsockname()[1]
        free.close()
        data = f"{home}/data"
        make = [programs[0], "-D", data, "-U", "pipeline", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"]
        subprocess.run(make, check=True, capture_output=True, cwd=home, **who)
        settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", f"port={port}"]
        serve = [programs[1], "-D", data, *(word for setting in settings for word in ("-c", setting))]
        with Path(home, "log").open("w") as log:
            server = subprocess.Popen(serve, stdout=log, stderr=log, cwd=home, **who)
            try:
                _await(server, port, Path(home, "log"))
                yield f"postgresql+psycopg2://pipeline@127.0.0.1:{port}/"
            finally:
                server.send_signal(signal.SIGINT)  # fast shutdown
                server.wait(20)


def _await(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg2.connect(host="127.0.0.1", port=port, user="pipeline", dbname="postgres").close()
            return
        except psycopg2.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"postgres did not start: {log.read_text()}")
            time.sleep(0.05)


def new_database(address: str) -> str:
    """An empty database on that server; its URL."""
    name = f"t{uuid.uuid4().hex}"
    connection = psycopg2.connect(address.replace("+psycopg2", "") + "postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    return address + name
