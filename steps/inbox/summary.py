"""What a run that took files says of itself, for the report, the page and whoever waits for it."""

from collections.abc import Sequence
from typing import Any

from steps.backends.history import Entry
from steps.inbox.judging import Judged
from steps.inbox.taking import Taken
from steps.inbox.targets import target

_SHOWN = 200


def summary(project: str, run: str, taken: Taken, head: Entry | None, training: str | None) -> dict[str, Any]:
    """The summary, as JSON values; lists are cut, the counts are whole."""
    of = {state: [one for one in taken.judged if one.state == state] for state in ("done", "known", "quarantined")}
    counts = {
        "accepted": len(of["done"]),
        "known": len(of["known"]),
        "quarantined": len(of["quarantined"]),
        "missing": len(taken.gone),
        "rows_new": sum(len(one.rows) for one in of["done"]),
    }
    return {
        "kind": "ingest",
        "project": project,
        "run": run,
        "claimed": len(taken.judged) + len(taken.gone),
        "counts": counts,
        "accepted": [
            {
                **_place(one, "old"),
                "rows_new": len(one.rows),
                "rows_known": one.known,
                "rows_refused": one.refused,
                "notes": list(one.notes),
            }
            for one in of["done"][:_SHOWN]
        ],
        "known": [_place(one, "old") for one in of["known"][:_SHOWN]],
        "quarantined": [{**_place(one, "quarantine"), "reason": one.reason} for one in of["quarantined"][:_SHOWN]],
        "missing": [
            {"key": one.key, "reason": "it was replaced or removed before it could be read"}
            for one in taken.gone[:_SHOWN]
        ],
        "sequence": head.sequence if head else None,
        "rows": head.total if head else None,
        "training": training,
        "suites": _together(taken.suites),
        "words": _words(counts, training),
    }


def _together(suites: Sequence[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """What was checked, over all batches: checked and failed of each expectation added up."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in (each for suite in suites for each in suite):
        whole = found.setdefault((one["column"], one["name"]), one | {"checked": 0, "failed": 0})
        whole["checked"] += one["checked"]
        whole["failed"] += one["failed"]
    return list(found.values())


def _place(judged: Judged, folder: str) -> dict[str, Any]:
    return {"key": judged.upload.key, "place": target(judged.upload, folder)}


def _words(counts: dict[str, int], training: str | None) -> str:
    parts = [
        _some(counts["accepted"], f"accepted with {counts['rows_new']:,} new rows"),
        _some(counts["known"], "known before, every row of it"),
        _some(counts["quarantined"], "in quarantine"),
        _some(counts["missing"], "gone before it could be read"),
    ]
    told = "; ".join(part for part in parts if part)
    what = f"{told[0].upper()}{told[1:]}" if told else "Nothing new"
    return f"{what}. {f'Training: {training}.' if training else 'No training is needed.'}"


def _some(count: int, words: str) -> str:
    return f"{count:,} {'file' if count == 1 else 'files'} {words}" if count else ""
