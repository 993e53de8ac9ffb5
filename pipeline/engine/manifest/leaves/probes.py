"""Reading when a container is ready (`readinessProbe`), and the ports on which it listens.

https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
"""

from typing import Final

from pipeline.engine.manifest.fields import Fields
from pipeline.engine.spec import Port, Probe

_LONGEST: Final = 126  # bytes of a service's name
_KINDS: Final = ("httpGet", "tcpSocket", "exec", "grpc")


def read_port(fields: Fields) -> Port:
    """One entry of `ports`."""
    fields.ignore("hostIP", "hostPort", "protocol")
    return Port(fields.any_text("containerPort") or fields.refuse("is missing", "containerPort"), fields.text("name"))


def read_probe(fields: Fields) -> Probe:
    """The field `readinessProbe`."""
    fields.ignore("failureThreshold", "terminationGracePeriodSeconds")
    if sum(map(fields.has, _KINDS)) != 1:
        fields.refuse(f"must have exactly one of {', '.join(_KINDS)}")
    return Probe(
        **vars(
            fields.read("httpGet", _of_request)
            or fields.read("tcpSocket", _of_connection)
            or fields.read("exec", lambda inner: Probe("exec", command=inner.texts("command")))
            or fields.read("grpc", _of_service)
            or Probe("exec")
        )
        | {
            "delay": fields.number("initialDelaySeconds") or 0,
            "period": fields.number("periodSeconds") or 10,
            "timeout": fields.number("timeoutSeconds") or 1,
            "successes": fields.number("successThreshold") or 1,
        }
    )


def _of_connection(fields: Fields) -> Probe:
    return Probe("tcp", fields.any_text("port") or fields.refuse("is missing", "port"), fields.text("host"))


def _of_service(fields: Fields) -> Probe:
    port, service = fields.any_text("port") or fields.refuse("is missing", "port"), fields.text("service")
    if len(service.encode()) > _LONGEST:
        fields.refuse(f"has more than {_LONGEST} bytes", "service")
    return Probe("grpc", port, path=service)


def _of_request(fields: Fields) -> Probe:
    headers = fields.read_each("httpHeaders", lambda each: (each.required("name"), each.text("value")))
    return Probe(
        "http",
        fields.any_text("port") or fields.refuse("is missing", "port"),
        fields.text("host"),
        fields.text("path") or "/",
        fields.text("scheme") == "HTTPS",
        headers,
    )
