"""What a person sees: pages without scripts, in which everything that came from outside is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from spyro_sdk.demo.authority.style import CSS, HASH
from spyro_sdk.demo.http import Response

DEMO = "This service is a demo. It runs on your own computer and knows no real accounts."


@dataclass(frozen=True)
class Look:
    """Whose pages they are, and where their forms are sent."""

    service: str
    username: str
    password: str
    """No secret: the page tells it to whoever looks."""
    login_path: str
    consent_path: str
    device_path: str


@dataclass(frozen=True)
class Ticket:
    """What each form brings back: the question that it belongs to, and that it was us who showed it."""

    question: str
    csrf: str

    def __str__(self) -> str:
        return _hidden("ticket", self.question) + _hidden("csrf", self.csrf)


def login(look: Look, app: str, ticket: Ticket, complaint: str = "") -> Response:
    """Ask for user name and password; the demo's are filled in."""
    body = f"""
<h1>Log in to {escape(look.service)}</h1>
<p class="soft">to continue to <strong>{escape(app)}</strong></p>
{_alert(complaint)}
<p class="note">A demo has one user, and both fields are filled in for you. The password is
<code>{escape(look.password)}</code>.</p>
<form method="post" action="{escape(look.login_path)}">
{ticket}
<label for="username">User name</label>
<input id="username" name="username" type="text" autocomplete="username" autocapitalize="none"
 spellcheck="false" required value="{escape(look.username)}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required
 value="{escape(look.password)}">
<div class="buttons"><button autofocus>Log in</button></div>
</form>"""
    return page(look, "Log in", body, 403 if complaint else 200)


@dataclass(frozen=True)
class Wanted:
    """What an app wants of a person."""

    app: str
    scopes: Mapping[str, str]
    """Each scope, and what it means."""
    may_choose: bool
    user_code: str | None
    target: str


def consent(look: Look, ticket: Ticket, wanted: Wanted) -> Response:
    """Ask whether the app may do what it wants to."""
    items = "".join(_item(name, words, wanted.may_choose) for name, words in wanted.scopes.items())
    body = f"""
<h1>Allow {escape(wanted.app)} to use your account?</h1>
<p class="soft">You are logged in as <strong>{escape(look.username)}</strong>.</p>
{_shown_code(wanted.user_code)}
<form method="post" action="{escape(look.consent_path)}">
{ticket}
<p id="wants">It asks for permission to:</p>
<ul aria-labelledby="wants">{items}</ul>
<div class="buttons">
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny" class="plain">Deny</button>
</div>
</form>"""
    return page(look, "Allow access?", body, target=wanted.target)


def device(look: Look, csrf: str, code: str = "", complaint: str = "") -> Response:
    """Ask for the code that an app shows."""
    body = f"""
<h1>Connect an app</h1>
<p class="soft">Type the code that the app shows you. Go on only if it was you who started it.</p>
{_alert(complaint)}
<form method="post" action="{escape(look.device_path)}">
{_hidden("csrf", csrf)}
<label for="user_code">Code</label>
<input id="user_code" name="user_code" type="text" class="code" autocomplete="off" autocapitalize="characters"
 spellcheck="false" maxlength="32" required autofocus value="{escape(code)}">
<div class="buttons"><button>Continue</button></div>
</form>"""
    return page(look, "Connect an app", body, 400 if complaint else 200)


def told(look: Look, heading: str, text: str, status: int = 200) -> Response:
    """Tell how it ended."""
    role = ' role="alert"' if status >= 400 else ""
    body = f"\n<div{role}><h1>{escape(heading)}</h1>\n<p>{escape(text)}</p></div>"
    return page(look, heading, body, status)


def page(look: Look, title: str, body: str, status: int = 200, target: str = "") -> Response:
    """A whole page. `target` is where its form may lead beside this server."""
    name = escape(look.service)
    mark = f'<span class="mark" aria-hidden="true">{name[:1]}</span>'
    text = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} – {name} demo</title>
<link rel="icon" href="data:,">
<style>{CSS}</style>
</head>
<body>
<main>
<p class="brand">{mark}{name} <span class="tag">demo</span></p>{body}
</main>
<footer>{DEMO}</footer>
</body>
</html>
"""
    return Response(status, text.encode(), _headers(target), "text/html;charset=UTF-8")


def _headers(target: str) -> dict[str, str]:
    """Nothing is loaded, framed, kept or told to others. Browsers hold redirects against form-action, too."""
    policy = f"default-src 'none'; style-src '{HASH}'; img-src data:; base-uri 'none'"
    return {
        "Content-Security-Policy": f"{policy}; frame-ancestors 'none'; form-action 'self' {target}".strip(),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">\n'


def _alert(complaint: str) -> str:
    return f'<p class="alert" role="alert">{escape(complaint)}</p>' if complaint else ""


def _item(name: str, words: str, may_choose: bool) -> str:
    text = f'<span>{escape(words)} <span class="soft">scope <code>{escape(name)}</code></span></span>'
    if not may_choose:
        return f"<li>{text}</li>"
    box = f'<input type="checkbox" name="scope_{escape(name)}" value="yes" checked>'
    return f"<li><label>{box}{text}</label></li>"


def _shown_code(code: str | None) -> str:
    if code is None:
        return ""
    return f'<p>Does the app show this very code?</p><p class="code">{escape(code)}</p>'
