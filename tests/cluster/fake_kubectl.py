"""A fake: stands in for `kubectl` and `helm` where there is no cluster. It answers from the objects that FAKE_CLUSTER
names, in the shapes of the API server, changes them as it is told, and writes down what it was asked.

It knows the calls that `pipeline.cluster` makes and no others. What a real cluster does is for tests/e2e to say. One
command makes two dozen calls, each a process, so it imports little.
"""

from __future__ import annotations

import json
import os
import sys
import time

TYPE_CHECKING = False  # that of `typing`, which takes longer to import than a call
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

STATE = os.environ["FAKE_CLUSTER"]
GROUPS = ("argoproj.io", "machinelearning.seldon.io")


def main() -> None:
    program, *words = sys.argv[1:]
    with open(STATE) as file:  # noqa: PTH123 - pathlib takes longer to import than a call
        state: dict[str, Any] = json.load(file)
    state["calls"].append([program, *words])
    write(state)
    asked = " ".join([program, *words])
    for part, said in state["refused"].items():
        if part in asked:
            sys.exit(said)
    if any(part in asked for part in state["hanging"]):
        time.sleep(60)
    if words[:1] == ["-n"]:
        state["namespace"], words = words[1], words[2:]
    verb, *rest = words
    print({"kubectl": kubectl, "helm": helm}[program](state, verb, rest), end="")
    write(state)


def write(state: dict[str, Any]) -> None:
    with open(STATE, "w") as file:  # noqa: PTH123
        file.write(json.dumps(state))


def kubectl(state: dict[str, Any], verb: str, words: list[str]) -> str:
    answers: dict[str, Callable[[], str]] = {
        "version": lambda: json.dumps({"serverVersion": {"gitVersion": state["version"]}}),
        "config": lambda: str(state["context"]),
        "get": lambda: got(state, words),
        "apply": lambda: applied(state, words),
        "create": lambda: applied(state, words),
        "delete": lambda: deleted(state, words),
        "logs": lambda: str(state["log"]),
        "wait": lambda: "",
    }
    return answers[verb]()


def helm(state: dict[str, Any], verb: str, words: list[str]) -> str:
    if verb == "list":
        wanted = words[words.index("--filter") + 1].strip("^$")
        return json.dumps([{"name": name, "chart": state["chart"]} for name in state["releases"] if name == wanted])
    return ""


def got(state: dict[str, Any], words: list[str]) -> str:
    kind, *more = words
    known = {each["metadata"]["name"] for each in state["objects"] if each["kind"] == "CustomResourceDefinition"}
    if kind.partition(".")[2] in GROUPS and kind not in known:
        sys.exit(f'error: the server doesn\'t have a resource type "{kind.partition(".")[0]}"')
    name = next((word for word in more[:1] if not word.startswith("-")), "")
    found = [each for each in state["objects"] if is_it(each, kind, name) and selected(each, more)]
    if name:
        return json.dumps(found[0]) if found else ""
    return json.dumps({"kind": "List", "items": found})


def selected(value: dict[str, Any], words: list[str]) -> bool:
    """Whether its labels are those of the selector, such as `a=b,!c,d`."""
    labels = value["metadata"].get("labels", {})
    terms = words[words.index("-l") + 1].split(",") if "-l" in words else []
    return all(
        term[1:] not in labels
        if term.startswith("!")
        else labels.get(term.partition("=")[0]) == term.partition("=")[2]
        if "=" in term
        else term in labels
        for term in terms
    )


def applied(state: dict[str, Any], words: list[str]) -> str:
    sys.path.append(os.environ["FAKE_CLUSTER_LIBRARIES"])  # started without them, which is quicker
    import yaml

    given: list[dict[str, Any]] = list(yaml.load_all(sys.stdin.read(), yaml.CSafeLoader))
    if "--dry-run=server" not in words:
        for each in given:
            new = each | {"status": state["status"]} if each["kind"] == "Pod" else each
            kind, name = each["kind"].lower(), each["metadata"]["name"]
            state["objects"] = [other for other in state["objects"] if not is_it(other, kind, name)] + [new]
    return json.dumps({"kind": "List", "items": given} if len(given) > 1 else given[0])


def deleted(state: dict[str, Any], words: list[str]) -> str:
    for kind, name in named(words):
        state["objects"] = [each for each in state["objects"] if not is_it(each, kind, name)]
    return ""


def named(words: list[str]) -> list[tuple[str, str]]:
    """`kind/name …`, or `kind name`."""
    plain = [word for word in words if not word.startswith("-")]
    if all("/" in word for word in plain):
        return [(kind, name) for kind, _, name in (word.partition("/") for word in plain)]
    return [(plain[0], plain[1])]


def is_it(value: dict[str, Any], kind: str, name: str) -> bool:
    short = {"crd": "customresourcedefinition"}
    wanted = kind.partition(".")[0].lower()
    wanted = short.get(wanted, wanted)
    return value["kind"].lower() in (wanted, wanted.removesuffix("s")) and name in ("", value["metadata"]["name"])
