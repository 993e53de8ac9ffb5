"""A leaf that is a request: `http` templates.

https://argo-workflows.readthedocs.io/en/latest/http-template/
"""

import ssl
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from pipeline.engine.execution.leaves import PARAMETER_BYTES, Outcome, explain
from pipeline.engine.host import Host
from pipeline.engine.language import expr
from pipeline.engine.places import Place
from pipeline.engine.scheduler.events import Outputs
from pipeline.engine.spec import Http, Template
from pipeline.errors import PipelineError


def call(template: Template, place: Place, host: Host) -> Outcome:
    """Make the request of an `http` template, and judge its answer."""
    http = template.http
    if http is None:
        return Outcome("Error", f"{template.name} is no http template")
    try:
        place.prepare()
        headers = _headers(http, host)
        code, body, received = _answer(http, headers)
        place.stdout.write_text(body, encoding="utf-8")
        outputs = Outputs({each.name: each.value or "" for each in template.outputs.parameters}, result=body)
        problem = _problem(http, headers, code, body, received)
    except (PipelineError, OSError, ValueError, expr.NotEvaluated) as error:
        return Outcome("Error", explain(error))
    finally:
        place.drop_scratch()
    return Outcome("Failed", problem, outputs) if problem else Outcome("Succeeded", "", outputs)


def _headers(http: Http, host: Host) -> dict[str, str]:
    found = {}
    for header in http.headers:
        value = header.value or ""
        if header.kind is not None:
            keys = host.environment(header.kind, header.source)
            if header.key not in keys:
                raise PipelineError(
                    f"the header {header.name} wants the key {header.key} of the secret {header.source}"
                )
            value = keys[header.key]
        found[header.name] = value
    return found


def _answer(http: Http, headers: dict[str, str]) -> tuple[int, str, dict[str, list[str]]]:
    """The status, the body and the headers of the answer; an answer that is an error is one too."""
    if urlsplit(http.url).scheme not in ("http", "https"):
        raise ValueError(f"http.url is {http.url!r}; wanted an address that begins with http:// or https://")
    if not http.timeout_seconds.isdecimal():
        raise ValueError(f"http.timeoutSeconds is {http.timeout_seconds!r}; wanted a whole number")
    context = ssl.create_default_context()
    if http.insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    opener = build_opener(HTTPSHandler(context=context), ProxyHandler())
    request = Request(http.url, http.body.encode() or None, method=http.method)  # noqa: S310 - see above
    secret = {header.name for header in http.headers if header.kind is not None}
    for name, value in headers.items():
        another_host_too = name not in secret and name.lower() not in ("authorization", "cookie")
        (request.add_header if another_host_too else request.add_unredirected_header)(name, value)
    try:
        answer = opener.open(request, timeout=float(http.timeout_seconds))
    except HTTPError as error:
        answer = error
    except URLError as error:
        raise ValueError(f'{http.method} "{http.url}": {error.reason}') from None
    with answer:
        body = answer.read(PARAMETER_BYTES + 1)
        if len(body) > PARAMETER_BYTES:
            raise ValueError(f"{http.url} answered with more than 256 KB; fetch it as an artifact")
        received: dict[str, list[str]] = {}
        for name, value in answer.headers.items():
            received.setdefault("-".join(part.capitalize() for part in name.split("-")), []).append(value)
        return int(answer.status or 0), body.decode("utf-8", "replace"), received


def _problem(http: Http, headers: dict[str, str], code: int, body: str, received: dict[str, list[str]]) -> str:
    """Why the answer is no success; empty if it is one."""
    if not http.success:
        return "" if 200 <= code < 300 else f"received non-2xx response code: {code}"
    request = {"method": http.method, "url": http.url, "body": http.body}
    known = {
        "request": {**request, "headers": {name: [value] for name, value in headers.items()}},
        "response": {"statusCode": code, "body": body, "headers": received},
    }
    return "" if expr.holds(http.success, known) else f"successCondition '{http.success}' evaluated false"
