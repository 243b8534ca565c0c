"""What is said of who comes in is so: else schedules would prove nothing."""

from __future__ import annotations

from spyro_sdk.demo.http import Request, Response

from .door import TOKEN, Door, Porter, Quota


def app(request: Request) -> Response:
    return Response(200, b"in")


def asked(porter: Porter, token: str = "") -> Response:
    return porter(Request("GET", "/items", {}, {"authorization": f"Bearer {token}"}))


def renewed(porter: Porter, refresh: str) -> Response:
    return porter(Request("POST", TOKEN, {}, {}, f"refresh_token={refresh}".encode()))


def test_a_token_is_good_for_so_many_requests_and_its_refresh_token_once() -> None:
    porter = Porter(app, Door((2,)))
    first = str(porter.settings("http://x")["refresh_token"])
    assert asked(porter, "none").status == 401
    assert renewed(porter, first).status == 200
    token = f"access-{porter.name}-1"
    assert [asked(porter, token).status for _ in range(3)] == [200, 200, 401]
    assert porter.misused == 0
    assert renewed(porter, first).status == 400
    assert porter.misused == 1
    assert renewed(porter, f"refresh-{porter.name}-1").status == 200
    assert asked(porter, token).status == 401
    assert [asked(porter, f"access-{porter.name}-2").status for _ in range(9)] == [200] * 9


def test_tokens_cannot_be_had_while_the_service_is_busy() -> None:
    porter = Porter(app, Door((2,), busy=1))
    first = str(porter.settings("http://x")["refresh_token"])
    assert [renewed(porter, first).status for _ in range(2)] == [503, 200]
    assert porter.misused == 0


def test_a_quota_is_kept_to_exactly_and_told() -> None:
    now = 0.0
    porter = Porter(app, Door(quota=Quota(2, 10.0, is_told=True)), clock=lambda: now)
    told = [asked(porter) for _ in range(3)]
    assert [it.status for it in told] == [200, 200, 429]
    assert [it.headers["X-RateLimit-Remaining"] for it in told] == ["1", "0", "0"]
    now = 4.0
    assert asked(porter).headers["Retry-After"] == "6.001"
    assert porter.refused == [2]
    now = 10.0
    assert asked(porter).status == 200
    assert porter.refused == [2, 0]


def test_without_a_door_anybody_may_come() -> None:
    porter = Porter(app, Door())
    assert porter.settings("http://x") == {}
    assert asked(porter).status == 200
