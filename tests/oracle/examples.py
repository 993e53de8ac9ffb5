"""Runs Argo's published examples on this engine and on the controller, and writes the table of what became of each.

The facts (phases, and each node's type, phase and digests) are stored beside it, so that the table can be made again
without a cluster and without the examples.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from pipeline.errors import PipelineError, UserError
from tests.oracle import cluster, examples_files, examples_here, examples_there
from tests.oracle.examples_table import table, verdict_of

STORED: Final = Path(__file__).parent / "examples.json"
PAGE: Final = Path(__file__).parent / "EXAMPLES.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit code."""
    options = _options(arguments)
    try:
        stored = load()
        if options.folder:
            _ask(stored, options)
    except PipelineError as error:
        print(f"examples: {error}", file=sys.stderr)
        return 1
    STORED.write_text(written(stored), encoding="utf-8")
    PAGE.write_text(table(stored), encoding="utf-8")
    print(f"{PAGE.name}: {len(stored['examples'])} examples")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.examples", description=__doc__)
    text = "Argo's folder of examples (or $ARGO_EXAMPLES); without it only the table is made"
    parser.add_argument("folder", nargs="?", default=os.environ.get("ARGO_EXAMPLES", ""), help=text)
    text = "ask the controller of KUBECONFIG about none, those not asked yet, or all that run here"
    parser.add_argument("--controller", choices=("no", "new", "all"), default="no", help=text)
    text = "only the examples whose name holds it"
    parser.add_argument("--only", default="", metavar="TEXT", help=text)
    text = "made on the cluster, and deleted at the end"
    parser.add_argument("--namespace", default="examples", help=text)
    text = "how many run side by side"
    parser.add_argument("--at-once", type=int, default=6, help=text)
    text = "how long the controller may take for one until it counts as not ending"
    parser.add_argument("--patience", type=float, default=examples_here.PATIENCE_SECONDS, metavar="SECONDS", help=text)
    return parser.parse_args(arguments)


def load() -> dict[str, Any]:
    """The stored facts."""
    if not STORED.exists():
        return {"version": "", "examples": {}}
    found: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    return found


def written(stored: dict[str, Any]) -> str:
    """The facts as JSON, a line for each node."""
    return json.dumps(stored, indent=1, ensure_ascii=False) + "\n"


def _ask(stored: dict[str, Any], options: argparse.Namespace) -> None:
    examples_here.prepare()
    found = examples_files.find(Path(options.folder))
    before = stored["examples"]
    chosen = [example for example in found if options.only in example.name]
    if not chosen:
        raise UserError(f"no example has {options.only!r} in its name")
    with ThreadPoolExecutor(options.at_once) as pool:
        for example, facts in zip(chosen, pool.map(examples_here.ask, chosen), strict=True):
            before.setdefault(example.name, {})["ours"] = facts
            print(f"{verdict_of(before[example.name])}: {example.name}", flush=True)
    runs = [each for each in chosen if "phase" in before[each.name]["ours"]]
    if options.controller != "no":
        if options.controller == "new":
            runs = [each for each in runs if "controller" not in before[each.name]]
        stored["version"] = cluster.version(cluster.controller())
        asked = examples_there.ask(runs, options.namespace, at_once=options.at_once, patience=options.patience)
        for number, (name, facts) in enumerate(asked, start=1):
            before[name]["controller"] = facts
            STORED.write_text(written(stored), encoding="utf-8")
            print(f"{number} of {len(runs)}: {verdict_of(before[name])}: {name}", flush=True)
    for row in before.values():
        if "phase" not in row["ours"]:
            row.pop("controller", None)
    stored["examples"] = {example.name: before[example.name] for example in found if example.name in before}


if __name__ == "__main__":
    sys.exit(main())
