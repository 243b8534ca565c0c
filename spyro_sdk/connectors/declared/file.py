"""A declaration in a YAML, TOML or JSON file."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

from ...errors import ConfigurationError

UNTOLD = (ValueError, LookupError, AttributeError, TypeError, OverflowError)
"""What PyYAML lets through where a value is not what its tag says, such as the 31st of February."""
MOST_VALUES = 100_000  # of a declaration; those of an alias count each time
DEEPEST = 50  # mappings and lists within each other


def load(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a file declares; `ConfigurationError` where it is missing, or is not what it is called."""
    file = Path(path).expanduser()
    read = READERS.get(file.suffix.lower())
    if read is None:
        raise ConfigurationError(
            f"{file} is no declaration by its name, which must end in one of {', '.join(READERS)}",
            field="name",
        )
    document = _understood(read, _text(file), str(file))
    if not isinstance(document, dict):
        raise ConfigurationError(
            f"{file} holds a {type(document).__name__}: a declaration is a mapping with base_url and"
            " entities, or with client and resources",
            field="name",
        )
    return document


def _understood(read: Callable[[str, str], Any], text: str, source: str) -> Any:
    """What a reader makes of a text, where that is no more than a declaration needs."""
    try:
        document = read(text, source)
    except RecursionError:
        raise ConfigurationError(f"{source} is nested too deep", field="name") from None
    _check_size(document, source)
    return document


def _check_size(document: Any, source: str) -> None:
    """Refuse what a few lines of YAML may become, whose aliases stand for one another, or for themselves."""
    left, values = [(document, 0)], 0
    while left:
        value, depth = left.pop()
        values += 1
        if depth > DEEPEST or values > MOST_VALUES:
            raise ConfigurationError(
                f"{source} holds more than {MOST_VALUES:,} values, or more than {DEEPEST} within each other",
                field="name",
            )
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        left += [(it, depth + 1) for it in inner]


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigurationError(
            f"there is no file {str(file)!r}: looked for at {file.absolute()}", field="name"
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"{file.absolute()} cannot be read: {error.strerror or error}", field="name"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file} is not UTF-8 at byte {error.start}", field="name") from None


def _unreadable(source: str, kind: str, line: int, column: int, why: str) -> ConfigurationError:
    return ConfigurationError(f"{source} is no {kind} at line {line}, column {column}: {why}", field="name")


def _yaml(text: str, source: str) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """Refuses a key that stands twice, which would hide the first, and merges that have no end."""

        def flatten_mapping(self, node: Any) -> None:
            super().flatten_mapping(node)
            if len(node.value) > MOST_VALUES:
                raise yaml.constructor.ConstructorError(
                    None, None, f"it merges more than {MOST_VALUES:,} keys", node.start_mark
                )

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
            seen = set[str]()
            for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} stands twice", key.start_mark
                    )
                seen.add(key.value)
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(text, Loader)  # noqa: S506  # it is a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _unreadable(source, "YAML", line, column, error.problem or "it cannot be read") from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - before.rfind("\n")
        raise _unreadable(source, "YAML", line, column, "a character that may not stand there") from None
    except UNTOLD as error:
        raise ConfigurationError(f"{source} holds a value that is none: {error}", field="name") from None


def _toml(text: str, source: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{source} is no TOML: {_placed(str(error), text)}", field="name") from None
    except ValueError as error:
        raise ConfigurationError(f"{source} holds a value that is none: {error}", field="name") from None


def _placed(words: str, text: str) -> str:
    """The words of TOML's reader, with a line and a column where they name the end of the document."""
    end = f"line {text.count(chr(10)) + 1}, column {len(text) - text.rfind(chr(10))}"
    return words.replace("end of document", end)


def _json(text: str, source: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        document = dict(pairs)
        if len(document) < len(pairs):
            twice = next(key for number, (key, _) in enumerate(pairs) if key in dict(pairs[:number]))
            raise ConfigurationError(f"{source}: the key {twice!r} stands twice in one object", field=twice)
        return document

    try:
        return json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise _unreadable(source, "JSON", error.lineno, error.colno, error.msg) from None
    except ConfigurationError:
        raise
    except ValueError as error:
        raise ConfigurationError(f"{source} holds a value that is none: {error}", field="name") from None


READERS: Mapping[str, Callable[[str, str], Any]] = {
    ".yaml": _yaml,
    ".yml": _yaml,
    ".toml": _toml,
    ".json": _json,
}
