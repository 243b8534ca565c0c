"""Bodies come out of their encodings, and bombs do not."""

import gzip
import json
import random
import tracemalloc
import zlib
from functools import partial

import pytest

from spyro_sdk.arrow.inflate import START, beginning, fastest, inflate
from spyro_sdk.errors import DecodeError, LimitError


@pytest.fixture(params=["isal.isal_zlib", "zlib"])
def unzip(request):
    return fastest(request.param)


@pytest.fixture
def unzipped(unzip):
    return partial(inflate, unzip=unzip)


TEXT = json.dumps([{"id": number, "name": f"Customer {number}"} for number in range(50_000)]).encode()
RAW = zlib.compressobj(wbits=-15)
PACKED = {
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "GZIP": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
    " deflate ": RAW.compress(TEXT) + RAW.flush(),
    "identity": TEXT,
    "": TEXT,
    "deflate, gzip": gzip.compress(zlib.compress(TEXT)),
}


@pytest.mark.parametrize("encoding", PACKED)
def test_a_body_is_unzipped_by_its_encoding(encoding, unzipped):
    assert unzipped(PACKED[encoding], encoding) == TEXT


def test_no_encoding_leaves_the_body_alone(unzipped):
    assert unzipped(TEXT, None) is TEXT


def test_gzip_members_that_follow_each_other_are_one_body(unzipped):
    assert unzipped(gzip.compress(b"[1,") + gzip.compress(b"2]"), "gzip") == b"[1,2]"


def test_zeros_behind_the_last_member_are_padding(unzipped):
    assert unzipped(gzip.compress(b"[1]") + bytes(1000), "gzip") == b"[1]"


def test_something_else_behind_the_last_member_is_damage(unzipped):
    for rubbish in (b"\0\0rubbish", b"rubbish" * 100):
        with pytest.raises(DecodeError, match=r"damaged|cut short"):
            unzipped(gzip.compress(b"[1]") + rubbish, "gzip")


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, br"])
def test_an_unknown_encoding_is_refused_by_name(encoding, unzipped):
    with pytest.raises(DecodeError, match=r"encoded as '(br|zstd)'"):
        unzipped(gzip.compress(TEXT), encoding)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", " deflate "])
def test_a_body_cut_anywhere_is_an_error(encoding, unzipped):
    packed = PACKED[encoding]
    for end in [0, 1, 2, 5, 9, 10, 11, len(packed) // 2, len(packed) - 9, len(packed) - 4, len(packed) - 1]:
        with pytest.raises(DecodeError, match=r"cut short|damaged"):
            unzipped(packed[:end], encoding)


def test_a_flipped_bit_is_an_error_or_harmless(unzipped):
    packed, chance = gzip.compress(TEXT[:2000]), random.Random(1)
    for _ in range(300):
        broken = bytearray(packed)
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
        try:
            found = unzipped(bytes(broken), "gzip")
        except DecodeError:
            continue
        assert found == TEXT[:2000]  # the bit was one of the header that says nothing


def test_a_body_over_the_limit_is_refused(unzipped):
    for encoding in ("gzip", "deflate", "identity"):
        with pytest.raises(DecodeError, match="more than 1,000 bytes"):
            unzipped(PACKED[encoding], encoding, limit=1000)
        assert unzipped(PACKED[encoding], encoding, limit=len(TEXT)) == TEXT


def test_a_bomb_is_refused_before_it_fills_the_memory(unzipped):
    bomb = gzip.compress(bytes(200 << 20), 9)
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError, match="100 times its size"):
            unzipped(bomb, "gzip")
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_a_small_page_may_be_as_repetitive_as_it_likes(unzipped):
    assert unzipped(gzip.compress(bytes(16 << 20)), "gzip") == bytes(16 << 20)


def test_raw_deflate_without_a_trailer_gives_its_last_bytes(unzipped):
    for size in (1 << 20, (1 << 20) + 1, (1 << 20) + 258, 3 << 20):
        packer = zlib.compressobj(9, wbits=-15)
        assert unzipped(packer.compress(bytes(size)) + packer.flush(), "deflate") == bytes(size)


def test_isal_does_the_work_where_it_is_installed():
    assert fastest().__name__ == "isal.isal_zlib"


def test_zlib_does_the_work_where_isal_is_not_installed():
    assert fastest("isal.not_there") is zlib


@pytest.mark.parametrize("encoding", [name for name in PACKED if "," not in name])
def test_the_beginning_of_a_body_is_unzipped_before_its_end_has_come(encoding, unzip):
    found = beginning(PACKED[encoding][:20_000], encoding, unzip=unzip)
    assert 5_000 < len(found) <= START
    assert TEXT.startswith(found)


def test_the_beginning_of_a_bomb_is_small(unzip):
    assert len(beginning(gzip.compress(bytes(200 << 20), 9), "gzip", unzip=unzip)) <= START


@pytest.mark.parametrize(
    ("start", "encoding"),
    [(b"", "gzip"), (b"\x1f\x8b", "gzip"), (b"no zip at all", "gzip"), (b"x", "br"), (b"x", "deflate, gzip")],
)
def test_a_beginning_that_cannot_be_unzipped_is_empty(start, encoding, unzip):
    assert beginning(start, encoding, unzip=unzip) == b""


def test_what_is_packed_more_often_than_anybody_does_is_refused(unzipped):
    packed = TEXT
    for _ in range(4):
        packed = gzip.compress(packed)
    assert unzipped(packed, "gzip, gzip,gzip, gzip") == TEXT
    with pytest.raises(LimitError, match="packed 5 times"):
        unzipped(gzip.compress(packed), "gzip, gzip, gzip, gzip, gzip")


def test_of_a_bomb_that_is_packed_again_the_bytes_that_came_count(unzipped):
    once = gzip.compress(bytes(64 << 20), 9)
    with pytest.raises(LimitError, match="100 times its size"):
        unzipped(gzip.compress(once, 9), "gzip, gzip")
