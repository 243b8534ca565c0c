"""The page where a person types the code that an app without a browser shows (RFC 8628, section 3.3)."""

from __future__ import annotations

from spyro_sdk.demo.authority import pages
from spyro_sdk.demo.authority.desk import Desk, with_headers
from spyro_sdk.demo.authority.devices import Device, Devices
from spyro_sdk.demo.authority.errors import Fault
from spyro_sdk.demo.authority.sessions import Ask, Session
from spyro_sdk.demo.http import Request, Response

TRIES = 10  # wrong codes from one browser (section 5.1)


class Connect:
    """Finds the app that a code belongs to, and has the person asked."""

    def __init__(self, desk: Desk, devices: Devices) -> None:
        self.desk, self.devices = desk, devices

    def page(self, request: Request) -> Response:
        """Answer `GET`; a code in the address is filled in, and still has to be sent by hand."""
        session = self.desk.sessions.of(request)
        headers: dict[str, str] = {}
        if session is None:
            session = Session()
            headers = self.desk.sessions.keep(session)
        code = request.query.get("user_code", "")
        return with_headers(pages.device(self.desk.look, session.csrf, code), headers)

    def typed(self, request: Request) -> Response:
        """Answer `POST`."""
        form, session = request.form(), self.desk.sessions.of(request)
        if session is None or not session.sent(form):
            raise Fault("This form was not shown to you", "Your browser has to keep cookies. Try again.", 403)
        if session.wrong_codes >= TRIES:
            raise Fault("Too many wrong codes", "Ask the app for a new code, and try again later.", 429)
        code = form.get("user_code", "")
        device = self.devices.typed(code)
        if device is None:
            session.wrong_codes += 1
            complaint = "No app waits for this code. It may be mistyped, used already, or too old."
            return pages.device(self.desk.look, session.csrf, code, complaint)
        return self.desk.ask(request, self._ask(device))

    def _ask(self, device: Device) -> Ask:
        def settle(granted: tuple[str, ...] | None) -> Response:
            device.settle(granted)
            if granted is None:
                return pages.told(
                    self.desk.look, "Access denied", "The app gets nothing. You may close this page."
                )
            return pages.told(
                self.desk.look, "The app is connected", "You may close this page and go back to it."
            )

        return Ask(device.scopes, settle, user_code=device.user_code)
