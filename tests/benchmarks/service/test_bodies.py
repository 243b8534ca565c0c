"""What goes out holds every record once, in whatever way it is asked for."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

from service.bodies import HEADER, Bodies, Wanted
from service.records import TYPES, record

Make = Callable[..., dict[str, Bodies]]


def test_the_pages_hold_every_record_in_its_order(bodies: Make) -> None:
    for wire, name in (("salesforce", "records"), ("items", "items")):
        pages = [_json(bodies()[wire], start) for start in (0, 2_000, 4_000)]
        rows = [row for page in pages for row in page[name]]
        for row in rows:
            row.pop("attributes", None)
        assert rows == [record(number) for number in range(4_500)]
        assert [len(page[name]) for page in pages] == [2_000, 2_000, 500]


def test_each_page_says_where_the_next_is_and_the_last_does_not(bodies: Make) -> None:
    first, last = (_json(bodies()["salesforce"], start) for start in (0, 4_000))
    assert (first["totalSize"], first["done"]) == (4_500, False)
    assert first["nextRecordsUrl"].endswith("-2000")
    assert (last["done"], "nextRecordsUrl" in last) == (True, False)
    first, last = (_json(bodies()["items"], start) for start in (0, 4_000))
    assert (first["total"], first["next"], last["next"]) == (4_500, "after-2000", None)


def _json(its: Bodies, start: int) -> dict:
    return json.loads(bytes(its.plain(start, 2_000)))


def test_csv_says_of_every_record_what_json_says(bodies: Make) -> None:
    parts, is_packed = bodies()["bulk"].sent(0, 20_000, takes_gzip=True)
    assert not is_packed
    rows = list(csv.DictReader(io.StringIO(b"".join(parts).decode(), newline="")))
    assert list(rows[0]) == list(TYPES)
    assert len(rows) == 4_500
    for number in (0, 1, 4_499):
        told = {name: _text(value) for name, value in record(number).items()}
        assert rows[number] == told


def _text(value: object) -> str:
    """A value as Bulk API 2.0 writes it."""
    if value is None or isinstance(value, bool):
        return {None: "", True: "true", False: "false"}[value]
    return str(value).replace(".000+0000", ".000Z")


def test_every_value_is_quoted() -> None:
    assert HEADER.startswith(b'"Id","IsDeleted","Name",')


def test_gzipped_bodies_are_the_same_bodies(bodies: Make) -> None:
    for wire, its in bodies(packs=True).items():
        for start in range(0, 4_500, its.step):
            packed, is_packed = its.sent(start, its.step, takes_gzip=True)
            plain, is_plain = its.sent(start, its.step, takes_gzip=False)
            assert (is_packed, is_plain) == (True, False), wire
            assert gzip.decompress(b"".join(packed)) == b"".join(plain)
        assert its.size() < 0.2 * bodies()[wire].size()


def test_a_result_that_was_not_gzipped_together_goes_out_plain(bodies: Make) -> None:
    parts, is_packed = bodies(packs=True)["bulk"].sent(2_000, 2_000, takes_gzip=True)
    assert not is_packed
    assert b"".join(parts).startswith(HEADER)


def test_all_wires_come_to_the_same_sum(bodies: Make) -> None:
    assert len({its.index.check for its in bodies().values()}) == 1
    assert bodies()["bulk"].index.check != bodies(records=4_400)["bulk"].index.check


def test_what_was_rendered_is_used_again(rendered: Path) -> None:
    wanted = Wanted("items", 10, 5, packs=False)
    path = wanted.path(rendered)
    first = Bodies(wanted, rendered)
    written = path.stat().st_mtime_ns
    assert bytes(Bodies(wanted, rendered).plain(5, 5)) == bytes(first.plain(5, 5))
    assert path.stat().st_mtime_ns == written
    assert Wanted("items", 10, 5, packs=True).path(rendered) != path


def test_there_is_nothing_behind_the_end(bodies: Make) -> None:
    assert bytes(bodies()["items"].plain(6_000, 2_000)) == b""
