"""Hide in an exchange what must not be written down."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote_plus, unquote_plus, urlencode, urlsplit, urlunsplit

from ..config import ConnectorConfig
from ..errors import ConfigurationError
from ..forms import SHORTEST, forms
from ..http import origin
from ..secret import SECRET_NAME
from . import layout
from .layout import Number
from .secrets import secrets_of

HIDDEN = "SCRUBBED"
"""Stands for a secret, alone or with what tells it from others: `SCRUBBED-api_key`, `SCRUBBED-3`."""
ELSEWHERE = "https://recorded.invalid"
"""Stands for the origin of the base URL, so that a recording answers at any (RFC 2606 §2)."""

SECRET = re.compile(
    rf"{SECRET_NAME.pattern}|assertion|csrf|xsrf|nonce|device_?code|user_?code|sess(ion)?_?id|\bsid\b|\bsig\b"
    r"|\botp\b|(^|_)pin$",
    re.IGNORECASE,
)
"""Names of headers, parameters and fields whose values are hidden."""
HARMLESS = re.compile(
    r"author(?!i[sz])|key(word|board)s?|monkey|passe[dns]|passenger|compass|(token|auth|key|session|cookie)_?type"
    r"|(primary|foreign|sort|partition)_?key|(input|output|prompt|completion|total|max|used)_?tokens",
    re.IGNORECASE,
)
"""Words in names that look like a secret's, and are none."""
STRICT = re.compile(
    r"(access|refresh|id|auth|bearer|session|csrf|xsrf)[_-]?token|secret|passw|pwd|api[_-]?key|jwt|cookie"
    r"|credential|signature|sess(ion)?_?id|device_?code",
    re.IGNORECASE,
)
"""Names whose values are hidden wherever else they stand, too."""
SURE = re.compile(rf"{STRICT.pattern}|token|bearer|session|assertion|csrf|xsrf|otp", re.IGNORECASE)
"""Names of secrets; what else is called like one, as `key`, is hidden in answers if it looks like one."""
RANDOM = re.compile(r"(?=.*\d)(?=.*[A-Za-z])\S{16,}")
"""Texts that look like a secret."""
SHAPES = re.compile(
    r"eyJ[\w-]{5,}\.eyJ[\w-]{5,}\.[\w-]*"  # a JSON Web Token
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|xox[a-z]-[\w-]{10,}|[rs]k_(?:live|test)_\w{10,}"
    r"|AKIA[A-Z0-9]{16}|00D\w{12,15}![\w.]{20,})",
    re.DOTALL,
)
"""Texts that are secret by their looks, whatever they are called."""
PARAMETER = re.compile(r"([?&;#])([^=&;?#\s\"'<>]+)=([^&;#\s\"'<>]*)")
ASSIGNED = re.compile(r"(?<![/\w-])([\w-]+)([\"']?\s*[:=]\s*[\"']?|>)([^\s\"'<>&;,]{4,})")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
EXAMPLE = "@example.com"


@dataclass(frozen=True)
class Scrub:
    """What is hidden in a recording, beside all that is known to be secret."""

    keep: Collection[str] = ()
    """Names of fields and parameters that are shown though they are called like a secret's, as `key` is."""
    emails: bool = False
    """Hide e-mail addresses, each behind one of example.com."""
    also: Callable[[str], str] = field(default=lambda text: text)
    """Gets each text that will be written, and returns it without what you want to hide in it."""


class Scrubber:
    """Hides the secrets of one recording: the same secret behind the same word wherever it stands.

    So a token which an answer gives is still the one that the next request brings. What an answer calls a
    secret is numbered; what only a request knows is not, since it may be another one the next time.
    """

    def __init__(self, config: ConnectorConfig, rules: Scrub) -> None:
        self._rules, self._keep = rules, {name.lower() for name in rules.keep}
        self._origin = _bounded(origin(config.base_url)) if config.base_url else None
        self._given = {name: text for name, text in secrets_of(config).items() if len(text) >= SHORTEST}
        self._everywhere: dict[str, str] = {}  # what stands for each form of a secret, in any text
        self._alone: dict[str, str] = {}  # what stands for a secret that is all of a value
        self._numbers: dict[str, int] = {}  # of the secrets and addresses that answers brought
        self._longest: list[str] = []  # the forms, the longest first
        for name, text in self._given.items():
            self._hide(text, f"{HIDDEN}-{re.sub(r'[^A-Za-z0-9_.]', '', name)}")

    def leak(self, text: str) -> str | None:
        """The setting whose secret is still in a text, in whatever form."""
        rest = re.sub(rf"{HIDDEN}(-[\w.]+)?", HIDDEN, text)
        for name, secret in self._given.items():
            if any(form in rest for form in forms(secret) if len(form) >= SHORTEST):
                return name
        return None

    def learn(self, headers: Mapping[str, str]) -> None:
        """Remember what a request carries in headers that hold secrets, to hide it elsewhere."""
        for name, text in headers.items():
            for word in _words(text) if self._is_secret(name) else ():
                self._hide(word, HIDDEN)

    def address(self, url: str) -> str:
        """The address of a request, its parameters in the order of their names."""
        parts = urlsplit(url)
        given = sorted(parse_qsl(parts.query, keep_blank_values=True), key=lambda pair: pair[0])
        query = urlencode([(name, self._asked(name, text)) for name, text in given], safe=":/,*()$'")
        host = parts.netloc.rpartition("@")[2]
        return self.text(urlunsplit((parts.scheme, host, parts.path, query, "")))

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers of an answer."""
        return {name: self._told(name, text) for name, text in headers.items()}

    def value(self, value: Any, name: str = "", *, is_answer: bool) -> Any:
        """A JSON value that stands under a name."""
        match value:
            case dict():
                return {self.text(key): self.value(it, key, is_answer=is_answer) for key, it in value.items()}
            case list():
                return [self.value(it, name, is_answer=is_answer) for it in value]
            case Number():
                is_secret = self._is_secret(name) and SURE.search(name) and len(value) > 3
                return Number(self._number(value, is_answer)) if is_secret else value
            case str():
                return self._nested(value, is_answer) or self._said(name, value, is_answer)
        return value

    def form(self, text: str, *, is_answer: bool) -> str:
        """A form's fields, encoded as for a URL (RFC 6749 §4.1.3 sends a `code` in it that is a secret)."""
        given = parse_qsl(text, keep_blank_values=True)
        names = {"code": "device_code"}
        return urlencode([(name, self._said(names.get(name, name), it, is_answer)) for name, it in given])

    def prose(self, text: str, *, is_answer: bool) -> str:
        """A body that is text of another kind: what is called like a secret there is hidden, too."""

        def assigned(found: re.Match[str]) -> str:
            return found[1] + found[2] + self._said(found[1], found[3], is_answer)

        return self.text(ASSIGNED.sub(assigned, text), is_answer=is_answer)

    def text(self, text: str, *, is_answer: bool = False) -> str:
        """A text without the secrets in it."""
        text = self._origin.sub(ELSEWHERE, text) if self._origin else text
        text = SHAPES.sub(self._shape, self._without_known(text))
        text = PARAMETER.sub(lambda found: self._parameter(found, is_answer), text)
        if self._rules.emails:
            text = EMAIL.sub(lambda found: self._person(found[0], is_answer), text)
        return self._rules.also(text)

    def _nested(self, text: str, is_answer: bool) -> str | None:
        """A text that is JSON itself; None for any other."""
        if text[:1] not in ("{", "["):
            return None
        try:
            return layout.line(self.value(layout.parse(text), is_answer=is_answer))
        except ValueError:
            return None

    def _said(self, name: str, text: str, is_answer: bool) -> str:
        return self._told(name, text) if is_answer else self._asked(name, text)

    def _told(self, name: str, text: str) -> str:
        """What an answer says under a name: numbered, and remembered, if that is a secret's."""
        is_secret = self._is_secret(name) and (SURE.search(name) or RANDOM.fullmatch(text))
        if not is_secret or not text or text.startswith(HIDDEN):
            return self.text(text, is_answer=True)
        known = self._alone.get(text) or self._everywhere.get(text)
        word = known or f"{HIDDEN}-{self._number(text, is_answer=True)}"
        self._alone[text] = word
        for part in _words(text) if STRICT.search(name) else ():
            self._hide(part, word)
        return word

    def _asked(self, name: str, text: str) -> str:
        """What a request says under a name."""
        if known := self._alone.get(text) or self._everywhere.get(text):
            return known
        if not self._is_secret(name) or not text or text.startswith(HIDDEN):
            return self.text(text)
        for part in _words(text) if STRICT.search(name) else ():
            self._hide(part, HIDDEN)
        return HIDDEN

    def _parameter(self, found: re.Match[str], is_answer: bool) -> str:
        name, text = unquote_plus(found[2]), unquote_plus(found[3])
        if not self._is_secret(name):
            return found[0]
        return f"{found[1]}{found[2]}={quote_plus(self._said(name, text, is_answer))}"

    def _person(self, address: str, is_answer: bool) -> str:
        """One address for all in what is asked, which may come from anywhere; one for each in answers."""
        if not is_answer:
            return f"somebody{EXAMPLE}"
        return address if address.endswith(EXAMPLE) else f"person-{self._number(address, is_answer)}{EXAMPLE}"

    def _number(self, text: str, is_answer: bool) -> int:
        return self._numbers.setdefault(text, len(self._numbers) + 1) if is_answer else 0

    def _is_secret(self, name: str) -> bool:
        return name.lower() not in self._keep and bool(SECRET.search(HARMLESS.sub("", name)))

    def _hide(self, secret: str, word: str) -> None:
        """Have `word` stand for a secret from now on, wherever it is."""
        if secret in self._everywhere or HIDDEN in secret:
            return
        known = {form: word for form in forms(secret) if len(form) >= SHORTEST}
        self._everywhere = {**known, **self._everywhere}
        self._longest = sorted(self._everywhere, key=len, reverse=True)

    def _without_known(self, text: str) -> str:
        """A text without the secrets that are known; what is hidden already stays as it is."""
        if not (there := [form for form in self._longest if form in text]):
            return text
        pattern = "|".join([rf"{HIDDEN}(?:-[\w.]+)?", *map(re.escape, there)])
        return re.sub(pattern, lambda found: self._everywhere.get(found[0], found[0]), text)

    def _shape(self, found: re.Match[str]) -> str:
        self._hide(found[0], HIDDEN)
        return HIDDEN


def check_lengths(config: ConnectorConfig) -> None:
    """Raise for a secret so short that it could not be found in what is recorded."""
    for name, text in secrets_of(config).items():
        if len(text) < SHORTEST:
            raise ConfigurationError(
                f"{name} is too short to be found in a recording, and hidden there: it must have {SHORTEST}"
                " characters or more",
                field=name,
                connector=config.name,
            )


def _words(text: str) -> list[str]:
    """What is secret in the text of a header: its last word, a cookie's value, the password of a user."""
    last = text.split(" ")[-1]
    words = [text, last, text.partition(";")[0].partition("=")[2]]
    with suppress(ValueError):
        words.append(b64decode(last, validate=True).decode().partition(":")[2])
    return [word for word in words if len(word) >= 8]


def _bounded(place: str) -> re.Pattern[str]:
    """The origin, where it does not go on as another's does."""
    return re.compile(re.escape(place).replace("/", r"\\?/") + r"(?![\w-]|\.\w|:\d)", re.IGNORECASE)
