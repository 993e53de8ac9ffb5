"""Artifacts from outside the run: fetched from an address, a git repository or an object store; and put into one."""

import base64
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

from pipeline.engine.host import Host
from pipeline.engine.spec import Location
from pipeline.errors import PipelineError

_PATIENCE_SECONDS: Final = 60.0


def secrets_of(location: Location, host: Host) -> dict[str, str]:
    """The values of the Secrets that a location names, by the name of the field.

    Raises:
        PipelineError: one is not there.
    """
    found = {}
    for each in location.secrets:
        values = host.environment("secret", each.source)
        if each.key not in values:
            raise PipelineError(f"{each.name} wants the key {each.key} of the secret {each.source}, which has it not")
        found[each.name] = values[each.key]
    return found


def fetch(location: Location, target: Path, host: Host) -> None:
    """Bring what is there to `target`, a file or a folder.

    Raises:
        PipelineError: it cannot be had.
    """
    secrets = secrets_of(location, host)
    target.parent.mkdir(parents=True, exist_ok=True)
    if location.kind == "git":
        _clone(location.fields, secrets, target)
        return
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetching-") as folder:
        fetched = Path(folder) / "fetched"
        if location.kind == "http":
            _download(location.fields, secrets, fetched)
        else:
            host.download(location.fields, secrets, fetched)
        _unpack(fetched, target, location)


def put(location: Location, source: Path, host: Host) -> None:
    """Put a file or folder there, as one archive unless that is not wanted.

    Raises:
        PipelineError: it cannot be put there.
    """
    secrets = secrets_of(location, host)
    with tempfile.TemporaryDirectory() as folder:
        if location.packed:
            archive = Path(folder) / "archive.tgz"
            with tarfile.open(archive, "w:gz") as file:
                file.add(source, arcname=source.name)
            source = archive
        if location.kind == "s3":
            host.upload(location.fields, secrets, source)
        elif location.kind == "http" and source.is_file():
            _answer(_request(location.fields, secrets, "PUT", source.read_bytes())).close()
        else:
            raise PipelineError(f"an output artifact cannot be put into {location.kind}")


def _unpack(fetched: Path, target: Path, location: Location) -> None:
    """An archive is unpacked, unless it is meant as it is; what lies alone in it takes its place."""
    if not location.packed or fetched.is_dir() or not tarfile.is_tarfile(fetched):
        _move(fetched, target)
        return
    folder = fetched.with_name("unpacked")
    with tarfile.open(fetched) as archive:
        archive.extractall(folder, filter="data")
    inner = list(folder.iterdir())
    _move(inner[0] if len(inner) == 1 else folder, target)


def _move(source: Path, target: Path) -> None:
    if target.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        source.replace(target)


def _request(fields: Mapping[str, str], secrets: Mapping[str, str], method: str, body: bytes | None = None) -> Request:
    headers = {name.removeprefix("header "): value for name, value in fields.items() if name.startswith("header ")}
    if urlsplit(fields["url"]).scheme not in ("http", "https"):
        raise PipelineError(f"{fields['url']} is no http or https address")
    request = Request(fields["url"], data=body, headers=headers, method=method)  # noqa: S310 - of http, see above
    if "usernameSecret" in secrets or "passwordSecret" in secrets:
        pair = f"{secrets.get('usernameSecret', '')}:{secrets.get('passwordSecret', '')}"
        login = f"Basic {base64.b64encode(pair.encode()).decode()}"
        request.add_unredirected_header("Authorization", login)  # another host does not get it
    return request


def _answer(request: Request):  # type: ignore[no-untyped-def]
    try:
        return urlopen(request, timeout=_PATIENCE_SECONDS)  # noqa: S310 - of http, see above
    except HTTPError as error:
        raise PipelineError(f"{request.full_url} answered {error.code} {error.reason}") from None
    except (URLError, OSError) as error:
        raise PipelineError(f"{request.full_url} does not answer: {getattr(error, 'reason', error)}") from None


def _download(fields: Mapping[str, str], secrets: Mapping[str, str], target: Path) -> None:
    with _answer(_request(fields, secrets, "GET")) as answer, target.open("wb") as file:
        shutil.copyfileobj(answer, file)


def _clone(fields: Mapping[str, str], secrets: Mapping[str, str], target: Path) -> None:
    """A repository at its revision. Git asks nobody, and knows nothing of this user but what is given."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        env = {**_plain_environment(home), **_login(fields["repo"], secrets, home)}
        options = ["--depth", fields["depth"]] if fields["depth"] and not fields["revision"] else []
        options += ["--branch", fields["branch"]] if fields["branch"] else []
        options += ["--single-branch"] if fields["singleBranch"] else []
        options += [] if fields["disableSubmodules"] else ["--recurse-submodules"]
        _git(["clone", "--quiet", *options, "--", fields["repo"], str(target)], env)
        if fields["revision"]:
            _git(["-C", str(target), "checkout", "--quiet", fields["revision"], "--"], env)


def _plain_environment(home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "GIT_TERMINAL_PROMPT": "0",
        "LANG": "C.UTF-8",
    }


def _login(repository: str, secrets: Mapping[str, str], home: Path) -> dict[str, str]:
    """What lets git in: files in a folder of its own, so that no command line has a password."""
    found = {}
    if "sshPrivateKeySecret" in secrets:
        key = home / "key"
        key.touch(mode=0o600)
        key.write_text(secrets["sshPrivateKeySecret"], encoding="utf-8")
        found["GIT_SSH_COMMAND"] = f"ssh -i {key} -o IdentitiesOnly=yes -o StrictHostKeyChecking=accept-new"
    if "usernameSecret" in secrets:
        parts = urlsplit(repository)
        login = f"{quote(secrets['usernameSecret'], '')}:{quote(secrets.get('passwordSecret', ''), '')}"
        logins = home / "logins"
        logins.touch(mode=0o600)
        logins.write_text(f"{parts.scheme}://{login}@{parts.netloc}\n", encoding="utf-8")
        (home / ".gitconfig").write_text(f"[credential]\n\thelper = store --file {logins}\n", encoding="utf-8")
    return found


def _git(arguments: list[str], env: Mapping[str, str]) -> None:
    git = shutil.which("git")
    if git is None:
        raise PipelineError("git, which an artifact is fetched with, is not installed; install it")
    done = subprocess.run([git, *arguments], env=dict(env), capture_output=True, text=True, check=False)
    if done.returncode:
        said = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "")
        raise PipelineError(f"git {'clone' if 'clone' in arguments else 'checkout'} failed: {said}")
