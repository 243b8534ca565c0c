"""A service on a real socket that gives out canaries, and says again whatever secret it was sent."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from urllib.parse import quote

from spyro_sdk.demo.http import HttpServer, Request, Response, json_response
from tests.leaks.canaries import canary

LONGEST = 60_000  # characters of what is said again


class Echo:
    """`/good` has two records, `/token` and `/device` give out tokens and codes; all else is refused."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.base_url = ""
        self.tokens = 0

    def __call__(self, request: Request) -> Response:
        self.seen.append(request)
        match request.path.rpartition("/")[2]:
            case "token" | "access_token":
                return self._token(request)
            case "code":
                return json_response(
                    {
                        "device_code": canary("device code"),
                        "user_code": "WDJB-MJHT",
                        "verification_uri": f"{self.base_url}/activate",
                        "interval": 0,
                        "expires_in": 60,
                    }
                )
            case "good":
                return Response(
                    200, b'[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]', {"ETag": '"1"', **_cookie()}
                )
            case "away":
                address = f"https://ana:{quote(canary('password in an address'), safe='')}@elsewhere.example/"
                return json_response(
                    {"items": [{"id": 1}], "next": f"{address}?api_key={quote(canary('API key'), safe='')}"}
                )
            case "page":
                return Response(200, b"<html>Please sign in</html>", _cookie(), "text/html")
            case "dropped":
                return Response(dropped=True)
            case "old":
                return Response(302, b"", {"Location": f"https://elsewhere.example/?{request.target}"})
        return json_response({"message": said_again(request), "error": said_again(request)}, 401)

    def _token(self, request: Request) -> Response:
        form = request.form()
        if "refused" in form.get("client_id", ""):
            words = {"error": "invalid_grant", "error_description": said_again(request)}
            return json_response({**words, "access_token": canary("access token")}, 400)
        self.tokens += 1
        return json_response(
            {
                "access_token": canary("access token"),
                "refresh_token": canary("rotated refresh token"),
                "id_token": canary("id token"),
                "expires_in": 1 if self.tokens == 1 else 3600,
                "token_type": "Bearer",
            }
        )


def said_again(request: Request, turn: Iterator[int] = count()) -> str:  # noqa: B008  # one for all
    """What came with a request, in several encodings, each time beginning with something else."""
    texts = [text.encode("latin-1").decode(errors="replace") for text in request.headers.values()]
    texts += [*request.query.values(), *request.form().values()] if request.body else request.query.values()
    said = [it for text in texts for it in (text, quote(text), b64encode(text.encode()).decode())]
    said = [it for it in said if len(it) >= 20] or ["nothing"]
    first = next(turn) % len(said)
    return " ".join([*said[first:], *said[:first]])[:LONGEST]


def _cookie() -> dict[str, str]:
    return {"Set-Cookie": f"session={quote(canary('cookie'), safe='')}; Path=/"}


@contextmanager
def echoing() -> Iterator[Echo]:
    """Run the service, on a free port of 127.0.0.1."""
    echo = Echo()
    server = HttpServer(echo)
    echo.base_url = server.base_url
    server.start()
    try:
        yield echo
    finally:
        server.stop()


def wire(requests: list[Request]) -> str:
    """All that was sent, as one text."""
    lines: list[Any] = []
    for it in requests:
        headers = {name: text.encode("latin-1").decode(errors="replace") for name, text in it.headers.items()}
        body = it.body.decode(errors="replace")
        lines.append([it.method, it.target, it.query, headers, body, it.form() if it.body else {}])
    return json.dumps(lines, ensure_ascii=False)
