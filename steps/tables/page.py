"""The page of an ingest run: what arrived, what became of each file and why, and what happens next. One HTML file that
needs nothing else. Names and reasons come from outside: they are text here, never markup.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

_MOST = 200
_STYLE = """
:root{color-scheme:light dark;--line:#8884;--bad:#b3261e;--good:#2e7d32}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
.words{font-size:1.15rem;border-left:.3rem solid var(--good);padding-left:.8rem}.words.some{border-color:var(--bad)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
td{overflow-wrap:anywhere;min-width:6rem;white-space:pre-wrap}
.number{text-align:right;font-variant-numeric:tabular-nums;min-width:3rem}
.bad{color:var(--bad);font-weight:600}.none{opacity:.75}
@media(prefers-color-scheme:dark){:root{--bad:#f2b8b5;--good:#a5d6a7}}
"""
_NUMBERS = frozenset({"New", "Known", "Left out", "Checked", "Failed"})


def page(summary: Mapping[str, Any]) -> str:
    """The page, as HTML, of the summary of an ingest run."""
    title = f"{summary['project']}: what arrived"
    refused = summary["quarantined"]
    sections = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="words{" some" if refused else ""}">{escape(str(summary["words"]))}</p>',
        _facts(summary),
    ]
    if refused:
        sections.append("<h2>Quarantined</h2>" + _named(refused, {"File": "key", "Why": "reason", "Now at": "place"}))
        sections.append(
            "<p>Correct a file and drop it again, or, if it is right as it is, let it back in: "
            "<code>pipeline inbox release KEY --why …</code>.</p>"
        )
    if summary["accepted"]:
        sections.append("<h2>Accepted</h2>" + _accepted(summary["accepted"]))
    if summary["known"]:
        sections.append(
            "<h2>Known before, every row</h2>" + _named(summary["known"], {"File": "key", "Now at": "place"})
        )
    if summary["missing"]:
        sections.append("<h2>Not there</h2>" + _named(summary["missing"], {"File": "key", "Why": "reason"}))
    if summary["suites"]:
        sections.append("<h2>Expectations</h2>" + _expectations(summary["suites"]))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>" + "\n".join(sections) + "</body></html>\n"
    )


def _facts(summary: Mapping[str, Any]) -> str:
    counts = summary["counts"]
    facts: list[tuple[str, str]] = [
        ("Run", str(summary["run"])),
        ("Files taken", _count(summary["claimed"])),
        *((str(name).replace("_", " ").capitalize(), _count(count)) for name, count in counts.items()),
        ("Rows in the history", _count(summary["rows"]) if summary["rows"] is not None else "none yet"),
        ("History's number", _count(summary["sequence"]) if summary["sequence"] is not None else "none yet"),
        ("Next", _next(summary["training"])),
    ]
    return _table((), facts)


def _next(training: str | None) -> str:
    if training is None:
        return "no training is wanted: these rows are learned already, or are being learned"
    return f"{training} trains on all rows, and puts the better model live"


def _accepted(accepted: Sequence[Mapping[str, Any]]) -> str:
    told = [one | {"notes": "\n".join(one["notes"])} for one in map(dict, accepted)]
    counts = {"New": "rows_new", "Known": "rows_known", "Left out": "rows_refused"}
    return _named(told, {"File": "key", **counts, "Notes": "notes", "Now at": "place"})


def _expectations(suite: Sequence[Mapping[str, Any]]) -> str:
    """What was checked."""
    rows = [(one["column"], one["name"], _count(one["checked"]), _count(one["failed"])) for one in suite]
    return _table(("Column", "Expected", "Checked", "Failed"), rows)


def _named(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> str:
    """A table of those fields, each under its heading."""
    return _table(tuple(columns), [[_count(row[field]) for field in columns.values()] for row in rows])


def _count(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = f"<thead><tr>{''.join(map(_heading, header))}</tr></thead>" if header else ""
    body = "".join(f"<tr>{''.join(_cells(header, row))}</tr>" for row in rows[:_MOST])
    more = f"<p>and {len(rows) - _MOST:,} more.</p>" if len(rows) > _MOST else ""
    return f'<div class="scroll"><table>{head}<tbody>{body}</tbody></table></div>{more}'


def _heading(name: str) -> str:
    return f'<th class="number">{name}</th>' if name in _NUMBERS else f"<th>{name}</th>"


def _cells(header: Sequence[str], row: Sequence[str]) -> Iterable[str]:
    for name, value in zip(header or ("",) * len(row), row, strict=True):
        kinds = ["number"] if name in _NUMBERS else []
        if name == "Failed" and value != "0":
            kinds.append("bad")
        mark = f' class="{" ".join(kinds)}"' if kinds else ""
        yield f"<td{mark}>{escape(value)}</td>"
