"""From the stored facts of both engines to the table of Argo's examples, in Markdown. Needs neither of them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

Facts = Mapping[str, Any]

SAME: Final = "ends as on the cluster"
CHANGED: Final = "ends as on the cluster, after a change that means the same there"
EXPLAINED: Final = "ends otherwise, for a reason that lies outside the language"
OTHERWISE: Final = "ends otherwise"
ALONE: Final = "runs, but the controller has not been asked"
NEEDS: Final = "needs what is not here"
REFUSED: Final = "refused"
NOTHING: Final = "nothing to run"
VERDICTS: Final = (SAME, CHANGED, EXPLAINED, OTHERWISE, ALONE, NEEDS, REFUSED, NOTHING)

_ALIKE: Final = {
    "an image's own command, of which the one image there says nothing": (
        *("artifacts-workflowtemplate", "daemon-step", "dag-daemon-task", "timeouts-workflow"),
    ),
    "the stand-ins, which could not be mounted there beside other containers": (
        *("container-set-template/graph-workflow", "container-set-template/outputs-result-workflow"),
        *("container-set-template/parallel-workflow", "container-set-template/sequence-workflow"),
        *("container-set-template/workspace-workflow", "init-container"),
    ),
    "an object store, which was not given here": (
        *("artifact-gc-workflow", "input-artifact-s3", "key-only-artifact", "map-reduce", "output-artifact-s3"),
    ),
    "an address of the internet": (
        *("arguments-artifacts", "http-hello-world", "http-success-condition", "input-artifact-http"),
        *("life-cycle-hooks-tmpl-level", "life-cycle-hooks-wf-level"),
    ),
    "a ConfigMap or Secret that was given to neither: `pipeline run` refuses it before it starts": (
        *("global-parameters-from-configmap", "global-parameters-from-configmap-referenced-as-local-variable"),
        *("secrets", "synchronization-tmpl-level"),
        *("synchronization-tmpl-level-legacy", "synchronization-wf-level", "synchronization-wf-level-legacy"),
    ),
    "a database of the controller's": ("synchronization-db-mutex-tmpl-level", "synchronization-db-mutex-wf-level"),
}
REASONS: Final = {f"{name}.yaml": f"it needs {what}" for what, names in _ALIKE.items() for name in names} | {
    "artifact-disable-archive.yaml": "an artifact is a folder of its image: not there here, and with links that the "
    "executor refuses in the one image there",
    "dag-task-level-timeout.yaml": "a pod that sleeps for 15 of its 20 seconds is late by the time it takes to start",
    "retry-backoff.yaml": "attempts end after a minute, and a pod takes seconds to start where a process takes none",
}

_HEAD: Final = """\
# Argo's examples on this engine
Made by `python -m tests.oracle.examples` (see the README beside it); not to be edited. The examples are those that Argo
Workflows {version} publishes; nothing of them is kept here. Each that this engine runs was also run by the real
controller, and the two node trees were compared in the oracle's normal form.

"""
_TEXT: Final = """
**What is changed.** This engine maps a declared path to a folder of the node and runs no images. So an example whose
command repeats a declared path is refused as published; it is run with the path written as
`{{inputs.artifacts.NAME.path}}` (or its like), and one that leaves its command to the entry point of an image that is
known here (argosay, whalesay) with that written out. On a cluster both mean what they meant before.

**What stands in.** `cowsay` prints its arguments, `argosay` does what its image's entry point does, `od` prints one
number, and Python's chance is always the same: coins show heads, what fails at random fails. The cluster pulls nothing:
there every container runs in one image, with the same stand-ins.
"""


def table(stored: Facts) -> str:
    """The whole page."""
    rows = stored["examples"]
    by_verdict: dict[str, dict[str, Facts]] = {verdict: {} for verdict in VERDICTS}
    for name, row in rows.items():
        verdict = verdict_of(row)
        by_verdict[EXPLAINED if verdict == OTHERWISE and name in REASONS else verdict][name] = row
    page = [_HEAD.format(version=stored["version"])]
    page.append(_rows(["", "examples"], ([text, str(len(found))] for text, found in by_verdict.items() if found)))
    page.append(_TEXT)
    for verdict, head, rows_of in _SECTIONS:
        if by_verdict[verdict]:
            page.append(f"\n## {verdict[:1].upper()}{verdict[1:]}\n{_rows(head, rows_of(by_verdict[verdict]))}")
    return "".join(page)


def verdict_of(row: Facts) -> str:
    """What became of one example."""
    here, there = row["ours"], row.get("controller")
    for field, verdict in (("nothing", NOTHING), ("refused", REFUSED), ("needs", NEEDS)):
        if here.get(field):
            return verdict
    if there is None:
        return ALONE
    if differences(here, there):
        return OTHERWISE
    return CHANGED if here["changed"] else SAME


def differences(here: Facts, there: Facts) -> list[str]:
    """What differs between two ends, in a few words each. Of what does not end, the tree is not compared: it depends on
    when one looks."""
    if here["phase"] != there["phase"]:
        return [f"{here['phase']} here, {there['phase']} there"]
    if here["phase"] == "does not end":
        return []
    ours, theirs = here.get("nodes", {}), there.get("nodes", {})
    found = [f"`{name}` only {'here' if name in ours else 'there'}" for name in sorted(ours.keys() ^ theirs.keys())]
    return found + [
        f"`{name}`: {_what(ours[name], theirs[name])}" for name in ours if name in theirs and ours[name] != theirs[name]
    ]


def _what(ours: str, theirs: str) -> str:
    words = ("type", "phase", "place in the tree", "values or message")
    pairs = zip(words, ours.split(), theirs.split(), strict=False)
    return ", ".join(
        f"{word} {mine} here, {other} there" if word in ("type", "phase") else word
        for word, mine, other in pairs
        if mine != other
    )


Rows = Iterable[list[str]]


def _runs(rows: Mapping[str, Facts]) -> Rows:
    for name, row in rows.items():
        here = row["ours"]
        yield [f"`{name}`", ", ".join(here["changed"]), here["phase"], str(len(here.get("nodes", ())))]


def _differing(rows: Mapping[str, Facts]) -> Rows:
    for name, row in rows.items():
        here, there = row["ours"], row["controller"]
        found = differences(here, there)
        more = f", and {len(found) - 3} more" if len(found) > 3 else ""
        message = f" ({there['message']})" if there.get("message") else ""
        yield [f"`{name}`", here["phase"], there["phase"] + message, "; ".join(found[:3]) + more]


def _explained(rows: Mapping[str, Facts]) -> Rows:
    for name, row in rows.items():
        yield [f"`{name}`", row["ours"]["phase"], row["controller"]["phase"], REASONS[name]]


def _needing(rows: Mapping[str, Facts]) -> Rows:
    return _grouped(rows, "needs")


def _refused(rows: Mapping[str, Facts]) -> Rows:
    return _grouped(rows, "refused")


def _only_named(rows: Mapping[str, Facts]) -> Rows:
    return ([f"`{name}`"] for name in rows)


def _grouped(rows: Mapping[str, Facts], field: str) -> Rows:
    groups: dict[str, list[str]] = {}
    for name, row in rows.items():
        groups.setdefault(in_general(row["ours"][field]), []).append(f"`{name.removesuffix('.yaml')}`")
    for reason, names in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        yield [reason, str(len(names)), ", ".join(names)]


def in_general(reason: str) -> str:
    """A reason without the names of this one example: the field by its last two parts, no path."""
    reason = re.sub(r"repeats the path \S+, .*", "repeats a path that is mounted or declared", reason)
    place, space, rest = reason.partition(" ")
    place = re.sub(r"\[[^\]]*\]", "", place)
    if "." in place:
        parts = [part for part in place.split(".")[1:] if part not in ("templates", "workflowSpec")]
        place = ".".join(parts[-2:]) or place
    return place + space + rest


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(' '.join(cell.replace('|', '\\|').split()) for cell in line)} |\n" for line in lines)


_RUN: Final = ("example", "changed", "its end", "nodes")
_SECTIONS: Final = (
    (SAME, _RUN, _runs),
    (CHANGED, _RUN, _runs),
    (EXPLAINED, ("example", "here", "on the cluster", "why"), _explained),
    (OTHERWISE, ("example", "here", "on the cluster", "what differs"), _differing),
    (ALONE, _RUN, _runs),
    (NEEDS, ("it needs", "", "examples"), _needing),
    (REFUSED, ("this engine says", "", "examples"), _refused),
    (NOTHING, ("example",), _only_named),
)
