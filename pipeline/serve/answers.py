"""Answers: objects as JSON, streams in the two forms that clients read, and what goes wrong in Argo Server's form."""

import json
from collections.abc import AsyncIterator
from typing import Any, Final

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from pipeline.errors import PipelineError
from pipeline.serve.problems import Problem, as_problem, invalid

LARGEST_BODY: Final = 32 * 2**20  # bytes; a Workflow of a cluster has at most 1.5 MB
_BODY_SECONDS: Final = 30.0
_KEEP_ALIVE_SECONDS: Final = 15.0
_EVENTS: Final = "text/event-stream"


def encode(value: Any) -> bytes:
    """As JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def answer(value: Any) -> Response:
    """An object. Only 200 is success for `argo`."""
    return Response(encode(value), media_type="application/json")


def refusal(problem: Problem) -> Response:
    """What went wrong."""
    return Response(encode(problem.body()), problem.status, media_type="application/json")


async def on_problem(_request: Request, error: Exception) -> Response:
    """What went wrong, for any error of ours."""
    if isinstance(error, Problem):
        return refusal(error)
    if isinstance(error, PipelineError):
        return refusal(as_problem(error))
    return refusal(Problem(13, f"{type(error).__name__}: {error}"))


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object that a request brings; empty where it brings nothing, as the UI's do.

    Raises:
        Problem: it is none, it is too large, or it does not end.
    """
    found = bytearray()
    try:
        with anyio.fail_after(_BODY_SECONDS):
            async for part in request.stream():
                found += part
                if len(found) > LARGEST_BODY:
                    raise invalid(f"the body is larger than {LARGEST_BODY // 2**20} MB")
    except TimeoutError:
        raise invalid(f"the body did not end within {_BODY_SECONDS:g} seconds") from None
    except ClientDisconnect:
        raise invalid("the client went away") from None
    if not found.strip():
        return {}
    try:
        value = json.loads(found)
    except (ValueError, RecursionError) as error:
        raise invalid(f"the body is not JSON: {str(error) or 'nested too deeply'}") from None
    if not isinstance(value, dict):
        raise invalid("the body is no JSON object")
    return value


def stream(request: Request, items: AsyncIterator[dict[str, Any]]) -> Response:
    """Items as they come: as server-sent events where the client wants these, else one JSON object a line. The headers
    go out at once, since the UI waits for them."""
    events = _EVENTS in request.headers.get("accept", "")
    return StreamingResponse(
        _framed(items, events=events),
        media_type=_EVENTS if events else "application/json",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


async def _framed(items: AsyncIterator[dict[str, Any]], *, events: bool) -> AsyncIterator[bytes]:
    """`argo` cuts exactly six characters off a line, `data: `, and knows no other line but a comment's."""
    sender, receiver = anyio.create_memory_object_stream[bytes](16)

    async def read() -> None:
        async with sender:
            try:
                async for item in items:
                    await sender.send(_frame({"result": item}, events=events))
            except Problem as problem:
                await sender.send(_frame(problem.in_stream(), events=events))
            except PipelineError as error:
                await sender.send(_frame(as_problem(error).in_stream(), events=events))

    if events:
        yield b":\n\n"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        while True:
            part = b":\n\n" if events else b""
            with anyio.move_on_after(_KEEP_ALIVE_SECONDS):
                try:
                    part = await receiver.receive()
                except anyio.EndOfStream:
                    break
            if part:
                yield part
        tasks.cancel_scope.cancel()


def _frame(item: dict[str, Any], *, events: bool) -> bytes:
    return b"data: " + encode(item) + b"\n\n" if events else encode(item) + b"\n"
