"""What the service can give: one socket, no HTTP library, no latency, the bytes overwritten as they come."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from stopwatch import ACTION, ADDRESS, look_at_bytes, measure

WIRE, PAGES = ACTION.split()
REQUEST = "GET /pages/{}/{} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
BUFFER = memoryview(bytearray(2**20))


def read_page(connection: socket.socket, number: int) -> int:
    """Read one page; return the bytes in its body."""
    connection.sendall(REQUEST.format(WIRE, number).encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(2**12)
    head, _, start = head.partition(b"\r\n\r\n")
    size = int(head.partition(b"Content-Length: ")[2].split()[0])
    left = size - len(start)
    while left:
        left -= connection.recv_into(BUFFER, min(left, len(BUFFER)))
    return size


def read_all() -> int:
    """Read every page; return the bytes in them."""
    address = urlsplit(ADDRESS)
    with socket.create_connection((address.hostname, address.port)) as connection:
        return sum(read_page(connection, number) for number in range(int(PAGES)))


measure(read_all, look_at_bytes)
