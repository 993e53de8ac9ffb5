"""The summary of a run that took files.

It is made from the ledger: what an earlier attempt of the run decided before it was killed counts, too.
"""

from collections.abc import Mapping, Sequence

from steps.backends.history import Entry
from steps.backends.ledger import Upload
from steps.inbox.taking import Taken
from steps.summaries.ingest import Accepted, Ingest, Kept, Missing, Quarantined, Retracted
from steps.summaries.validation import added_up

_SHOWN = 200


def summary(
    project: str,
    run: str,
    held: Sequence[Upload],
    taken: Taken,
    *,
    head: Entry | None,
    training: str | None,
    made_at: str,
) -> Ingest:
    """The summary; its lists are shortened, its counts are not. `held`: the uploads last held by the run."""
    states = ("done", "known", "quarantined", "missing", "retracted")
    done, known, quarantined, missing, retracted = ([one for one in held if one.state == state] for state in states)
    counts = {
        "accepted": len(done),
        "known": len(known),
        "quarantined": len(quarantined),
        "missing": len(missing),
        "retracted": len(retracted),
        "rows_new": sum(one.rows_new for one in done),
        "rows_copied": sum(one.rows_copied or 0 for one in done),
        "rows_left": sum(one.rows_left or 0 for one in retracted),
    }
    return Ingest(
        project=project,
        run=run,
        claimed=len(done) + len(known) + len(quarantined) + len(missing),
        counts=counts,
        accepted=tuple(Accepted.of(one, notes=taken.notes.get(one.upload, ())) for one in done[:_SHOWN]),
        known=tuple(map(Kept.of, known[:_SHOWN])),
        quarantined=tuple(map(Quarantined.of, quarantined[:_SHOWN])),
        missing=tuple(map(Missing.of, missing[:_SHOWN])),
        retracted=tuple(Retracted.of(one, why=one.retracted_why or "") for one in retracted[:_SHOWN]),
        sequence=head.sequence if head else None,
        rows=head.total if head else None,
        training=training,
        suites=added_up(one for suite in taken.suites for one in suite),
        words=_words(counts, training),
        made_at=made_at,
    )


def _words(counts: Mapping[str, int], training: str | None) -> str:
    parts = [
        _some(counts["accepted"], f"accepted with {counts['rows_new']:,} new rows{_copies(counts['rows_copied'])}"),
        _some(counts["known"], "known before, every row of it"),
        _some(counts["quarantined"], "in quarantine"),
        _some(counts["missing"], "gone before it could be read"),
        _some(counts["retracted"], f"retracted with {counts['rows_left']:,} rows"),
    ]
    counted = "; ".join(part for part in parts if part)
    what = f"{counted[0].upper()}{counted[1:]}" if counted else "Nothing new"
    return f"{what}. {f'Training: {training}.' if training else 'No training is needed.'}"


def _copies(count: int) -> str:
    return f", {count:,} of them copies of earlier ones up to rounding" if count else ""


def _some(count: int, words: str) -> str:
    return f"{count:,} {'file' if count == 1 else 'files'} {words}" if count else ""
