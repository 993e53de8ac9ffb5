"""/inbox: where dropped files are and why; one lets a file out of quarantine here, and drops files into the page."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

from starlette.responses import PlainTextResponse, Response

from pipeline.laptop.given import one_line_given
from pipeline.laptop.machine import user
from pipeline.project import TableProject
from pipeline.projects import every
from pipeline.serve.api.requests import Call
from pipeline.serve.pages.frame import dot, form, page
from pipeline.serve.pages.starting import started
from pipeline.serve.problems import invalid
from steps.pages.markup import Markup, tag
from steps.pages.parts import note, section, table
from steps.pages.words import shortened

if TYPE_CHECKING:
    from pipeline.inbox.listing import Dropped

_MOST = 200
_WIDEST = 80
_COMMANDS_THERE = (
    "argo list -l app.kubernetes.io/component=ingest",
    "argo submit --from workflowtemplate/PROJECT-review -p action=release -p key=KEY -p why=…",
)
_COMMANDS = ("pipeline inbox", "pipeline put PROJECT FILE", "pipeline inbox release KEY --why …")


def inbox_page(call: Call) -> Response:
    """What `pipeline inbox` says. Looking starts nothing."""
    machine = call.service.machine
    if call.service.namespace:
        from pipeline.inbox.listing import known  # noqa: PLC0415
        from steps.backends import ledger  # noqa: PLC0415 - SQLAlchemy is slow to import
        from steps.backends.database import read  # noqa: PLC0415 - likewise

        seen = [known(each) for each in read(lambda connection: ledger.recent(connection, None, _MOST))]
        said = note("What no run has claimed yet is in the bucket inbox, where this page may not look.")
        typed = call.service.typed([], _COMMANDS_THERE)
        return page("Inbox", typed, said, _files(call, seen), here="/inbox")
    if machine.stack.answering("object-store") is None:
        said = note("The object store does not run, so what is in it cannot be seen; start it with: pipeline up")
        return page("Inbox", _COMMANDS, said, here="/inbox")
    from pipeline.inbox.listing import dropped  # noqa: PLC0415 - the object store's library is slow to import

    found = dropped(machine, None, _MOST)
    return page("Inbox", _COMMANDS, _drop(watched=machine.watched()), _files(call, found), here="/inbox")


def _drop(*, watched: bool) -> Markup:
    names = [each.name for each in every().values() if isinstance(each, TableProject)]
    fields = [
        tag("label", f"{name} ", tag("input", type="file", multiple=True, data_drop=f"/inbox/{name}/files/"))
        for name in names
    ]
    then = "A run takes them within a second." if watched else "Nothing watches; the next `pipeline up` takes them."
    said = tag("p", id="dropped", role="status", class_="note")
    return section("drop", "Drop files", f"Choose files, or drag them here. {then}", *fields, said)


def _files(call: Call, found: Sequence["Dropped"]) -> Markup:
    if not found:
        return note("No file was dropped yet.")
    columns = ("File", "State", "Since", "#Rows", "Run", "Where", "Why")
    return table(
        columns, [_row(one, acts=call.service.acts) for one in found], "Dropped files, the newest first", "rows"
    )


def _row(one: "Dropped", *, acts: bool) -> tuple[Markup | str, ...]:
    run = tag("a", one.run, href=f"/runs/{quote(one.run, safe='')}") if one.run != "-" else "–"
    why: Markup | str = one.why
    if one.state == "quarantined" and acts:
        project = one.key.partition("/")[0]
        reason = tag("input", name_="why", required=True, placeholder="why it is right", aria_label="Why it is right")
        key = tag("input", type="hidden", name_="upload", value=one.upload)
        why = tag("div", one.why, form(f"/inbox/{project}/release", "Let it out", key, reason))
    since, key_shown = one.since, shortened(one.key, _WIDEST)
    return key_shown, dot(one.state), since, one.rows, run, shortened(one.where, _WIDEST), why


def act(what: str, call: Call) -> Response:
    """Let a file out of quarantine, and show the run that checks it again."""
    from pipeline.inbox.put import table_project  # noqa: PLC0415 - the object store's library is slow to import

    if what != "release":
        raise invalid(f"{what!r:.40} is nothing that is done to a file")
    fields = parse_qs(call.body.get("form", ""))
    upload, why = (fields.get(name, [""])[0] for name in ("upload", "why"))
    if not upload:
        raise invalid("there is no file; wanted its id: upload")
    if not why.strip():
        raise invalid("there is no reason; say in a few words why the file is right")
    given = {"action": "release", "key": upload, "why": why, "by": user() or "by hand"}
    said = {name: one_line_given(name, value) for name, value in given.items()}
    return started(call, f"{table_project(call.name).name}-review", said)


def put(call: Call, file: Path) -> Response:
    """Drop a file that a page has sent."""
    from pipeline.inbox.put import key_of, table_project  # noqa: PLC0415 - likewise
    from pipeline.inbox.put import put as drop  # noqa: PLC0415

    key = key_of(table_project(call.name), call.path["file"])
    drop(call.service.machine, key, file)
    return PlainTextResponse(f"s3://inbox/{key}\n", 201)
