"""What is fuzzed: every parser that meets the bytes of others, and what must hold whatever these are.

Each target takes bytes, and raises where something is wrong: an error that is none of ours, a result that
cannot be, two roads that part. What it returns says nothing.
"""

from __future__ import annotations

import asyncio
import atexit
import gzip
import json
import math
import shutil
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa

from spyro_sdk.arrow import compiled, delimited, envelope
from spyro_sdk.arrow.decode import Body, ahead, decode, open_body
from spyro_sdk.arrow.exact import parse, to_batch
from spyro_sdk.arrow.fast import Refused
from spyro_sdk.arrow.inflate import beginning, inflate, pieces
from spyro_sdk.auth.app import App
from spyro_sdk.auth.device import Device
from spyro_sdk.auth.loopback import Loopback
from spyro_sdk.auth.oauth import posted, token_of
from spyro_sdk.auth.paste import NotThat, query_of
from spyro_sdk.auth.redirect import Expected, says_issuer
from spyro_sdk.auth.tokens.account import Account, decoded, encoded
from spyro_sdk.config import RateLimitConfig
from spyro_sdk.connectors.declared import Declared
from spyro_sdk.connectors.github import refusal as github
from spyro_sdk.connectors.salesforce import refusal as salesforce
from spyro_sdk.entity import EntitySchema
from spyro_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    DecodeError,
    SignInError,
    ValidationError,
    WebhookError,
)
from spyro_sdk.guards.limiter import RateLimiter
from spyro_sdk.guards.quota import TEN_YEARS, WEEK, parse_retry_after, read_quota
from spyro_sdk.http import Request, Response, origin, redacted
from spyro_sdk.paging import (
    Answer,
    Cursor,
    KeySet,
    LinkHeader,
    NextLink,
    Offset,
    PageNumber,
    Paging,
    bound_of,
    counted_by,
    dig,
    is_numbered,
    resized,
    smaller,
)
from spyro_sdk.private import PrivateFolder
from spyro_sdk.profile.file import contents, found
from spyro_sdk.schema_cache import SCHEMAS, SchemaCache
from spyro_sdk.secret import Secret
from spyro_sdk.testing import signed
from spyro_sdk.webhooks import SCHEMES, Receiver
from spyro_sdk.where import parse as parse_where

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECRET = "hush" * 6
STATE = "Zq4-the-state-of-this-sign-in"
BACK = "http://127.0.0.1:8765/callback"
BY_PATH = ("data", "", "data.items", "@odata.nextLink")
ASKED = Request("https://acme.example/items?sort=id", params={"per_page": "100", "page": "1"})


def words(data: bytes) -> str:
    """Bytes as a text, as aiohttp gives those of a header, or Python those of a terminal."""
    return data.decode(errors="surrogateescape")


def parts(data: bytes, count: int) -> list[str]:
    """So many texts, with a line break between them."""
    found = words(data).split("\n", count - 1)
    return found + [""] * (count - len(found))


# -- what headers say -------------------------------------------------------------------------------------


def retry_after(data: bytes) -> None:
    value, date = parts(data, 2)
    seconds = parse_retry_after(value, now=NOW, server_date=date or None)
    assert seconds is None or 0 <= seconds <= TEN_YEARS


def quota(data: bytes) -> None:
    lines = (line.partition(":") for line in words(data).split("\n"))
    found = read_quota({name.lower(): value for name, _, value in lines}, now=NOW.timestamp())
    if found is None:
        return
    assert found.remaining >= 0
    assert found.limit is None or found.limit >= 0
    assert found.resets_in is None or 0 <= found.resets_in <= WEEK
    limiter = RateLimiter(RateLimitConfig(600, 5), clock=lambda: 1000.0)
    limiter.learn(found)
    assert 0 <= limiter.get_available_tokens() <= 5
    assert 0 <= limiter.get_wait_time() < math.inf


def link(data: bytes) -> None:
    header, url = parts(data, 2)
    request = Request(f"https://acme.example/{url}", params=ASKED.params)
    try:
        following = LinkHeader().next(request, Answer(None, 100, {"link": header}))
    except DecodeError:
        return
    if following is not None:
        counted_by(request, following, "per_page", 100)
        counted_by(request, following, "", 100)
        is_numbered(request, following)
        assert origin(following.address) is not None
        assert "\n" not in redacted(following.address)


# -- what a page says of the next one ---------------------------------------------------------------------

PAGINGS: tuple[Paging, ...] = (
    NextLink("next", "per_page"),
    NextLink("@odata.nextLink"),
    Cursor("next", "cursor", more="more"),
    Cursor("next", "page.cursor", into="body"),
    Cursor("header:link", "cursor"),
    KeySet("after", more="more"),
    Offset(more="more"),
    Offset(short_is_last=True),
    PageNumber(pages="pages"),
    PageNumber(more="more", size_param=None),
)


def paging(data: bytes) -> None:
    try:
        payload = parse(data)
    except DecodeError:
        return
    about: Any = payload if isinstance(payload, dict) else {}
    answer = Answer(payload, 100, {"link": str(about.get("next"))[:200]}, about.get("last"))
    for it in PAGINGS:
        first = it.first(Request(ASKED.url), 100)
        with suppress(DecodeError):
            answer.number("total")
            following = it.next(first, answer)
            bound_of(it, first, answer)
            assert following is None or following.address
            if following is not None:
                it.next(following, answer)
        size = smaller(it, first, 400, payload)
        assert size is None or 1 <= size < 100
        resized(it, first, size or 50)


# -- pages ------------------------------------------------------------------------------------------------

SHAPES = (
    pa.schema([("a", pa.int64()), ("b", pa.string()), ("c", pa.float64()), ("d", pa.bool_())]),
    pa.schema([("a", pa.decimal128(18, 2)), ("b", pa.date32()), ("c", pa.timestamp("ms", "UTC"))]),
    pa.schema([("a", pa.struct([("b", pa.string()), ("c", pa.int8())])), ("b", pa.list_(pa.int64()))]),
    pa.schema([("a", pa.time64("us")), ("b", pa.uint64()), ("c", pa.list_(pa.struct([("a", pa.string())])))]),
)
UNSEEN = ("two values for the key", "a number that is beyond all bounds")
"""What may be wrong in a field that is left out, where the fast road does not look."""
LAX = (b"Inf", b"NaN")


def page(data: bytes) -> None:
    """Both roads give the same batch, or the same error. The first byte chooses the schema and the path."""
    choice, text = data[:1] or b"\0", data[1:]
    schema, path = SHAPES[choice[0] % 4], BY_PATH[choice[0] // 4 % 4]
    closed = bool(choice[0] & 16)
    by_either = _outcome(lambda: decode(open_body(text, None, path), schema, closed=closed))
    exactly = _outcome(lambda: decode(Body(parse(text), None, text, path), schema, closed=closed))
    if closed and isinstance(exactly, str) and not isinstance(by_either, str):
        assert any(odd in exactly for odd in UNSEEN) or any(odd in text for odd in LAX), exactly
    elif isinstance(exactly, str) or isinstance(by_either, str):
        assert by_either == exactly, (by_either, exactly)
    else:
        by_either.validate(full=True)
        assert by_either.schema.equals(exactly.schema, check_metadata=True)
        assert repr(by_either.to_pylist()) == repr(exactly.to_pylist())


def compiled_page(data: bytes) -> None:
    """What the compiled road takes is what the exact one makes of it. The first byte chooses the schema."""
    choice, text = data[:1] or b"\0", data[1:]
    schema, closed = SHAPES[choice[0] % 4], bool(choice[0] & 16)
    try:
        found = compiled.read(text, schema, closed=closed)
    except Refused:
        return
    found.validate(full=True)
    try:
        exactly = to_batch(parse(text, keep_digits=True), schema, closed=closed)
    except DecodeError as error:
        assert closed, error
        assert any(odd in str(error) for odd in UNSEEN), error
    else:
        assert found.schema.equals(exactly.schema, check_metadata=True)
        assert repr(found.to_pylist()) == repr(exactly.to_pylist())


def _outcome(call: Callable[[], pa.RecordBatch]) -> Any:
    try:
        return call()
    except DecodeError as error:
        return str(error)


def around(data: bytes) -> None:
    """What the beginning of a body says is what the whole says. The first byte says where it is cut."""
    choice, text = data[:1] or b"\0", data[1:]
    path = BY_PATH[choice[0] % 4]
    start = text[: len(text) * (choice[0] // 4) // 64]
    said = ahead(start, None, path)
    assert isinstance(said, dict)
    try:
        whole = parse(text)
    except DecodeError:
        return
    step = path.partition(".")[0]
    for name in said.keys() - {step}:
        assert repr(whole[name]) == repr(said[name])
    if (split := envelope.split(text, path)) is not None:
        _, records = split
        wanted = dig(whole, path)
        assert isinstance(wanted, list)
        if all(type(it) is dict for it in wanted):  # else who reads them notices
            assert repr(parse(bytes(records))) == repr(wanted)


ENCODINGS = ("gzip", "deflate", "identity", "gzip, deflate", "x-gzip", "br", "gzip,gzip", "")
MOST = 1 << 20  # bytes


def inflated(data: bytes) -> None:
    """What a body unzips to, and never more than allowed. The first byte chooses the encoding."""
    choice, body = data[:1] or b"\0", data[1:]
    encoding = ENCODINGS[choice[0] % 8]
    beginning(body, encoding)
    try:
        text = inflate(body, encoding, limit=MOST)
    except DecodeError:
        text = None
    else:
        assert len(text) <= MOST
        assert b"".join(pieces(body, encoding, limit=MOST)) == text
    if encoding == "gzip" and body:
        with suppress(OSError, EOFError, zlib.error):
            expected = gzip.decompress(body)
            # Python allows padding between members, and flags that mean nothing (RFC 1952 §2.3.1.2)
            is_odd = b"\0\x1f\x8b" in body or body[3] & 0xE0
            assert text == expected or (text is None and (is_odd or len(expected) > MOST)), encoding


def csv(data: bytes) -> None:
    """CSV, in blocks of any size, gives the same rows. The first byte chooses the schema."""
    choice, body = data[:1] or b"\0", data[1:]
    schema = SHAPES[choice[0] % 2]
    try:
        whole = _rows(body, schema, 4 << 20)
    except DecodeError:
        return
    with suppress(DecodeError):
        assert _rows(body, schema, 1 + choice[0] // 2) == whole


def _rows(body: bytes, schema: pa.Schema, block: int) -> list[str]:
    batches = delimited.texts(body, None, schema.names, block=block)
    for batch in (found := list(batches)):
        delimited.to_batch(batch, schema).validate(full=True)
    return [repr(row) for batch in found for row in batch.to_pylist()]


def refusal(data: bytes) -> None:
    """The body of an answer that is not 2xx becomes one of our errors. The first byte chooses the status."""
    choice, body = data[:1] or b"\0", data[1:]
    status = (400, 401, 403, 404, 429, 500, 503, 302)[choice[0] % 8]
    headers = {"x-ratelimit-remaining": "0"} if choice[0] & 8 else {}
    response = Response(status, headers, body)
    try:
        salesforce.check(response)
    except ConnectorError as error:
        assert str(error)
    payload = None
    with suppress(DecodeError):
        payload = parse(body)
    for is_known in (False, True):
        assert str(github.error_of(response, payload, github.Pause(), is_known=is_known))


# -- who signs in -----------------------------------------------------------------------------------------


def callback(data: bytes) -> None:
    """A code comes out only of the answer to our own question."""
    query = words(data)
    try:
        code = Expected(STATE, "https://login.acme.example").code(Secret(query))
    except SignInError:
        return
    assert code
    assert "state" in query
    assert "code" in query


def pasted(data: bytes) -> None:
    """What is pasted is the query of our own address, or refused in words."""
    text = words(data)
    try:
        query = query_of(text, BACK)
    except NotThat as error:
        assert str(error)
        return
    callback(query.encode(errors="surrogateescape"))
    with suppress(SignInError):
        assert Expected(STATE).code(Secret(query))


@cache
def _door() -> Loopback:
    async def made() -> Loopback:
        return Loopback(App("", "", "app", redirect_port=8765), 8765)

    return asyncio.run(made())


def browser(data: bytes) -> None:
    """Whoever comes to the port of a sign-in is answered, and only the right one has a code."""
    door = _door()
    door.expect(Expected(STATE).code)
    with suppress(ValueError):  # it is no browser
        status, shown, result = door._answered(data.decode("latin-1"))
        assert status[:3].isdigit()
        assert "<script" not in shown.lower()
        assert result is None or isinstance(result, SignInError) or STATE.encode() in data


def _answering(data: bytes) -> Any:
    async def send(request: Request) -> Response:
        return Response(200, {}, data)

    return send


def _at_once(work: Any) -> Any:
    """The result of a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


def token_answer(data: bytes) -> None:
    """What a token endpoint answers is a token that can be kept, or none; so is what metadata promises."""
    _, answer = _at_once(posted(_answering(data), "https://login.acme.example/token", {}))
    token = token_of(answer)
    if token is not None:
        assert decoded(encoded(ACCOUNT, token)) == (ACCOUNT, token)
    assert _at_once(says_issuer(_answering(data), "https://login.acme.example")) in (True, False)


def device_answer(data: bytes) -> None:
    """A device's sign-in ends with a token or an error, whatever it is told, and asks no faster than told."""
    naps: list[float] = []

    async def sleep(seconds: float) -> None:
        naps.append(seconds)

    first, _, then = data.partition(b"\n\n")
    answers = iter((first, then))

    async def send(request: Request) -> Response:
        return Response(200, {}, next(answers, b'{"error":"expired_token"}'))

    address = "https://login.acme.example/device"
    device = Device(address, address, "app", lambda code: None, clock=lambda: sum(naps), sleep=sleep)
    with suppress(SignInError, AuthenticationError):
        assert _at_once(device(send)).access_token
    assert all(0 <= seconds < math.inf for seconds in naps)


ACCOUNT = Account("acme", "https://login.acme.example", "app", "ana")


def token_record(data: bytes) -> None:
    """A file of tokens is read as it was written, or is damaged."""
    try:
        account, token = decoded(data)
    except DecodeError:
        return
    assert decoded(encoded(account, token)) == (account, token)
    if token is not None:
        token.is_old(NOW.timestamp(), 60.0)


# -- what people write ------------------------------------------------------------------------------------

TABLE = pa.record_batch(
    {
        "name": pa.array(["Acme", None, "Ä_%"]),
        "amount": pa.array([1, None, -3], pa.int64()),
        "price": pa.array([1.5, None, math.nan]),
        "cost": pa.array([None, 1, 2], pa.decimal128(18, 2)),
        "since": pa.array([None, 0, 1], pa.timestamp("ms", "UTC")),
        "day": pa.array([None, 0, 1], pa.date32()),
        "active": pa.array([True, False, None]),
        "Owner": pa.array([{"Name": "Ana"}, None, {"Name": None}]),
    }
)


def where(data: bytes) -> None:
    """A filter means what it says when it is spelled out, and filters or is refused."""
    try:
        read = parse_where(words(data))
    except ValidationError:
        return
    assert parse_where(str(read)).root == read.root
    with suppress(ValidationError):
        assert read.filter(TABLE).num_rows <= TABLE.num_rows


@cache
def _folder() -> Path:
    """A folder in memory, where the system has one: a million files are written into it."""
    memory = Path("/dev/shm")
    folder = mkdtemp(prefix="spyro-fuzz-", dir=memory if memory.is_dir() else None)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _written(name: str, data: bytes) -> Path:
    """A file of ours alone with these bytes."""
    path = _folder() / name
    path.touch(mode=0o600)
    path.write_bytes(data)
    return path


def profile(data: bytes) -> None:
    """The file of profiles is read, or refused by its place."""
    path = _written("connections.toml", data)
    with suppress(ConfigurationError):
        file = contents(path)
        assert file is not None
        for name in file.tables:
            with suppress(ConfigurationError):
                found(name, KNOWN, name, {"SPYRO_CONFIG_FOLDER": str(path.parent)})


KNOWN = (
    "base_url",
    "client_id",
    "client_secret",
    "timeout",
    "page_size",
    "headers",
    "custom_params",
    "verify",
)


def _declared(suffix: str, data: bytes) -> None:
    path = _written(f"declared{suffix}", data)
    with suppress(ConfigurationError):
        Declared.of(path, environment={"TOKEN": "t"}).configure()


def yaml_file(data: bytes) -> None:
    _declared(".yaml", data)


def toml_file(data: bytes) -> None:
    _declared(".toml", data)


def json_file(data: bytes) -> None:
    _declared(".json", data)


@cache
def _schemas() -> SchemaCache:
    return SchemaCache(PrivateFolder(_folder() / "schemas", purpose=SCHEMAS), "a" * 32, 60.0, lambda: 1000.0)


def schema_file(data: bytes) -> None:
    """A file of a described entity is that, or is passed over."""
    cache = _schemas()
    name = cache._name("Account")
    if not (cache.folder.path / name).exists():
        cache.folder.replace(name, b"")
    (cache.folder.path / name).write_bytes(data)
    schema = cache.read("Account")
    assert schema is None or isinstance(schema, EntitySchema)
    if schema is not None:
        assert repr(schema)
        json.dumps(schema.names)


# -- what is delivered to webhooks ------------------------------------------------------------------------


def webhook(data: bytes) -> None:
    """The first byte says by which scheme, the rest of the line is one more header; then the body comes."""
    scheme = list(SCHEMES.values())[data[0] % 3 if data else 0]
    line, _, body = data[1:].partition(b"\n")
    name, _, value = line.partition(b":")
    headers = signed(scheme, SECRET, body, at=NOW.timestamp())
    try:
        parse(body)
        ends = ["taken", "replayed"]
    except DecodeError:
        ends = ["not_json", "not_json"]
    receiver = Receiver(scheme, SECRET, clock=NOW.timestamp)
    assert [_received(receiver, body, headers) for _ in ends] == ends
    for more in ([*headers.items(), (name, value)], {**headers, words(name): words(value)}):
        end = _received(Receiver(scheme, SECRET, clock=NOW.timestamp), body, more)
        assert end in (ends[0], "malformed", "bad_signature", "too_old", "too_new")


def _received(receiver: Receiver, body: bytes, headers: Any) -> str | None:
    """What came of a delivery."""
    try:
        receiver.verify(body, headers)
    except WebhookError as error:
        return error.error_code
    return "taken"


TARGETS: dict[str, Callable[[bytes], None]] = {
    it.__name__: it
    for it in (
        *(retry_after, quota, link, paging, page, compiled_page, around, inflated, csv, refusal),
        *(callback, pasted, browser, token_answer, device_answer, token_record),
        *(where, profile, yaml_file, toml_file, json_file, schema_file, webhook),
    )
}
