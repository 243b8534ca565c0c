"""A Salesforce with one object, whose pages are all rendered before the first request comes.

    python benchmarks/service.py [--records N] [--latency MS] [--gzip]

Prints one line of JSON that says where it is and what a reader must arrive at, and ends when stdin closes.
It answers one question only, every column of every record in the order of `Id`, and refuses any other.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

VERSION = "67.0"
DATA = f"/services/data/v{VERSION}"
PAGE = 2_000  # records, the most that Salesforce gives
TYPES = {
    "Id": "id",
    "IsDeleted": "boolean",
    "Name": "string",
    "Type": "picklist",
    "ParentId": "reference",
    "BillingStreet": "textarea",
    "BillingCity": "string",
    "BillingState": "string",
    "BillingPostalCode": "string",
    "BillingCountry": "string",
    "Phone": "phone",
    "Website": "url",
    "Industry": "picklist",
    "AnnualRevenue": "currency",
    "NumberOfEmployees": "int",
    "Description": "textarea",
    "Rating": "picklist",
    "OwnerId": "reference",
    "CreatedDate": "datetime",
    "CreatedById": "reference",
    "LastModifiedDate": "datetime",
    "LastModifiedById": "reference",
    "SystemModstamp": "datetime",
    "LastActivityDate": "date",
    "AccountSource": "picklist",
    "Health_Score__c": "double",
}
QUESTION = f"SELECT {', '.join(TYPES)} FROM Account ORDER BY Id"  # noqa: S608  # nothing from outside
COUNTING = "SELECT COUNT() FROM Account"
BIRTH = datetime(2020, 1, 1, tzinfo=UTC)
NOTE = "Asked for a quote in spring; wants “green” delivery.\nDecides with the board, call before noon.\n"

Json = dict[str, Any]


@dataclass(frozen=True)
class Pages:
    """The pages as they go out, and what a reader must arrive at."""

    plain: list[bytes]
    packed: list[bytes]
    """The same, gzipped; empty where the service packs nothing."""
    records: int
    check: str
    """The sum of `NumberOfEmployees`, and a hash of the ids in their order."""

    @property
    def size(self) -> int:
        """Bytes that a reader of all pages gets."""
        return sum(map(len, self.packed or self.plain))


def record(number: int) -> Json:
    """One record, the same for the same number."""
    dice = number * 2_654_435_761 % 2**32
    born = BIRTH + timedelta(seconds=number * 61)
    changed = _stamp(born + timedelta(seconds=dice % 9_000_000))
    key = _id("001", number)
    return {
        "attributes": {"type": "Account", "url": f"{DATA}/sobjects/Account/{key}"},
        "Id": key,
        "IsDeleted": False,
        "Name": f"{_pick(dice, 'Acme', 'Łódź Meble', 'Globex', '東京電気', 'Café Olé')} {number} GmbH",
        "Type": _pick(dice >> 3, "Customer - Direct", "Prospect", "Technology Partner", None),
        "ParentId": _id("001", dice % (number + 1)) if dice % 2 else None,
        "BillingStreet": f"{dice % 300} {_pick(dice >> 4, 'Main St', 'Hauptstraße', 'Calle Mayor')}",
        "BillingCity": _pick(dice >> 5, "New York", "München", "São Paulo", "Łódź"),
        "BillingState": _pick(dice >> 5, "NY", "Bayern", "SP", None),
        "BillingPostalCode": f"{dice % 90_000 + 10_000}",
        "BillingCountry": _pick(dice >> 5, "USA", "Germany", "Brazil", "Poland"),
        "Phone": f"+{dice % 89 + 10} {dice % 10**9:09}" if dice % 10 else None,
        "Website": f"https://www.company-{dice:08x}.example",
        "Industry": _pick(dice >> 6, "Energy", "Banking", "Agriculture", "Technology", None),
        "AnnualRevenue": dice % 10**9 / 100 if dice % 6 else None,
        "NumberOfEmployees": dice % 100_000 if dice % 7 else None,
        "Description": f"{NOTE}File {dice * 7919:x}." if dice % 3 else None,
        "Rating": _pick(dice >> 7, "Hot", "Warm", "Cold", None),
        "OwnerId": _id("005", dice % 50),
        "CreatedDate": _stamp(born),
        "CreatedById": _id("005", dice // 50 % 50),
        "LastModifiedDate": changed,
        "LastModifiedById": _id("005", dice // 2500 % 50),
        "SystemModstamp": changed,
        "LastActivityDate": changed[:10] if dice % 4 else None,
        "AccountSource": _pick(dice >> 8, "Web", "Phone Inquiry", "Partner Referral", None),
        "Health_Score__c": dice % 1001 / 10,
    }


def _id(prefix: str, number: int) -> str:
    """An id of 18 characters; the last three are right for those that hold no capitals."""
    return f"{prefix}{number:012}AAA"


def _pick(dice: int, *values: str | None) -> str | None:
    return values[dice % len(values)]


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def render(records: int, *, packs: bool = False) -> Pages:
    """Render every page, and sum up what is in them."""
    plain, employees, ids = [], 0, hashlib.sha256()
    for start in range(0, records, PAGE):
        rows = [record(number) for number in range(start, min(start + PAGE, records))]
        plain.append(_json(_envelope(start, records) | {"records": rows}))
        employees += sum(row["NumberOfEmployees"] or 0 for row in rows)
        ids.update("".join(row["Id"] for row in rows).encode())
    packed = [gzip.compress(page, 6) for page in plain] if packs else []
    return Pages(plain, packed, records, f"{employees}/{ids.hexdigest()[:16]}")


def _envelope(start: int, records: int) -> Json:
    """What stands before a page's records, in Salesforce's order."""
    end = start + PAGE
    more = {"nextRecordsUrl": f"{DATA}/query/01g000000000001AAA-{end}"} if end < records else {}
    return {"totalSize": records, "done": not more, **more}


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class Handler(BaseHTTPRequestHandler):
    """Answers one client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, *args: Any, pages: Pages, latency: float) -> None:
        self._pages, self._latency = pages, latency
        super().__init__(*args)

    def do_GET(self) -> None:
        """Answer what Salesforce answers, or a page at once for who measures the service itself."""
        url = urlsplit(self.path)
        path = url.path.rstrip("/")
        if match := re.fullmatch(rf"{DATA}/query/\w+-(\d+)", path):
            time.sleep(self._latency)
            self._send_page(int(match[1]) // PAGE)
        elif match := re.fullmatch(r"/pages/(\d+)", path):
            self._send_page(int(match[1]))
        elif path == f"{DATA}/query":
            self._answer(parse_qs(url.query)["q"][0])
        elif answer := self._facts.get(path):
            self._send(_json(answer))
        else:
            self._send(_json([{"errorCode": "NOT_FOUND", "message": "not part of the benchmark"}]), 404)

    def do_POST(self) -> None:
        """Give a token to whoever asks."""
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self._send(_json({"access_token": "token", "instance_url": f"http://{self.headers['Host']}"}))

    def log_message(self, *args: object) -> None:
        """Say nothing: a line a request would cost more than the request."""

    def _answer(self, question: str) -> None:
        time.sleep(self._latency)
        if question == QUESTION:
            self._send_page(0)
        elif question == COUNTING:
            self._send(_json({"totalSize": self._pages.records, "done": True, "records": []}))
        else:
            words = f"the benchmark answers {QUESTION!r} and {COUNTING!r} only"
            self._send(_json([{"errorCode": "MALFORMED_QUERY", "message": words}]), 400)

    def _send_page(self, number: int) -> None:
        if self._pages.packed and "gzip" in self.headers.get("Accept-Encoding", ""):
            self._send(self._pages.packed[number], encoding="gzip")
        else:
            self._send(self._pages.plain[number])

    def _send(self, body: bytes, status: int = 200, *, encoding: str = "") -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json;charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.end_headers()
        self.wfile.write(body)

    @property
    def _facts(self) -> dict[str, Any]:
        """The answers that never change, by their path."""
        about = {"name": "Account", "label": "Account", "queryable": True}
        fields = [{"name": name, "type": kind, "filterable": True} for name, kind in TYPES.items()]
        return {
            "/services/data": [{"version": VERSION, "url": DATA, "label": "Summer"}],
            f"{DATA}/sobjects": {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [about]},
            f"{DATA}/sobjects/Account/describe": {**about, "fields": fields},
        }


class Server(ThreadingTCPServer):
    """A thread for each connection; none of them keeps the process alive."""

    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    """Serve until stdin closes, which it does when the parent ends, however it ends."""
    it = _options()
    pages = render(it.records, packs=it.gzip)
    with Server(("127.0.0.1", 0), partial(Handler, pages=pages, latency=it.latency / 1000)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        announced = {
            "address": f"http://127.0.0.1:{server.server_address[1]}",
            "question": QUESTION,
            "records": pages.records,
            "pages": len(pages.plain),
            "bytes": pages.size,
            "check": pages.check,
        }
        print(json.dumps(announced), flush=True)
        sys.stdin.buffer.read()
        server.shutdown()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--latency", type=float, default=0, help="milliseconds before each page")
    parser.add_argument("--gzip", action="store_true", help="pack pages for clients that accept it")
    return parser.parse_args()


if __name__ == "__main__":
    main()
