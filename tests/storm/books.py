"""What must hold after a storm: everybody who keeps books says the same of each file, here and on a cluster."""

import sqlalchemy as sa

from pipeline.projects import find
from steps.backends import history, ledger, objects, promotions, trainings
from steps.backends.database import begin
from steps.contract import declaration
from steps.tables import File, examine, history_rows
from tests.storm.files import Fallen


def books(project: str, files: list[Fallen]) -> tuple[list[tuple[str, str]], int]:
    """That ledger, buckets, history, trainings and decisions agree; what is to be told of them, and the version that
    each promotion made."""
    inbox = objects.inbox()
    with begin() as connection:
        rows = {row.name: row for row in ledger.recent(connection, project, 1000)}
        entries = history.entries(connection, project)
        trained = _of(connection, trainings.trainings, project)
        decisions = _of(connection, promotions.promotions, project)
        live = promotions.champion(connection, project)
    assert list(inbox.list(f"{project}/new/")) == []
    assert sorted(rows) == sorted(file.name for file in files)
    declared, wanted = declaration.parse_table(find(project).declaration()), set[str]()
    for file in files:
        row = rows[file.name]
        assert row.state in ({"quarantined"} if file.bad else {"done", "known"}), (file.name, row.state, row.reason)
        assert inbox.get(str(row.place)) == file.body
        if not file.bad:
            wanted |= set(examine([File("", file.name, file.body)], declared).verdicts[0].rows["row"])
    frame, head = history_rows.load(objects.lake(), project)
    assert sorted(frame["row"]) == sorted(wanted), "each row once"
    assert head == entries[-1] and head.total == len(wanted)
    kept = [one.key for folder in ("old", "quarantine") for one in inbox.list(f"{project}/{folder}/")]
    assert {key for key in kept if key.count("/") > 3} == {row.place for row in rows.values()}
    done = [one for one in trained if one["state"] == "done"]
    assert len(done) == len(decisions) == len({one["fingerprint"] for one in decisions})
    promoted = [one for one in decisions if one["promoted"]]
    assert live is not None and live.decision == max(one["decision"] for one in promoted)
    told = [
        (
            "rows in the history",
            f"{len(wanted):,}, each once, in entries: {len(entries)}",
        ),
        ("trainings", f"{len(done)} of {len(entries)} states, {len(promoted)} promoted"),
    ]
    return told, len(promoted)


def _of(connection: sa.Connection, table: sa.Table, project: str) -> list[sa.RowMapping]:
    return list(connection.execute(table.select().where(table.c.project == project)).mappings())
