"""Reading where an artifact is that no step of the workflow puts out, or where one is to be put: an address, a git
repository, an object store.

https://argo-workflows.readthedocs.io/en/latest/walk-through/hardwired-artifacts/
"""

from collections.abc import Callable, Iterable
from typing import Final

from pipeline.engine.manifest.fields import Fields
from pipeline.engine.spec import Location, Variable

_OTHERS: Final = ("gcs", "hdfs", "oss", "azure", "artifactory", "plugin")


def read_location(fields: Fields) -> Location | None:
    """The field that says where an artifact is, if there is one."""
    fields.unsupported(*_OTHERS)
    archive = fields.mapping("archive")
    packed = archive is None or archive.mapping("none") is None
    if archive is not None:
        archive.ignore("tar", "zip")
        archive.done()
    found = [fields.read(kind, reader) for kind, reader in _READERS.items() if fields.has(kind)]
    if len(found) > 1:
        fields.refuse("is in more than one place")
    location = found[0] if found else None
    return Location(location.kind, location.fields, location.secrets, packed) if location is not None else None


def _http(fields: Fields) -> Location:
    headers = {f"header {name}": value for name, value in fields.read_each("headers", _header)}
    auth = fields.mapping("auth")
    secrets: tuple[Variable, ...] = ()
    if auth is not None:
        auth.unsupported("oauth2", "clientCert")
        secrets = auth.read("basicAuth", lambda basic: _secrets(basic, ("usernameSecret", "passwordSecret"))) or ()
        auth.done()
    return Location("http", {"url": fields.required("url"), **headers}, secrets)


def _header(fields: Fields) -> tuple[str, str]:
    return fields.required("name"), fields.text("value")


def _git(fields: Fields) -> Location:
    fields.ignore("insecureIgnoreHostKey", "insecureSkipTLS", "fetch")
    found = {name: fields.any_text(name) or "" for name in ("repo", "revision", "branch", "depth")}
    if not found["repo"]:
        fields.refuse("is missing", "repo")
    flags = {name: "yes" if fields.flag(name) else "" for name in ("singleBranch", "disableSubmodules")}
    secrets = _secrets(fields, ("usernameSecret", "passwordSecret", "sshPrivateKeySecret"))
    return Location("git", {**found, **flags}, secrets)


def _s3(fields: Fields) -> Location:
    fields.ignore("createBucketIfNotPresent", "encryptionOptions", "caSecret", "useSDKCreds", "roleARN")
    found = {name: fields.text(name) for name in ("endpoint", "bucket", "region", "key")}
    insecure = {"insecure": "yes" if fields.flag("insecure") else ""}
    return Location(
        "s3", {**found, **insecure}, _secrets(fields, ("accessKeySecret", "secretKeySecret", "sessionTokenSecret"))
    )


def _secrets(fields: Fields, names: Iterable[str]) -> tuple[Variable, ...]:
    """The keys of Secrets that some fields name, each as a variable of that field's name."""
    return tuple(found for name in names if (found := fields.read(name, _reference(name))) is not None)


def _reference(name: str) -> Callable[[Fields], Variable]:
    def read(fields: Fields) -> Variable:
        fields.ignore("optional")
        return Variable(name, None, "secret", fields.required("name"), fields.required("key"))

    return read


_READERS: Final = {"http": _http, "git": _git, "s3": _s3}
