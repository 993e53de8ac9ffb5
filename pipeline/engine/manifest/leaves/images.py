"""The commands that images bring: their entry points, and what they run where a manifest gives no arguments.

No image is run here, so what a manifest leaves to its image must be known: of well-known images it is, of others it is
given (`--image IMAGE=COMMAND`).
"""

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pipeline.errors import UserError

_SAY: Final = """\
what=${1:-}; [ $# -eq 0 ] || shift
case $what in
  '') echo 'hello argo' ;;
  echo) if [ $# -gt 1 ]; then mkdir -p "$(dirname "$2")"; echo "$1" > "$2"; else echo "${1:-hello argo}"; fi ;;
  cat) cat "$@" ;;
  assert_contains) grep -qF "$2" "$1" ;;
  sleep) sleep "$@" ;;
  exit) exit "${1:-0}" ;;
  *) echo "argosay: $what is not one of echo, cat, assert_contains, sleep, exit" >&2; exit 1 ;;
esac"""

# What stands before the arguments; empty where they are the command.
_ENTRY_POINTS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys((
        "alpine", "almalinux", "amazonlinux", "busybox", "buildpack-deps", "bash", "centos", "debian",
        "eclipse-temurin", "fedora", "gcc", "golang", "gradle", "maven", "node", "openjdk", "perl", "php", "python",
        "redhat/ubi8",
        "redhat/ubi9", "rockylinux", "ruby", "rust", "ubuntu", "docker/whalesay",
    ), ()),
    "alpine/git": ("git",),
    "amazon/aws-cli": ("aws",),
    "argoproj/argosay": ("sh", "-c", _SAY, "argosay"),
    "bitnami/kubectl": ("kubectl",),
    "curlimages/curl": ("curl",),
    "hashicorp/terraform": ("terraform",),
    "mikefarah/yq": ("yq",),
    "remuslazar/gnuplot": ("gnuplot",),
}  # fmt: skip
# What runs where there are neither a command nor arguments; elsewhere it is a shell.
_DEFAULTS: Final[Mapping[str, tuple[str, ...]]] = {
    "python": ("python3",), "node": ("node",), "alpine/git": ("--help",), "bitnami/kubectl": ("--help",),
}  # fmt: skip
_REGISTRY: Final = re.compile(r"^(docker\.io|index\.docker\.io|mirror\.gcr\.io|public\.ecr\.aws/docker)/(library/)?")

Commands = Mapping[str, tuple[str, ...]]


def plain(image: str) -> str:
    """An image without its tag and digest, and without Docker Hub's own name."""
    return _REGISTRY.sub("", re.sub(r"(:[^:/@]*)?(@.*)?$", "", image))


def command_of(image: str, args: tuple[str, ...]) -> tuple[str, ...]:
    """What runs where a manifest gives no command, before `args`; empty where it is not known, or where the arguments
    are the command."""
    name = plain(image)
    entry = _ENTRY_POINTS.get(name)
    if entry is None:
        return ()
    return entry if entry or args else _DEFAULTS.get(name, ("sh",))


def is_known(image: str) -> bool:
    """Whether it is known what an image runs."""
    return plain(image) in _ENTRY_POINTS


def read(pairs: Iterable[str]) -> Commands:
    """What `--image IMAGE=COMMAND` gives.

    Raises:
        UserError: one is not of that form.
    """
    found = {}
    for pair in pairs:
        image, equals, command = pair.partition("=")
        try:
            words = tuple(shlex.split(command))
        except ValueError as error:
            raise UserError(f"--image {pair}: {error}; wanted a command as in a shell") from None
        if not equals or not image or not words:
            raise UserError(
                f"--image {pair}: wanted IMAGE=COMMAND, for example --image ghcr.io/me/tool='python tool.py'"
            )
        found[image] = words
    return found


def put(document: Any, commands: Commands) -> None:
    """Write the commands of images into the containers of a document that have none."""
    if isinstance(document, dict):
        image = document.get("image")
        if isinstance(image, str) and not document.get("command"):
            command = commands.get(image) or commands.get(re.sub(r"(:[^:/@]*)?(@.*)?$", "", image))
            if command:
                document["command"] = list(command)
        for value in document.values():
            put(value, commands)
    elif isinstance(document, list):
        for value in document:
            put(value, commands)
