"""Asks the real controller on the cluster of KUBECONFIG what it makes of every case, and writes its answers.

A workflow that still runs when nothing has changed on the cluster for a while does not end; its answer says so, and
holds the tree as it stands.
"""

import argparse
import difflib
import json
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import PipelineError, UserError
from tests.oracle import cases, cluster, ours
from tests.oracle.acting import acts
from tests.oracle.acting.there import Person, check_command
from tests.oracle.cases import Case
from tests.oracle.normal import OVER, Answer, of_controller, written
from tests.oracle.waves import Waves

AT_ONCE = 8
QUIET_SECONDS = 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(prog="make oracle", description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="print differences, write nothing; exit 1 if any")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the cases whose name holds it")
    parser.add_argument("--new", action="store_true", help="only the cases that have no answer yet")
    parser.add_argument(
        "--ours", action="store_true", help="no cluster: renew this engine's own answers where it differs"
    )
    parser.add_argument("--keep", action="store_true", help="leave the namespace and the workflows on the cluster")
    parser.add_argument("--namespace", default="oracle", help="made for this, and deleted at the end")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, metavar="N", help="how many workflows run at a time")
    parser.add_argument("--quiet", type=float, default=QUIET_SECONDS, metavar="SECONDS",
                        help="how long nothing has changed when what still runs counts as not ending")  # fmt: skip
    options = parser.parse_args(arguments)
    chosen = [case for case in cases.find(options.only) if not (options.new and case.stored())]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)  # what was made on the cluster is deleted then too
    try:
        if not chosen:
            raise UserError(f"no case has {options.only!r} in its name" + (" and no answer" if options.new else ""))
        if options.ours:
            of_4, controllers = False, _stored(chosen)
        else:
            of_4, controllers = _asked(chosen, options)
    except PipelineError as error:
        print(f"oracle: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("oracle: stopped; nothing is written", file=sys.stderr)
        return 130
    report, write = _report_of_4 if of_4 else _report, not options.check
    known = [case for case in chosen if case.name in controllers]
    changed = [case for case in known if report(case, controllers[case.name], write=write)]
    readme = cases.README.read_text(encoding="utf-8")
    if not options.check:
        cases.README.write_text(cases.with_tables(readme), encoding="utf-8")
    print(f"{len(chosen)} cases, {len(changed)} of them answered differently from what is stored")
    return 1 if options.check and changed else 0


def _asked(chosen: Sequence[Case], options: argparse.Namespace) -> tuple[bool, dict[str, Answer]]:
    """Whether it was a controller of Argo 4, and what it has answered."""
    deployment = cluster.controller()
    print(f"asking the controller {cluster.version(deployment)} about {len(chosen)} cases", flush=True)
    if any(acts.of(case) for case in chosen):
        check_command(cluster.version(deployment))
    waves = Waves(chosen, options.namespace, at_once=options.at_once, quiet=options.quiet)
    with cluster.quick(deployment), cluster.namespace(options.namespace, keep=options.keep):
        waves.run()
        found = json.loads(cluster.kubectl("-n", options.namespace, "get", "workflows", "-o", "json"))["items"]
    workflows = {each["metadata"]["name"]: each for each in found}
    answers = dict(waves.refusals)
    for case in chosen:
        if case.name in waves.persons:
            answers |= _with_acts(case, waves.persons[case.name], workflows)
        elif case.name in waves.names:
            answers[case.name] = _ended(of_controller(workflows[waves.names[case.name]]))
    return cluster.version(deployment).startswith("v4."), answers


def _stored(chosen: Sequence[Case]) -> dict[str, Answer]:
    """What the controller has answered before."""
    found = ((case.name, case.controllers) for case in chosen)
    return {name: answer for name, answer in found if answer is not None}


def _both(case: Case, controllers: Answer) -> Answer:
    """The answer to store: this engine's too where it is meant to differ."""
    if not case.why:
        return controllers
    with tempfile.TemporaryDirectory() as folder:
        return {"controller": controllers, "ours": ours.ask(case, Path(folder)), "why": case.why}


def _with_acts(case: Case, person: Person, workflows: Mapping[str, Mapping[str, Any]]) -> dict[str, Answer]:
    """The answer to a case in which a person does something; none, and why, where its workflow is gone."""
    if person.name not in workflows:
        print(f"{case.name}: there is no workflow {person.name}")
        return {}
    answer = _ended(person.answer(workflows[person.name]))
    for act in answer.get("acts", ()):
        if "never" in act:
            print(f"{case.name}: {act['did']} was not done, as never {act['never']}")
    return {case.name: answer}


def _ended(answer: Answer) -> Answer:
    return answer if answer["phase"] in OVER else {**answer, "phase": "does not end"}


def _report(case: Case, controllers: Answer, *, write: bool) -> bool:
    """Print what differs from the stored answer, or write the new one; whether it differs."""
    return _told(case.name, case.stored(), _both(case, controllers), case.store, write=write)


def _report_of_4(case: Case, answer: Answer, *, write: bool) -> bool:
    """The same for what the controller of Argo 4 answers."""
    return _told(f"{case.name} (Argo 4)", case.of_4(), answer, case.store_of_4, write=write)


def _told(name: str, stored: Answer | None, answer: Answer, store: Callable[[Answer], None], *, write: bool) -> bool:
    if stored == answer:
        return False
    if write:
        store(answer)
        print(f"{'new' if stored is None else 'changed'}: {name}")
    else:
        before = written(stored).splitlines() if stored is not None else []
        names = (f"{name} (stored)", f"{name} (now)")
        print("\n".join(difflib.unified_diff(before, written(answer).splitlines(), *names, lineterm="")))
    return True


if __name__ == "__main__":
    sys.exit(main())
