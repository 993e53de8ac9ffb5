"""/inbox: where dropped files are and why; one lets a file out of quarantine here, and drops files into the page."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

from starlette.responses import PlainTextResponse, RedirectResponse, Response

from pipeline.project import TableProject
from pipeline.projects import every
from pipeline.serve.api.requests import Call
from pipeline.serve.pages.frame import dot, form, page
from pipeline.serve.problems import invalid
from steps.pages.markup import Markup, tag
from steps.pages.parts import note, section, table
from steps.pages.words import shortened

if TYPE_CHECKING:
    from pipeline.inbox.listing import Dropped

_MOST = 200
_WIDEST = 80
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
        there = call.service.typed([], ["argo list -l app.kubernetes.io/component=ingest"])
        return page("Inbox", there, said, _files(seen), here="/inbox")
    if machine.stack.answering("object-store") is None:
        said = note("The object store does not run, so what is in it cannot be seen; start it with: pipeline up")
        return page("Inbox", _COMMANDS, said, here="/inbox")
    from pipeline.inbox.listing import dropped  # noqa: PLC0415 - the object store's library is slow to import

    found = dropped(machine, None, _MOST)
    return page("Inbox", _COMMANDS, _drop(watched=machine.watched()), _files(found), here="/inbox")


def _drop(*, watched: bool) -> Markup:
    names = [each.name for each in every().values() if isinstance(each, TableProject)]
    fields = [
        tag("label", f"{name} ", tag("input", type="file", multiple=True, data_drop=f"/inbox/{name}/files/"))
        for name in names
    ]
    then = "A run takes them within a second." if watched else "Nothing watches; the next `pipeline up` takes them."
    said = tag("p", id="dropped", role="status", class_="note")
    return section("drop", "Drop files", f"Choose files, or drag them here. {then}", *fields, said)


def _files(found: Sequence["Dropped"]) -> Markup:
    if not found:
        return note("No file was dropped yet.")
    columns = ("File", "State", "Since", "#Rows", "Run", "Where", "Why")
    return table(columns, [_row(one) for one in found], "Dropped files, the newest first", "rows")


def _row(one: "Dropped") -> tuple[Markup | str, ...]:
    run = tag("a", one.run, href=f"/runs/{quote(one.run, safe='')}") if one.run != "-" else "–"
    why: Markup | str = one.why
    if one.state == "quarantined":
        project = one.key.partition("/")[0]
        reason = tag("input", name_="why", required=True, placeholder="why it is right", aria_label="Why it is right")
        key = tag("input", type="hidden", name_="key", value=one.key)
        why = tag("div", one.why, form(f"/inbox/{project}/release", "Let it out", key, reason))
    since, key_shown = one.since, shortened(one.key, _WIDEST)
    return key_shown, dot(one.state), since, one.rows, run, shortened(one.where, _WIDEST), why


def act(what: str, call: Call) -> Response:
    """Let a file out of quarantine, and show the run that checks it again."""
    from pipeline.inbox.listing import let_out  # noqa: PLC0415 - likewise

    if what != "release":
        raise invalid(f"{what!r:.40} is nothing that is done to a file")
    fields = parse_qs(call.body.get("form", ""))
    key, why = fields.get("key", [""])[0], fields.get("why", [""])[0]
    if key.partition("/")[0] != call.name:
        raise invalid(f"{key!r:.80} is not a file of {call.name:.60}")
    let = let_out(call.service.machine, key, who="", why=why)
    run = call.service.submitter.submit("WorkflowTemplate", f"{let.project}-ingest", {}, "")["metadata"]["name"]
    return RedirectResponse(f"/runs/{quote(run, safe='')}", 303)


def put(call: Call, file: Path) -> Response:
    """Drop a file that a page has sent."""
    from pipeline.inbox.put import key_of, table_project  # noqa: PLC0415 - likewise
    from pipeline.inbox.put import put as drop  # noqa: PLC0415

    key = key_of(table_project(call.name), call.path["file"])
    drop(call.service.machine, key, file)
    return PlainTextResponse(f"s3://inbox/{key}\n", 201)
