"""`python -m spyro_sdk.demo`: the demo service for a person at a terminal, or for a parent process."""

# ruff: noqa: T201 - it talks to a person, or to a parent, over stdout
from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import fields
from importlib import import_module
from typing import Any

from spyro_sdk.demo import SERVICES
from spyro_sdk.demo.running import Running


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} cannot be: it must be a whole number from 0")
    return int(text)


TYPES: dict[str, Callable[[str], float]] = {"int": _count, "float": float}


def main(arguments: list[str] | None = None) -> None:
    """Serve until Ctrl-C, or until stdin closes if `--announce` is given."""
    asked, _ = _parser(add_help=False).parse_known_args(arguments)
    module = import_module(SERVICES[asked.service])
    options = vars(_with_settings(_parser(), module).parse_args(arguments))
    del options["service"]
    announces = options.pop("announce")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with module.serve(**options) as service:
            _announce(service) if announces else _welcome(service)
    except KeyboardInterrupt:
        pass


def _parser(*, add_help: bool = True) -> argparse.ArgumentParser:
    """What is the same for all services."""
    parser = argparse.ArgumentParser(
        prog="python -m spyro_sdk.demo",
        description="A service that never was, on loopback.",
        add_help=add_help,
    )
    parser.add_argument(
        "--service", choices=list(SERVICES), default="salesforce", help="which one to play (%(default)s)"
    )
    parser.add_argument(
        "--announce", action="store_true", help="print one line of JSON and live until stdin closes"
    )
    return parser


def _with_settings(parser: argparse.ArgumentParser, module: Any) -> argparse.ArgumentParser:
    """The parser, with a service's own settings."""
    for field in fields(module.Settings):
        flag, text = "--" + field.name.replace("_", "-"), f"{module.HELP[field.name]} (%(default)s)"
        if field.type == "bool":
            parser.add_argument(flag, action="store_true", help=module.HELP[field.name])
        else:
            parser.add_argument(flag, type=TYPES[str(field.type)], default=field.default, help=text)
    return parser


def _announce(service: Running) -> None:
    """Tell the parent where we are; when it ends, however it ends, stdin does."""
    print(json.dumps({"base_url": service.base_url, **service.credentials}), flush=True)
    threading.Thread(target=service.prepare, daemon=True).start()
    sys.stdin.buffer.read()


def _welcome(service: Running) -> None:
    print(service.welcome(), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
