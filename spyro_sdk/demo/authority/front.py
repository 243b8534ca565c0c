"""The pages of a service where people sign in: which address shows what."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from spyro_sdk.demo.authority import pages
from spyro_sdk.demo.authority.authorize import Authorize
from spyro_sdk.demo.authority.connect import Connect
from spyro_sdk.demo.authority.desk import Desk
from spyro_sdk.demo.authority.errors import Fault
from spyro_sdk.demo.http import Request, Response

Handler = Callable[[Request], Response]


def front(desk: Desk, authorize: Authorize, connect: Connect, path: str) -> dict[str, Mapping[str, Handler]]:
    """The handlers of each address and method; `path` is that of the authorization endpoint."""
    handlers: dict[str, Mapping[str, Handler]] = {
        path: {"GET": authorize},
        desk.look.login_path: {"POST": desk.login},
        desk.look.consent_path: {"GET": desk.consent, "POST": desk.settle},
        desk.look.device_path: {"GET": connect.page, "POST": connect.typed},
    }
    return {
        where: {method: _explained(desk, handler) for method, handler in ways.items()}
        for where, ways in handlers.items()
    }


def _explained(desk: Desk, handler: Handler) -> Handler:
    """A handler whose faults a person is told."""

    def answer(request: Request) -> Response:
        try:
            return handler(request)
        except Fault as fault:
            return pages.told(desk.look, fault.heading, fault.advice, fault.status)

    return answer
