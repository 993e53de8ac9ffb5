"""The licences of what is shipped: `python -m tests.house.licences` writes docs/licences.md.

What belongs to the wheel and to each image is what `uv export` makes of the locks; the licence is what the package's
own metadata say. A licence that is not in ALLOWED needs an entry in KNOWN, with the reason why it may be there.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from tests import ROOT

PAGE: Final = ROOT / "docs" / "licences.md"
FEATURES: Final = ROOT / "steps" / "featurestore" / "locked"
SHIPPED: Final[dict[str, tuple[Path, tuple[str, ...]]]] = {
    "wheel": (ROOT, ()),
    "laptop": (ROOT, ("laptop",)),
    "steps": (ROOT, ("steps", "platform")),
    "page": (ROOT, ("steps", "platform")),
    "notebooks": (ROOT, ("steps", "notebooks")),
    "features": (FEATURES, ()),
    "serve": (ROOT, ("serving",)),
    "mlflow": (ROOT, ("tracking",)),
}
"""What is shipped: the wheel's own needs, its extra `laptop`, and the images; each with its lock and extras of it."""
ALLOWED: Final = frozenset(
    (
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU"),
        *("MPL-2.0", "PSF-2.0", "Unlicense", "Zlib"),
    )
)
KNOWN: Final[dict[str, str]] = {
    "psycopg": "LGPL-3.0: used unchanged, as a library that can be replaced",
    "psycopg-binary": "LGPL-3.0: likewise",
    "psycopg-pool": "LGPL-3.0: likewise",
    "psycopg2-binary": "LGPL-3.0 with exceptions: likewise",
    "seldon-core": "BUSL-1.1: read it before production; 1.17.1 is the last under Apache-2.0",
}
_UNTOLD: Final = {"huey": "MIT", "skops": "MIT"}
"""Licences that stand only in the file that comes with a package."""
_NAMES: Final = (
    (r"business source", "BUSL-1.1"),
    (r"lesser general public|lgpl", "LGPL-3.0"),
    (r"mozilla|mpl", "MPL-2.0"),
    (r"apache", "Apache-2.0"),
    (r"python software|^psf", "PSF-2.0"),
    (r"isc license|^isc$", "ISC"),
    (r"(simplified|2-clause) bsd|bsd[ -]2", "BSD-2-Clause"),
    (r"^(the )?mit( license)?\b(?!-)|expat", "MIT"),
    (r"unlicense", "Unlicense"),
    (r"bsd", "BSD-3-Clause"),
)
_HEAD: Final = """\
# Licences

This project is Apache-2.0. Below is what comes with it: with the wheel (`pip install`), with its extra `laptop`, and in
each image. Written by `make licences` from the locks and the packages' own metadata; a test refuses what is not listed
as allowed. `make sbom` writes the same as CycloneDX.

"""


@dataclass(frozen=True)
class Package:
    """A package as a lock has it, and its licence as it names it."""

    name: str
    version: str
    licence: str

    @property
    def allowed(self) -> bool:
        """Whether each part of its licence is allowed, or it is known."""
        return self.name in KNOWN or (bool(self.licence) and set(_parts(self.licence)) <= ALLOWED)


def locked(lock: Path, extras: tuple[str, ...]) -> dict[str, str]:
    """The names and versions of what a lock installs on Linux with those extras."""
    words = ["--frozen", "--no-default-groups", "--no-emit-project", "--format", "cyclonedx1.5"]
    words += [word for extra in extras for word in ("--extra", extra)]
    done = subprocess.run([_uv(), "export", "--quiet", "--offline", *words], cwd=lock, capture_output=True, check=True)
    return {each["name"]: each["version"] for each in json.loads(done.stdout)["components"] if _here(each)}


def installed(folder: str | None = None) -> dict[str, str]:
    """The licence of each package that is installed here, or in that folder."""
    found = metadata.distributions(path=[folder]) if folder else metadata.distributions()
    return {_plain(each.metadata["Name"]): licence_of(each.metadata) for each in found}


def licence_of(told: metadata.PackageMetadata) -> str:
    """A licence as SPDX writes it, of a package's metadata; empty where they name none."""
    name = _plain(told["Name"])
    said = told.get("License-Expression") or " AND ".join(
        each.rpartition("::")[2].strip()
        for each in told.get_all("Classifier") or ()
        if each.startswith("License ::") and not each.endswith(("OSI Approved", "DFSG approved"))
    )
    said = said or next(iter((told.get("License") or "").strip().splitlines()), "")
    return _UNTOLD.get(name, " AND ".join(dict.fromkeys(_spdx(part) for part in _parts(said))))


def page(kinds: Mapping[str, Mapping[str, str]], licences: Mapping[str, str]) -> str:
    """The page: by package, with what it is part of."""
    parts: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, packages in kinds.items():
        for name, version in packages.items():
            parts[name, version].append(kind)
    lines = [_HEAD, "| package | version | licence | part of |\n|---|---|---|---|\n"]
    for (name, version), kind_names in sorted(parts.items()):
        licence = KNOWN.get(name, licences.get(name, ""))
        lines.append(f"| {name} | {version} | {licence} | {', '.join(kind_names)} |\n")
    return "".join(lines)


def listed(text: str) -> dict[tuple[str, str], Package]:
    """The packages that a page lists."""
    rows = re.findall(r"^\| ([\w.-]+) \| (\S+) \| (.*?) \| .*\|$", text, re.MULTILINE)
    return {(name, version): Package(name, version, licence) for name, version, licence in rows if name != "package"}


def _here(component: Mapping[str, object]) -> bool:
    """Whether its marker lets it onto Linux, where images run."""
    properties = component.get("properties") or ()
    marker = " ".join(str(each["value"]) for each in properties if each["name"] == "uv:package:marker")  # type: ignore[attr-defined]
    return not re.search(r"sys_platform == '(win32|darwin|emscripten)'", marker) or "'linux'" in marker


def _parts(licence: str) -> Iterator[str]:
    return (part.strip(" ()") for part in re.split(r"\bAND\b|\bOR\b|;", licence) if part.strip(" ()"))


def _spdx(said: str) -> str:
    if said in ALLOWED:
        return said
    return next((name for pattern, name in _NAMES if re.search(pattern, said, re.IGNORECASE)), said)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _uv() -> str:
    """Ours, which `make setup` brings, or the machine's."""
    return shutil.which("uv", path=str(ROOT / ".uv" / "bin")) or shutil.which("uv") or "uv"


def _of_features() -> dict[str, str]:
    """What the image `features` installs, which is no environment of this machine: made for a moment."""
    with tempfile.TemporaryDirectory() as folder:
        command = [_uv(), "sync", "--quiet", "--frozen", "--no-install-project", "--project", str(FEATURES)]
        command += ["--python", sys.executable]
        subprocess.run(command, env={**os.environ, "UV_PROJECT_ENVIRONMENT": folder}, check=True)
        (packages,) = Path(folder).glob("lib/python3.*/site-packages")
        return installed(str(packages))


def main() -> None:
    kinds = {kind: locked(*where) for kind, where in SHIPPED.items()}
    PAGE.write_text(page(kinds, _of_features() | installed()), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
