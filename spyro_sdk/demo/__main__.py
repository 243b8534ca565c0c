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

from spyro_sdk.demo.server import Service, Settings, serve

HELP = {
    "records": "live accounts; other objects are in proportion",
    "seed": "the same seed gives the same records",
    "port": "0 for any free one",
    "token_lifetime": "seconds that an access token lasts",
    "says_expiry": "tell expires_in with a token, which Salesforce does not",
    "daily_limit": "API calls a day",
    "latency": "milliseconds before each answer",
    "batch_limit": "records in a page at most",
    "wide_records": "records of the object with 900 fields",
    "multi_currency": "give records a CurrencyIsoCode",
    "bulk_polls": "status requests that see a query job of the Bulk API unfinished",
    "bulk_chunk": "records in a chunk of such a job's results at most",
    "bulk_jobs": "such jobs a day",
}


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} cannot be: it must be a whole number from 0")
    return int(text)


TYPES: dict[str, Callable[[str], float]] = {"int": _count, "float": float}


def main(arguments: list[str] | None = None) -> None:
    """Serve until Ctrl-C, or until stdin closes if `--announce` is given."""
    options = vars(_parser().parse_args(arguments))
    del options["service"]
    announces = options.pop("announce")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with serve(**options) as service:
            _announce(service) if announces else _welcome(service)
    except KeyboardInterrupt:
        pass


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m spyro_sdk.demo", description="A Salesforce that never was, on loopback."
    )
    parser.add_argument(
        "--service", choices=["salesforce"], default="salesforce", help="which service to play"
    )
    parser.add_argument(
        "--announce", action="store_true", help="print one line of JSON and live until stdin closes"
    )
    for field in fields(Settings):
        flag, text = "--" + field.name.replace("_", "-"), f"{HELP[field.name]} (%(default)s)"
        if field.type == "bool":
            parser.add_argument(flag, action="store_true", help=HELP[field.name])
        else:
            parser.add_argument(flag, type=TYPES[str(field.type)], default=field.default, help=text)
    return parser


def _announce(service: Service) -> None:
    """Tell the parent where we are; when it ends, however it ends, stdin does."""
    print(json.dumps({"base_url": service.base_url, **service.credentials}), flush=True)
    threading.Thread(target=service.prepare, daemon=True).start()
    sys.stdin.buffer.read()


def _welcome(service: Service) -> None:
    sign_in = f"curl -s {service.base_url}/services/oauth2/token -d grant_type=client_credentials"
    query = f"{service.base_url}/services/data/v67.0/query?q=SELECT+Id,Name+FROM+Account+LIMIT+3"
    print(f"A Salesforce that never was, at {service.base_url} (Ctrl-C ends it)\n")
    for name, value in service.credentials.items():
        print(f"  {name:14} {value}")
    known = service.credentials
    print(f"\n{sign_in} -d client_id={known['client_id']} -d client_secret={known['client_secret']}")
    print(f"\ncurl -s -H 'Authorization: Bearer {known['access_token']}' '{query}'", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
