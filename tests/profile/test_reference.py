"""Values that are kept elsewhere are read from there, and from there alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked

from spyro_sdk.errors import ConfigurationError
from spyro_sdk.profile import Reference, resolved
from spyro_sdk.profile.place import Place


class InMemory(KeyringBackend):
    priority = -1  # type: ignore[assignment]  # nobody finds it by himself

    def __init__(self, kept: dict[tuple[str, str], str], *, is_locked: bool = False) -> None:
        self.kept, self.is_locked = kept, is_locked

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise KeyringLocked("hush")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


@pytest.fixture
def use() -> Iterator[Callable[[KeyringBackend], None]]:
    """Let keyring use a backend, until the test ends."""
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


def at(folder: Path) -> Place:
    return Place(folder / "connections.toml", "acme", "client_secret")


def refused(it: Reference, environment: dict[str, str] | None = None) -> ConfigurationError:
    with pytest.raises(
        ConfigurationError, match=r"connections.toml, profile 'acme', client_secret: "
    ) as caught:
        it.value(environment or {})
    assert caught.value.field == "client_secret"
    assert "hush" not in str(caught.value)
    return caught.value


def test_a_variable_is_read(tmp_path: Path) -> None:
    it = Reference("env", "ACME_SECRET", at(tmp_path))
    assert it.value({"ACME_SECRET": "hush"}) == "hush"
    assert str(it) == "env ACME_SECRET"
    for environment in ({}, {"ACME_SECRET": ""}):
        assert "the environment variable ACME_SECRET is not set" in str(refused(it, environment))


def test_an_entry_of_the_keyring_is_read(tmp_path: Path, use: Callable[[KeyringBackend], None]) -> None:
    it = Reference("keyring", "acme key", at(tmp_path))
    use(InMemory({("spyro", "acme key"): "hush"}))
    assert it.value({}) == "hush"
    use(InMemory({("other", "acme key"): "hush"}))
    error = refused(it)
    assert "the keyring has no entry 'acme key' of the service 'spyro'" in str(error)
    assert error.hint == "keyring set spyro 'acme key'"


def test_a_keyring_that_does_not_answer_is_told_by_its_error(
    tmp_path: Path, use: Callable[[KeyringBackend], None]
) -> None:
    it = Reference("keyring", "acme", at(tmp_path))
    use(InMemory({}, is_locked=True))
    assert "cannot be read (KeyringLocked): unlock it" in str(refused(it))
    use(NoKeyring())
    assert "cannot be read (NoKeyringError)" in str(refused(it))


def test_without_the_package_the_extra_is_named(tmp_path: Path) -> None:
    before = sys.modules["keyring"]
    sys.modules["keyring"] = None  # type: ignore[assignment]  # what a missing package looks like
    try:
        error = refused(Reference("keyring", "acme", at(tmp_path)))
    finally:
        sys.modules["keyring"] = before
    assert error.hint == "pip install 'spyro-sdk[keyring]'"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("hush\n", "hush"),
        ("hush\r\n", "hush"),
        ("-----\nhush\n-----\n", "-----\nhush\n-----"),
        ("hush", "hush"),
    ],
)
def test_a_file_is_read_without_the_end_of_its_last_line(tmp_path: Path, text: str, value: str) -> None:
    key = tmp_path / "acme.pem"
    key.write_bytes(text.encode())
    key.chmod(0o400)
    for name in (str(key), "acme.pem"):  # beside the file that names it
        assert Reference("file", name, at(tmp_path)).value({}) == value


def test_a_file_that_is_not_ours_alone_is_refused(tmp_path: Path) -> None:
    key = tmp_path / "acme key.pem"
    key.write_text("hush")
    for mode, verb in ((0o644, "read"), (0o640, "read"), (0o622, "written")):
        key.chmod(mode)
        error = refused(Reference("file", str(key), at(tmp_path)))
        assert f"can be {verb} by others (its mode is {mode:04o})" in str(error)
        assert error.hint == f"chmod 600 '{key}'"


def test_a_file_that_holds_nothing_is_refused(tmp_path: Path) -> None:
    it = Reference("file", "~/no/such/file", at(tmp_path))
    assert f"{Path.home()}/no/such/file cannot be read: No such file" in str(refused(it))
    key = tmp_path / "key"
    for data in (b"", b" \n", b"\xff\xfe"):
        key.write_bytes(data)
        key.chmod(0o600)
        assert "holds no text" in str(refused(Reference("file", "key", at(tmp_path))))


def test_settings_are_resolved_one_level_deep(tmp_path: Path) -> None:
    it = Reference("env", "KEY", at(tmp_path))
    assert resolved(it, {"KEY": "hush"}) == "hush"
    assert resolved({"X-Key": it, "X-Trace": "1"}, {"KEY": "hush"}) == {"X-Key": "hush", "X-Trace": "1"}
    plain = {"a": {"b": 1}}
    assert resolved(plain, {}) is plain
    assert resolved(5, {}) == 5
