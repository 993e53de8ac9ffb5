"""What goes wrong, with Argo Server's codes and its form of an answer: `{"code": <gRPC>, "message": "…"}`."""

from typing import Final

from pipeline.errors import PipelineError, Refused, UserError

HTTP_STATUS: Final = {3: 400, 5: 404, 6: 409, 7: 403, 9: 400, 10: 409, 12: 501, 13: 500, 16: 401}
"""By gRPC code, what HTTP says. https://grpc.io/docs/guides/status-codes/"""


class Problem(Exception):
    """An answer that is none. `code`: of gRPC."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message

    @property
    def status(self) -> int:
        """What HTTP says."""
        return HTTP_STATUS[self.code]

    def body(self) -> dict[str, object]:
        """What a client reads."""
        return {"code": self.code, "message": self.message}

    def in_stream(self) -> dict[str, object]:
        """The same as an item of a stream that has begun."""
        status = {400: "Bad Request", 404: "Not Found", 409: "Conflict"}.get(self.status, "Internal Server Error")
        return {
            "error": {
                "grpc_code": self.code, "http_code": self.status, "message": self.message, "http_status": status
            }
        }  # fmt: skip


def invalid(message: str) -> Problem:
    """The request is wrong."""
    return Problem(3, message)


def not_found(kind: str, name: str) -> Problem:
    """In Kubernetes' words, which clients look for."""
    return Problem(5, f'{kind}.argoproj.io "{name}" not found')


def there_already(kind: str, name: str) -> Problem:
    """Likewise."""
    return Problem(6, f'{kind}.argoproj.io "{name}" already exists')


def unimplemented(what: str) -> Problem:
    """Argo Server has it, this has not."""
    return Problem(12, f"{what} is not served on this machine; a cluster's Argo Server has it")


def as_problem(error: PipelineError) -> Problem:
    """An error of ours. What the engine does not run may be valid for Argo, so the message says who refuses."""
    if isinstance(error, Refused):
        return invalid(f"not run on this machine: {error}")
    return invalid(str(error)) if isinstance(error, UserError) else Problem(13, str(error))
