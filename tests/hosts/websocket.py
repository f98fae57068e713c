"""A WebSocket (RFC 6455) of one message."""

from __future__ import annotations

import base64
import hashlib
import socket

_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_MASK = b"\x01\x02\x03\x04"


def echo(address: str, site: str, path: str, text: str) -> str:
    """Send a short text, and return the first one that comes back; the handshake must succeed."""
    handshake = (
        f"GET {path} HTTP/1.1\r\nHost: {site}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {_KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with socket.create_connection((address, 80), 20) as sock, sock.makefile("rb") as stream:
        sock.sendall(handshake.encode())
        head = b""
        while (line := stream.readline()) not in (b"\r\n", b""):
            head += line
        assert head.startswith(b"HTTP/1.1 101"), head
        digest = hashlib.sha1(f"{_KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        assert base64.b64encode(digest) in head
        masked = bytes(byte ^ _MASK[i % 4] for i, byte in enumerate(text.encode()))
        sock.sendall(bytes([0x81, 0x80 | len(masked)]) + _MASK + masked)
        _, length = stream.read(2)
        return stream.read(length).decode()
