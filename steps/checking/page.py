"""The page of results: what was taken in, what was expected of it, what was refused and why. One HTML file that needs
nothing else. Whatever comes from a file or a source is text here, never markup.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from html import escape
from typing import Any

from steps.archive.planned import Plan

_MOST_STRETCHES = 1000
_LONGEST_NAME = 80
_STYLE = """
:root{color-scheme:light dark;--line:#8884;--bad:#b3261e;--good:#2e7d32}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
td.whole{white-space:nowrap}.number{text-align:right;font-variant-numeric:tabular-nums}
.bad{color:var(--bad);font-weight:600}.good{color:var(--good)}
@media(prefers-color-scheme:dark){:root{--bad:#f2b8b5;--good:#a5d6a7}}
"""


def render(title: str, plan: Plan, summary: Mapping[str, Any], stopped: str | None) -> str:
    """The page for a summary of `prepare`; `stopped` says why the run does not go on."""
    refused = summary["refused"]
    features = summary["features"]
    verdict = f'<p class="bad">The run stops here: {escape(stopped)}</p>' if stopped else ""
    sections = [
        f"<h1>{escape(title)}: what came in</h1>{verdict}",
        _facts(
            [
                ("Source", plan.source),
                ("Locations", _locations(plan.locations, summary["names"])),
                ("Days", f"{plan.first} to {plan.last}"),
                ("As of", f"{plan.as_of:%Y-%m-%d %H:%M} UTC"),
                ("Target", plan.parameter),
                ("Location-days new or patched", f"{summary['location_days']:,}"),
                ("Accepted", f"{summary['accepted']:,} with {summary['rows']:,} hourly values"),
                ("Refused", f"{len(refused):,}"),
                ("Without a file at the source", f"{plan.days_without_file:,}"),
                (
                    "Features",
                    f"{features['computed']:,} of {features['months']:,} location-months computed, "
                    f"{features['rows']:,} rows of {features['columns']:,} features",
                ),
            ]
        ),
        "<h2>Refused</h2>" + _refused(refused),
        "<h2>Expectations</h2>" + _expectations(summary["expectations"]),
        "<h2>Values left out of accepted days</h2>" + _left_out(summary["left_out"]),
    ]
    if summary["stale"]:
        rows = [(str(one["location"]), one["newest"] or "none") for one in summary["stale"]]
        sections.append("<h2>Locations without recent data</h2>" + _table(("Location", "Newest accepted day"), rows))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}: what came in</title><style>{_STYLE}</style></head><body>"
        + "".join(sections)
        + "</body></html>\n"
    )


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    return _table((), [(name, value) for name, value in facts])


def _locations(locations: Iterable[int], names: Mapping[str, str]) -> str:
    return ", ".join(
        f"{one}: {names[str(one)][:_LONGEST_NAME]}" if str(one) in names else str(one) for one in locations
    )


def _refused(refused: Sequence[Mapping[str, Any]]) -> str:
    if not refused:
        return '<p class="good">None.</p>'
    rows = [
        (str(location), f"{first} to {last}" if first != last else f"{first}", why)
        for location, first, last, why in _stretches(refused)
    ]
    more = len(rows) - _MOST_STRETCHES
    return _table(("Location", "Day", "Why"), rows[:_MOST_STRETCHES]) + (
        f"<p>and {more:,} more.</p>" if more > 0 else ""
    )


def _stretches(refused: Sequence[Mapping[str, Any]]) -> list[tuple[int, date, date, str]]:
    """Location, first and last day, and reasons; days in a row with the same ones are one stretch."""
    found: list[tuple[int, date, date, str]] = []
    for one in sorted(refused, key=lambda one: (one["location"], one["day"])):
        day, why = date.fromisoformat(one["day"]), "; ".join(one["reasons"])
        if found and (found[-1][0], found[-1][2], found[-1][3]) == (one["location"], day - timedelta(days=1), why):
            found[-1] = (*found[-1][:2], day, why)
        else:
            found.append((one["location"], day, day, why))
    return found


def _expectations(outcomes: Sequence[Mapping[str, Any]]) -> str:
    rows = [(one["column"], one["name"], f"{one['checked']:,}", f"{one['failed']:,}") for one in outcomes]
    return _table(("What", "Expected", "Checked", "Failed"), rows)


def _left_out(left_out: Mapping[str, int]) -> str:
    if not left_out:
        return '<p class="good">None.</p>'
    return _table(("Why", "Values"), [(why.replace("_", " "), f"{count:,}") for why, count in left_out.items()])


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = f"<thead><tr>{''.join(f'<th>{escape(name)}</th>' for name in header)}</tr></thead>" if header else ""
    body = "".join(f"<tr>{''.join(_cell(name, text) for name, text in _named(header, row))}</tr>" for row in rows)
    return f'<div class="scroll"><table>{head}<tbody>{body}</tbody></table></div>'


def _named(header: Sequence[str], row: Sequence[str]) -> Iterable[tuple[str, str]]:
    return zip(header or ("",) * len(row), row, strict=True)


def _cell(name: str, text: str) -> str:
    kinds = ["whole"] if name in ("Location", "Day") else []
    if name in ("Checked", "Failed", "Values"):
        kinds.append("number")
    if name == "Failed" and text != "0":
        kinds.append("bad")
    mark = f' class="{" ".join(kinds)}"' if kinds else ""
    return f"<td{mark}>{escape(text)}</td>"
