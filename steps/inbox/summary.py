"""What a run that took files says of itself, for the report, the page and whoever waits for it.

It is told from the ledger: what an earlier attempt of the run decided before it was killed is this run's, too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from steps.backends.history import Entry
from steps.backends.ledger import Upload
from steps.inbox.taking import Taken

_SHOWN = 200


def summary(
    project: str, run: str, held: Sequence[Upload], taken: Taken, *, head: Entry | None, training: str | None
) -> dict[str, Any]:
    """The summary, as JSON values; lists are cut, the counts are whole. `held`: the uploads that the run held last."""
    done, known, quarantined, missing = (
        [one for one in held if one.state == state] for state in ("done", "known", "quarantined", "missing")
    )
    counts = {
        "accepted": len(done),
        "known": len(known),
        "quarantined": len(quarantined),
        "missing": len(missing),
        "rows_new": sum(one.rows_new for one in done),
    }
    return {
        "kind": "ingest",
        "project": project,
        "run": run,
        "claimed": len(done) + len(known) + len(quarantined) + len(missing),
        "counts": counts,
        "accepted": [_accepted(one, taken.notes) for one in done[:_SHOWN]],
        "known": [{"key": one.key, "place": one.place} for one in known[:_SHOWN]],
        "quarantined": [{"key": one.key, "place": one.place, "reason": one.reason} for one in quarantined[:_SHOWN]],
        "missing": [{"key": one.key, "reason": one.reason} for one in missing[:_SHOWN]],
        "sequence": head.sequence if head else None,
        "rows": head.total if head else None,
        "training": training,
        "suites": _together(taken.suites),
        "words": _words(counts, training),
    }


def _accepted(upload: Upload, notes: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    return {
        "key": upload.key,
        "place": upload.place,
        "rows_new": upload.rows_new,
        "rows_known": upload.rows_known,
        "rows_refused": upload.rows_refused,
        "notes": list(notes.get(upload.upload, ())),
    }


def _together(suites: Sequence[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """What was checked, over all batches: checked and failed of each expectation added up."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in (each for suite in suites for each in suite):
        whole = found.setdefault((one["column"], one["name"]), one | {"checked": 0, "failed": 0})
        whole["checked"] += one["checked"]
        whole["failed"] += one["failed"]
    return list(found.values())


def _words(counts: Mapping[str, int], training: str | None) -> str:
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
