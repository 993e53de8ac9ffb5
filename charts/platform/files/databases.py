"""A role and a database for each of the platform's programs, owned by it and closed to the others. May be repeated.

In the environment: POSTGRES_HOST, POSTGRES_PORT, POSTGRES_USER, POSTGRES_PASSWORD; in /passwords a file for each role.
"""

import os
import time
from pathlib import Path

import psycopg2
from psycopg2 import sql

PATIENCE = 300


def connection(database: str) -> "psycopg2.extensions.connection":
    """An administrator's connection, once the server is there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            found = psycopg2.connect(
                host=os.environ["POSTGRES_HOST"],
                port=os.environ["POSTGRES_PORT"],
                user=os.environ["POSTGRES_USER"],
                password=os.environ["POSTGRES_PASSWORD"],
                dbname=database,
                connect_timeout=5,
            )
        except psycopg2.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
        else:
            found.autocommit = True
            return found


def ensure(role: str, password: str) -> None:
    """The role with that password, and its database of the same name."""
    name = sql.Identifier(role)
    with connection("postgres").cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        verb = "ALTER" if cursor.fetchone() else "CREATE"
        cursor.execute(sql.SQL(f"{verb} ROLE {{}} LOGIN PASSWORD {{}}").format(name, sql.Literal(password)))
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [role])
        if not cursor.fetchone():
            cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
        cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    print(f"database {role}: ready")


for path in sorted(Path("/passwords").iterdir()):
    if path.is_file():
        ensure(path.name, path.read_text())
