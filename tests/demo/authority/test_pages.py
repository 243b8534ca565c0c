"""What a person sees, and what nobody can do in his place."""

import re
from html.parser import HTMLParser
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from spyro_sdk.demo.authority.style import CSS
from spyro_sdk.demo.server import Service
from tests.demo.authority.conftest import App

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{CSS}&lt;"


class Page:
    """One answer, as a browser has it."""

    def __init__(self, status: int, headers: Any, text: str) -> None:
        self.status, self.headers, self.text = status, headers, text
        self.hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text))


class Browser:
    """Keeps a cookie, follows nothing, and sends what it is told to."""

    def __init__(self, service: Service, cookie: str = "") -> None:
        self.netloc, self.cookie = urlsplit(service.base_url).netloc, cookie

    def send(self, path: str, form: dict[str, str] | None = None) -> Page:
        connection = HTTPConnection(self.netloc, timeout=10)
        headers = {"Cookie": f"other=1; {self.cookie}"}
        body = None if form is None else urlencode(form)
        connection.request("GET" if form is None else "POST", path, body, headers)
        response = connection.getresponse()
        page = Page(response.status, response.headers, response.read().decode())
        connection.close()
        self.cookie = response.headers.get("Set-Cookie", self.cookie).partition(";")[0]
        return page

    def logged_in(self, asked: Page) -> Page:
        """The consent page."""
        form = {**asked.hidden, "username": "analyst@never-was.example", "password": "demo"}
        answer = self.send("/login", form)
        assert answer.status == 303
        return self.send(answer.headers["Location"])


@pytest.fixture
def browser(own: Service) -> Browser:
    return Browser(own)


class Outline(HTMLParser):
    """The tags of a page, in order; and whether they are closed as they were opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "input"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def all_pages(app: App, browser: Browser) -> dict[str, Page]:
    """Every page that there is."""
    pages = {"login": browser.send(app.path())}
    pages["wrong password"] = browser.send("/login", {**pages["login"].hidden, "username": EVIL})
    pages["consent"] = browser.logged_in(pages["login"])
    pages["device"] = browser.send(f"/setup/connect?{urlencode({'user_code': EVIL})}")
    pages["wrong code"] = browser.send("/setup/connect", {**pages["device"].hidden, "user_code": EVIL})
    client_id = app.service.credentials["client_id"]
    code = app.client.token_for(response_type="device_code", client_id=client_id).json["user_code"]
    pages["device consent"] = browser.send("/setup/connect", {**pages["device"].hidden, "user_code": code})
    pages["done"] = browser.send("/consent", {**pages["device consent"].hidden, "decision": "deny"})
    pages["fault"] = browser.send(app.path(redirect_uri=EVIL))
    pages["unknown app"] = browser.send(app.path(client_id=EVIL))
    return pages


def test_every_page_is_plain_and_complete(app: App, browser: Browser, own: Service) -> None:
    own.signing.lets_choose = True
    for name, page in all_pages(app, browser).items():
        tags = Outline(page.text).tags
        names = [tag for tag, _ in tags]
        assert names.count("h1") == 1, name
        assert "script" not in names
        assert ("html", {"lang": "en"}) in tags
        fields = [it for tag, it in tags if tag == "input" and it["type"] in ("text", "password")]
        labels = {it.get("for") for tag, it in tags if tag == "label"}
        assert {it["id"] for it in fields} <= labels, name
        assert not any(it.startswith("on") for _, attributes in tags for it in attributes)
        assert "color-scheme: light dark" in page.text


def test_whatever_comes_from_outside_is_escaped(app: App, browser: Browser, own: Service) -> None:
    own.client.name = EVIL
    own.client.scopes = {"api": EVIL, "id": EVIL}
    for name, page in all_pages(app, browser).items():
        without_style = page.text.replace(CSS, "")
        for bad in ("<script", "<img", "onerror=alert(2)>", "'>"):
            assert bad not in without_style, name
        Outline(page.text)
    shown = all_pages(app, browser)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown["consent"].text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown["wrong code"].text


def test_pages_load_nothing_and_are_kept_by_nobody(app: App, browser: Browser) -> None:
    for name, page in all_pages(app, browser).items():
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["Cache-Control"] == "no-store", name
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("redirect", "target"),
    [("http://127.0.0.1:53682/callback", "http://127.0.0.1:53682"), ("http://[::1]:9/callback", "http:")],
)
def test_a_browser_may_follow_the_answer_to_the_app_alone(own: Service, redirect: str, target: str) -> None:
    browser = Browser(own)
    login = browser.send(App(own, redirect).path())
    assert login.headers["Content-Security-Policy"].endswith("form-action 'self'")
    consent = browser.logged_in(login)
    assert consent.headers["Content-Security-Policy"].endswith(f"form-action 'self' {target}")


def test_no_secret_is_on_any_page(app: App, browser: Browser, own: Service) -> None:
    secrets = {value for name, value in own.credentials.items() if name not in ("username", "client_id")}
    for name, page in all_pages(app, browser).items():
        for secret in (*secrets, app.verifier, app.challenge, app.state, browser.cookie.partition("=")[2]):
            assert secret not in page.text, name


def test_the_cookie_is_for_the_server_alone(app: App, browser: Browser) -> None:
    cookie = browser.send(app.path()).headers["Set-Cookie"]
    port = urlsplit(app.service.base_url).port
    assert re.fullmatch(rf"demo_session_{port}=[\w-]{{43}}; Path=/; HttpOnly; SameSite=Lax", cookie)


def test_the_cookie_changes_with_the_login(app: App, browser: Browser, own: Service) -> None:
    asked = browser.send(app.path())
    planted = browser.cookie
    consent = browser.logged_in(asked)
    assert browser.cookie != planted
    assert Browser(own, planted).send("/consent", {**consent.hidden, "decision": "allow"}).status == 403


def test_a_form_that_others_made_up_is_refused(app: App, browser: Browser, own: Service) -> None:
    asked = browser.send(app.path())
    consent = browser.logged_in(asked)
    given = {**consent.hidden, "decision": "allow"}
    device = browser.send("/setup/connect")
    for path, form in (("/login", asked.hidden), ("/consent", given), ("/setup/connect", device.hidden)):
        assert Browser(own).send(path, form).status == 403
        assert browser.send(path, {**form, "csrf": "x"}).status == 403
        assert browser.send(path, {name: it for name, it in form.items() if name != "csrf"}).status == 403
    assert Browser(own).send(f"/consent?ticket={consent.hidden['ticket']}").status == 400
    assert browser.send("/consent", given).status == 303


def test_a_question_is_answered_once(app: App, browser: Browser) -> None:
    consent = browser.logged_in(browser.send(app.path()))
    form = {**consent.hidden, "decision": "allow"}
    assert browser.send("/consent", {**form, "decision": "perhaps"}).status == 400
    assert browser.send("/consent", form).status == 303
    again = browser.send("/consent", form)
    assert again.status == 400
    assert "no longer open" in again.text
    assert browser.send(f"/consent?ticket={form['ticket']}").status == 400


def test_nobody_says_yes_without_having_logged_in(app: App, browser: Browser) -> None:
    asked = browser.send(app.path())
    assert "Log in to" in browser.send(f"/consent?ticket={asked.hidden['ticket']}").text
    assert browser.send("/consent", {**asked.hidden, "decision": "allow"}).status == 403
    assert browser.send("/login", asked.hidden).status == 400


def test_who_is_logged_in_is_not_asked_to_again_unless_the_app_wants_it(app: App, browser: Browser) -> None:
    browser.logged_in(browser.send(app.path()))
    assert "Allow Analyst&#x27;s notebook to use" in browser.send(app.path()).text
    asked = browser.send(app.path(prompt="login consent"))
    assert "Log in to Salesforce" in asked.text
    assert "Log in to Salesforce" in browser.send(f"/consent?ticket={asked.hidden['ticket']}").text
    assert "Allow Analyst&#x27;s notebook to use" in browser.logged_in(asked).text
    asked = browser.send(app.path(prompt="login"))
    assert browser.send("/consent", {**asked.hidden, "decision": "allow"}).status == 403


def test_the_answer_is_sent_on_without_the_form(app: App, browser: Browser) -> None:
    consent = browser.logged_in(browser.send(app.path()))
    answer = browser.send("/consent", {**consent.hidden, "decision": "allow"})
    assert (answer.status, answer.text) == (303, "")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
