"""Requests are read as they come, in whatever pieces; answers go out whole."""

from __future__ import annotations

import http.client
import json
import socket
import time
from contextlib import closing
from urllib.parse import urlsplit

from service.http import Answer, Request, listen


def echo(request: Request) -> Answer:
    """Say what was understood."""
    told = {
        "method": request.method,
        "path": request.path,
        "params": request.params,
        "body": request.body.decode(),
        "gzip": request.takes_gzip,
        "host": request.host,
    }
    delay = float(request.params.get("delay", 0))
    return Answer((json.dumps(told).encode(),), headers={"X-Told": "yes"}, delay=delay)


def connected(address: str) -> http.client.HTTPConnection:
    url = urlsplit(address)
    return http.client.HTTPConnection(url.hostname or "", url.port)


def test_one_connection_serves_many_requests() -> None:
    with closing(connected(listen(echo))) as connection:
        connection.request("GET", "/items/?page=2&q=a%20b", headers={"Accept-Encoding": "br, gzip"})
        answer = connection.getresponse()
        told = json.load(answer)
        assert (answer.status, answer.headers["X-Told"]) == (200, "yes")
        assert (told["path"], told["params"], told["gzip"]) == ("/items", {"page": "2", "q": "a b"}, True)
        connection.request("POST", "/jobs", body="{1}", headers={"Accept-Encoding": "identity"})
        told = json.load(connection.getresponse())
        assert (told["method"], told["body"], told["gzip"]) == ("POST", "{1}", False)
        assert told["host"].startswith("127.0.0.1:")


def test_a_request_in_pieces_and_two_in_one_piece_are_understood() -> None:
    url = urlsplit(listen(echo))
    with socket.create_connection((url.hostname, url.port), timeout=5) as connection:
        for piece in (b"POST /a HTTP/1.1\r\nContent-", b"Length: 4\r\n\r\nab", b"cd"):
            connection.sendall(piece)
            time.sleep(0.01)
        connection.sendall(b"GET /b HTTP/1.1\r\n\r\n" + b"GET /c HTTP/1.1\r\nConnection: close\r\n\r\n")
        came = b""
        while piece := connection.recv(4096):  # it closes behind the last
            came += piece
    told = [
        json.loads(it.partition(b"\r\n\r\n")[2].partition(b"HTTP/1.1")[0]) for it in came.split(b"200 OK")[1:]
    ]
    assert [(it["path"], it["body"]) for it in told] == [("/a", "abcd"), ("/b", ""), ("/c", "")]


def test_a_large_answer_in_parts_arrives_whole_at_a_slow_reader() -> None:
    parts = (b"a" * 3_000_000, memoryview(b"b" * 9_000_000), b"", b"c")
    url = urlsplit(listen(lambda request: Answer(parts)))
    with socket.create_connection((url.hostname, url.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
        time.sleep(0.05)
        came = bytearray()
        while piece := connection.recv(1 << 20):
            came += piece
    head, _, body = bytes(came).partition(b"\r\n\r\n")
    assert b"Content-Length: 12000001" in head
    assert body == b"a" * 3_000_000 + b"b" * 9_000_000 + b"c"


def test_an_answer_waits_as_long_as_it_is_told_and_holds_nobody_else_up() -> None:
    address = listen(echo)
    with closing(connected(address)) as slow, closing(connected(address)) as quick:
        started = time.perf_counter()
        slow.request("GET", "/?delay=0.5")
        quick.request("GET", "/")
        quick.getresponse().read()
        assert time.perf_counter() - started < 0.5
        slow.getresponse().read()
        assert time.perf_counter() - started >= 0.5


def test_who_leaves_in_the_middle_harms_nobody() -> None:
    address = listen(echo)
    url = urlsplit(address)
    for said in (b"", b"GET /", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nab"):
        with socket.create_connection((url.hostname, url.port), timeout=5) as connection:
            connection.sendall(said)
    with closing(connected(address)) as connection:
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
