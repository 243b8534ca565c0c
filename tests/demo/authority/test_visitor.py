"""The person at a browser who is not there."""

import pytest

from spyro_sdk.demo.authority.visitor import MOST_PAGES, Visitor
from spyro_sdk.demo.http import HttpServer, Response, html_response
from spyro_sdk.demo.server import Service
from tests.demo.authority.conftest import App


def test_who_was_here_is_not_asked_to_log_in_again(app: App, own: Service) -> None:
    visitor = Visitor()
    assert visitor.visit(app.url()).address
    before = len(own.requests)
    assert visitor.visit(app.url()).address
    assert [seen.path for seen in own.requests[before:]] == ["/services/oauth2/authorize", "/consent"]


def test_a_page_without_a_form_is_the_end() -> None:
    server = HttpServer(lambda request: html_response(b"<title>t</title><p>Good <b>bye</b>"))
    server.start()
    assert Visitor().visit(server.base_url) == (None, "Good bye")
    server.stop()


def test_pages_without_end_are_not_followed_for_ever() -> None:
    asked: list[str] = []

    def there(request: object) -> Response:
        asked.append("x")
        return Response(302, headers={"Location": "/again"})

    server = HttpServer(there)
    server.start()
    with pytest.raises(RuntimeError, match="no end of pages"):
        Visitor().visit(server.base_url)
    server.stop()
    assert len(asked) == MOST_PAGES
