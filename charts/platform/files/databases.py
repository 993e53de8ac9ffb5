"""A role and a database for each of the platform's programs, owned by it and closed to the others; and roles without
one, which another lets in and whose tables' owner says what they may read. May be repeated.

In the environment: POSTGRES_HOST, POSTGRES_PORT, POSTGRES_USER, POSTGRES_PASSWORD; in /passwords a file for each role.
"""

import os
import time
from pathlib import Path

import psycopg2
from psycopg2 import sql

PATIENCE = 300
GUESTS = {
    "serving": "pipeline",
    "page": "pipeline",
    "features_reader": "features",
}  # whose database a role without its own may enter
READS_ALL = {"features_reader", "page"}  # guests that may read whatever tables are made there


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


def let_in(role: str, password: str) -> None:
    """The role with that password."""
    with connection("postgres").cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        verb = sql.SQL("ALTER" if cursor.fetchone() else "CREATE")
        words = sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, sql.Identifier(role), sql.Literal(password))
        cursor.execute(words)


def own(role: str) -> None:
    """The role's database, of the same name."""
    name = sql.Identifier(role)
    with connection("postgres").cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [role])
        if not cursor.fetchone():
            cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
        cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    print(f"database {role}: ready")


def visit(role: str, database: str) -> None:
    """The role enters another's database."""
    owner, guest = sql.Identifier(database), sql.Identifier(role)
    with connection(database).cursor() as cursor:
        cursor.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(owner, guest))
        if role in READS_ALL:
            made = sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT SELECT ON TABLES TO {}")
            cursor.execute(made.format(owner, guest))
            cursor.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(guest))
    print(f"role {role}: ready")


roles = [path for path in sorted(Path("/passwords").iterdir()) if path.is_file()]
for path in roles:
    let_in(path.name, path.read_text())
    if path.name not in GUESTS:
        own(path.name)
for role, database in GUESTS.items():
    if any(path.name == role for path in roles):
        visit(role, database)
