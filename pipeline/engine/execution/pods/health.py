"""Asks a server by gRPC whether it is well, as the kubelet's `grpc` probe does: one call over one connection.

It is so little of HTTP/2 that it needs no library: the request's headers are written out, of the answer only its data
matter. https://github.com/grpc/grpc/blob/master/doc/health-checking.md and RFC 9113.
"""

import socket
import struct
from collections.abc import Iterator
from typing import Final

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GO_AWAY = 0, 1, 3, 4, 6, 7
_ACK, _END_STREAM, _END_HEADERS, _PADDED = 1, 1, 4, 8
_SERVING: Final = b"\x08\x01"  # of protobuf: the field 1 is 1


def is_serving(host: str, port: int, service: str, timeout: float) -> bool:
    """Whether the service (empty: the whole server) says that it serves.

    Raises:
        OSError: nobody answers in time.
    """
    with socket.create_connection((host, port), timeout) as connection:
        connection.settimeout(timeout)
        name = service.encode()
        asked = b"\x0a" + bytes([len(name)]) + name if name else b""
        connection.sendall(
            _PREFACE
            + _frame(_SETTINGS, 0, 0, b"")
            + _frame(_HEADERS, _END_HEADERS, 1, _headers(f"{host}:{port}"))
            + _frame(_DATA, _END_STREAM, 1, b"\0" + struct.pack(">I", len(asked)) + asked)
        )
        answer = b""
        for kind, flags, payload in _frames(connection):
            if kind == _SETTINGS and not flags & _ACK:
                connection.sendall(_frame(_SETTINGS, _ACK, 0, b""))
            elif kind == _PING and not flags & _ACK:
                connection.sendall(_frame(_PING, _ACK, 0, payload))
            elif kind == _DATA:
                answer += payload[1 : len(payload) - payload[0]] if flags & _PADDED else payload
            if kind in (_RESET, _GO_AWAY) or (kind in (_DATA, _HEADERS) and flags & _END_STREAM):
                break
        return answer[5:].startswith(_SERVING)


def _headers(authority: str) -> bytes:
    """The request's headers in HPACK, each written out (RFC 7541, 6.2.2): none has more than 126 bytes."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": "/grpc.health.v1.Health/Check",
        ":authority": authority,
        "te": "trailers",
        "content-type": "application/grpc",
    }
    return b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in fields.items()
    )


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def _frames(connection: socket.socket) -> Iterator[tuple[int, int, bytes]]:
    """Kind, flags and payload of what arrives, until the other side ends."""
    with connection.makefile("rb") as stream:
        while len(head := stream.read(9)) == 9:
            yield head[3], head[4], stream.read(int.from_bytes(head[:3]))
