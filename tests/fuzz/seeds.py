"""Good and bad inputs with which fuzzing begins, and the words that its parsers know."""

from __future__ import annotations

import gzip
import json
import zlib
from base64 import b64encode
from typing import Final

import pyarrow as pa

from spyro_sdk.auth.token import Token
from spyro_sdk.auth.tokens.account import encoded

from .edits import ODD
from .targets import ACCOUNT, STATE

ROWS: Final = b'[{"a":1,"b":"x","c":1.5,"d":true},{"a":null,"b":"2026-01-31","c":-0.0},{}]'
TYPED: Final = b'[{"a":"12:34:56","b":"2026-01-31","c":"2026-01-31T12:34:56.000+0000"},{"a":12.50}]'
NESTED: Final = b'[{"a":{"b":"x","c":7},"b":[1,2,null]},{"a":null,"b":[]},{"c":[{"a":"y"}]}]'


def _pages() -> tuple[bytes, ...]:
    """Pages of each schema and path; see `targets.page` for their first byte."""
    bodies = (b'{"data":%s,"next":"/2","total":3}', b"%s", b'{"total":3,"data":{"n":1,"items":%s,"x":"]"}}')
    return tuple(
        bytes([kind + 4 * path + 16 * closed]) + body % rows
        for kind, rows in ((0, ROWS), (1, TYPED), (2, NESTED), (3, TYPED))
        for path, body in enumerate(bodies)
        for closed in (0, 1)
    )


def _records() -> tuple[bytes, ...]:
    """Lists of records of each schema; see `targets.compiled_page` for their first byte."""
    rows = (
        *((0, ROWS), (1, TYPED), (2, NESTED), (3, TYPED)),
        (0, b'[{"b":"\\ud83d\\ude00\\n\xc3\xbc","a":-7,"c":0.1234567890123456789,"d":false}]'),
        (0, b'[{"x":{"y":[1.5e3,{"z":"\\u20ac"}],"w":[]},"c":9007199254740993.0}, {"a" : 9}]'),
        (1, b'[{"a":12.5,"b":"2024-02-29","c":"2024-02-29T23:59:59.5+05:30"},{"a":-1200e-2}]'),
        (2, b'[{"a":{"c":-128,"b":null},"b":[-9223372036854775808]},{"b":[null,0]},{"a":{}}]'),
        (3, b'[{"a":"12:34:56.5Z","b":18446744073709551615,"c":[{"a":"x"},null,{}]},{"c":[]}]'),
    )
    return tuple(bytes([kind + 16 * closed]) + text for kind, text in rows for closed in (0, 1))


RETRY_AFTER: Final = (
    *(b"120", b"1.5", b"Mon, 23 Nov 2026 12:00:30 GMT\nMon, 23 Nov 2026 12:00:00 GMT", b"-5", b"soon"),
    *(b"Monday, 23-Nov-26 12:00:30 GMT", b"Mon Nov 23 12:00:30 2026", b"2026-11-23T12:00:30Z", b"9" * 30),
)
QUOTA: Final = (
    b'ratelimit:"default";r=50;t=30\nratelimit-policy:"default";q=100;w=60',
    b'ratelimit:"burst";r=0;t=5,"day";r=400\nratelimit-policy:"burst";q=9;w=1, "day";q=5000;w=86400;pk=":a:"',
    b"x-ratelimit-limit:100\nx-ratelimit-remaining:42\nx-ratelimit-reset:1800000000",
    b"ratelimit-limit:100, 100;w=60\nratelimit-remaining:0\nratelimit-reset:30",
    b"x-rate-limit-remaining:0\nx-rate-limit-reset:2026-11-23T12:00:45Z\ndate:Mon, 23 Nov 2026 12:00:00 GMT",
)
LINK: Final = (
    b'<https://acme.example/items?page=2&per_page=100>; rel="next", </items?page=9>; rel=last',
    b'</items?offset=100&per_page=100>; rel="next foo"; title="a \\" b"; anchor=x\n/items?x=1',
    b"<?cursor=abc>;rel=next;type=text/html , <x>",
    b"<//elsewhere.example/x?page=3>; rel=next\nitems",
)
PAGING: Final = (
    b'{"next":"/items?page=2","more":true,"pages":3,"total":250,"last":"k7"}',
    b'{"next":{"a":1},"more":"no","pages":"4","last":9}',
    b'{"@odata.nextLink":"https://acme.example/x?$skip=100","next":"c","more":null}',
    b'{"errors":[{"message":"per_page must be at most 1,000","maximum":50}],"limit":"must be <= 250"}',
    b'{"next":7.5,"pages":99999999999999999999,"more":1}',
)
CSVS: Final = (
    b'\x00"a","b","c","d"\n"1","x","1.5","true"\n"","a ""q""\nb","-0","false"\n',
    b'\x10"C","A","B","D"\r\n"1e3","7","","true"\r\n',
    b"\x031,2026-01-31,2026-01-31T12:34:56.000Z\n12.50,,\n",
    b"\x21\xef\xbb\xbfa,b,c\n1,2026-01-31,\n",
)
REFUSALS: Final = (
    b'\x00[{"message":"No such column \'Nam\' on entity \'Account\'","errorCode":"INVALID_FIELD"}]',
    b'\x02[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]',
    b'\x0a{"message":"API rate limit exceeded for user","documentation_url":"https://docs.example"}',
    b'\x03{"message":"Not Found","errors":[{"resource":"Issue","code":"missing"}]}',
    b'\x05{"error":{"error":{"message":7}}}',
    b"\x06<html>busy</html>",
)
QUERY: Final = f"code=SplxlOBeZQQYbYS6WxSbIA&state={STATE}&iss=https%3A%2F%2Flogin.acme.example".encode()
CALLBACK: Final = (
    QUERY,
    f"error=access_denied&error_description=no%20%3Cb%3E&state={STATE}".encode(),
    f"state={STATE}".encode(),
    b"code=a&code=b&state=x",
)
PASTED: Final = (
    b"http://127.0.0.1:8765/callback?" + QUERY,
    b"'localhost:8765/callback?" + QUERY + b"'",
    QUERY,
    b"https://login.acme.example/authorize?state=x",
    b"http://[::1]:8765/callback?code=a&state=b",
)
BROWSER: Final = (
    b"GET /callback?" + QUERY + b" HTTP/1.1\r\nHost: 127.0.0.1:8765\r\nAccept: */*\r\n\r\n",
    b"GET /callback?error=x&state=y HTTP/1.1\r\nHost: 127.0.0.1:8765\r\n\r\n",
    b"GET /favicon.ico HTTP/1.1\r\nHost: 127.0.0.1:8765\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: evil.example\r\n\r\n",
)
TOKEN_ANSWERS: Final = (
    b'{"access_token":"a","token_type":"Bearer","expires_in":3600,"refresh_token":"r","scope":"api,web"}',
    b'{"access_token":"a","expires_in":"3600","instance_url":"https://eu1.acme.example","id":{"x":[1]}}',
    b'{"error":"invalid_grant","error_description":"expired"}',
    b'{"issuer":"https://login.acme.example","authorization_response_iss_parameter_supported":true}',
)
DEVICE_ANSWERS: Final = (
    b'{"device_code":"d","user_code":"WXYZ","verification_uri":"https://login.acme.example/d","interval":5}\n\n'
    b'{"access_token":"a","expires_in":3600}',
    b'{"device_code":"d","user_code":"W","verification_uri":"https://x.example","expires_in":"60"}\n\n'
    b'{"error":"slow_down","interval":"7"}',
    b'{"error":"invalid_client"}\n\n{"error":"authorization_pending"}',
)
TOKEN: Final = Token("hush-a", "hush-r", 1000.5, {"instance_url": "https://eu1"}, ("api",), 1.0, "https://i")
TOKEN_RECORDS: Final = (encoded(ACCOUNT, TOKEN), encoded(ACCOUNT, None), b"{}")
WHERES: Final = (
    b"amount > 1e6 and name in ('Acme', 'O''Neil') or not (since is null)",
    b"name like '%\\_x%' escape '\\' and since >= timestamp '2026-01-01 12:00:00+02:00'",
    b"\"Owner\".\"Name\" ilike 'a_%' and day between date '2026-01-01' and '2026-12-31'",
    b"((price <> -1.50 or 3 <= cost) and active)",
    b"price = 0.1 and not not name not like 'x' and amount not in (1, 2, -3)",
)
PROFILES: Final = (
    b'[acme]\nconnector = "acme"\nbase_url = "https://acme.example"\nclient_secret = { env = "S" }\ntimeout = 5\n',  # noqa: E501
    b'[acme]\nheaders = { "X-Key" = { file = "key" }, Accept = "*/*" }\ncustom_params = { a = 1, b = [1, 2] }\n',  # noqa: E501
    b'title = "x"\n[shop.inner]\npage_size = true\nverify = 1979-05-27T07:32:00Z\n',
)
YAMLS: Final = (
    b"base_url: https://shop.example\nauth: {type: bearer, token: '${TOKEN}'}\nentities:\n  items: /items\n",
    b"name: shop\nclient: {base_url: 'https://shop.example', paginator: {type: cursor, cursor_path: a.b}}\n"
    b"resource_defaults: {primary_key: id}\nresources:\n- name: items\n  endpoint: {path: items, params: {q: 1}}\n"  # noqa: E501
    b"- lines\n",
    b"a: &x [1, 2]\nb: *x\nc: !!binary aGk=\nd: 2026-01-01\ne: 0x1F\nf: 1_000\ng: !!python/none x\n<<: {h: 1}\n",  # noqa: E501
    b"entities: {items: {path: /items, key: id, total: meta.total, paging: {type: offset, limit: 100}}}\n",
)
TOMLS: Final = (
    b'base_url = "https://shop.example"\n[entities.items]\npath = "/items"\npaging = { type = "page_number" }\n',  # noqa: E501
    b'[client]\nbase_url = "https://shop.example"\n[[resources]]\nname = "items"\nendpoint = "items"\n',
    b"a = 1979-05-27T07:32:00-07:00\nb = [1, 2.5, inf]\nc = 0xFF\n",
)
JSONS: Final = (
    b'{"base_url":"https://shop.example","entities":{"items":{"path":"/items","paging":"single_page"}}}',
    b'{"client":{"base_url":"https://shop.example","auth":{"type":"api_key","api_key":"${TOKEN}"}},'
    b'"resources":["items",{"name":"lines","endpoint":{"path":"items/{resources.items.id}/lines"}}]}',
)


def _schema_files() -> tuple[bytes, ...]:
    columns = [{"label": "Account ID", "references": ["User"], "values": [], "source": []}]
    schema = pa.schema([pa.field("Id", pa.string(), nullable=False)])
    about = {"form": 1, "account": "a" * 32, "entity": "Account", "written": 990.0, "name": "Account"}
    more = {"label": "Accounts", "key": "Id", "cursor": None, "native": ""}
    types = b64encode(schema.serialize()).decode()
    return (json.dumps({**about, "columns": columns, "types": types, **more}).encode(), b"{}")


WEBHOOKS: Final = (
    b'\0webhook-signature:v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\n{"type":"a","data":{"n":1}}',
    b'\0WEBHOOK-ID:msg_2\n{"type":"a"}',
    b'\1X-Hub-Signature-256:sha256=0011\n{"action":"opened","number":7}',
    b'\2stripe-signature:t=1795435200,v1=00,v0=11\n{"id":"evt_1","type":"invoice.paid"}',
    b"\2:\n[]",
)

SEEDS: Final[dict[str, tuple[bytes, ...]]] = {
    "retry_after": RETRY_AFTER,
    "quota": QUOTA,
    "link": LINK,
    "paging": PAGING,
    "page": _pages(),
    "compiled_page": _records(),
    "around": _pages(),
    "inflated": (
        b"\0" + gzip.compress(ROWS, mtime=0),
        b"\1" + zlib.compress(ROWS),
        b"\1" + zlib.compress(ROWS)[2:-4],
        b"\0" + gzip.compress(bytes(1 << 21), mtime=0),
        b"\3" + zlib.compress(gzip.compress(ROWS, mtime=0)),
        b"\0" + gzip.compress(b"[", mtime=0) + gzip.compress(b"]", mtime=0) + bytes(9),
        b"\2" + ROWS,
        b"\6" + gzip.compress(gzip.compress(ROWS, mtime=0), mtime=0),
    ),
    "csv": CSVS,
    "refusal": REFUSALS,
    "callback": CALLBACK,
    "pasted": PASTED,
    "browser": BROWSER,
    "token_answer": TOKEN_ANSWERS,
    "device_answer": DEVICE_ANSWERS,
    "token_record": TOKEN_RECORDS,
    "where": WHERES,
    "profile": PROFILES,
    "yaml_file": YAMLS,
    "toml_file": TOMLS,
    "json_file": JSONS,
    "schema_file": _schema_files(),
    "webhook": WEBHOOKS,
}

WORDS: Final[dict[str, tuple[bytes, ...]]] = {
    "retry_after": (b"GMT", b"Mon, ", b" Nov ", b"2026", b"00:00:30", b"+2359", b"-2359", b"9999", b"0001"),
    "quota": (
        b"ratelimit:",
        b"x-ratelimit-reset:",
        b";r=0",
        b";t=",
        b";q=",
        b";w=",
        b'qu="requests"',
        b"date:",
    ),
    "link": (
        b"rel=next",
        b'rel="next"',
        b"page=",
        b"per_page=",
        b"anchor=",
        b"http://[",
        b"//",
        b"\\",
        b"?",
        b"&",
    ),
    "paging": (
        b'"next":',
        b'"more":',
        b'"pages":',
        b'"total":',
        b'"last":',
        b'"maximum":',
        b"per_page",
        b"limit",
    ),
    "page": (
        b'"a":',
        b'"b":',
        b'"c":',
        b'"data":',
        b'"items":',
        b"},{",
        b"]},[{",
        b'"\\udc00"',
        b"e-123",
        b"1e16",
    ),
    "compiled_page": (
        b'"a":',
        b'"b":',
        b'"c":',
        b'"x":',
        b"},{",
        b"\\ud83d\\ude00",
        b"\xc3\xbc",
        b'"2026-01-31"',
        b'"2026-01-31T12:34:56.789Z"',
        b'"23:59:59"',
        b"1.5e-3",
        b"9007199254740993",
    ),
    "around": (b'"data":', b'"items":', b'"@odata.nextLink":', b'"next":', b"]},[{", b"},{"),
    "inflated": (b"\x1f\x8b\x08", b"\x78\x9c", b"\0" * 8, b"\xff" * 4),
    "csv": (b'""', b'","', b'"\n"', b"a,b,c,d", b"1e400", b"0x10", b"-0", b"2026-02-30", b"true"),
    "refusal": (
        b'"errorCode":',
        b'"message":',
        b'"error":',
        b"rate limit",
        b"INVALID_SESSION_ID",
        b"secondary",
    ),
    "callback": (b"&state=", b"&code=", b"&iss=", b"&error=", STATE.encode(), b"%00", b"%ed%a0%80", b"&"),
    "pasted": (
        b"http://",
        b"localhost",
        b"[::1]",
        b":8765",
        b"/callback?",
        b"state=",
        b"\x1b[200~",
        b"code=",
    ),
    "browser": (
        b"\r\nHost: ",
        b"127.0.0.1:8765",
        b"GET /callback?",
        b" HTTP/1.1",
        b"%3Cscript%3E",
        b"<script",
    ),
    "token_answer": (
        b'"access_token":',
        b'"expires_in":',
        b'"scope":',
        b'"refresh_token":',
        b'"error":',
        b"inf",
    ),
    "device_answer": (
        b'"interval":',
        b'"expires_in":',
        b'"device_code":',
        b'"error":',
        b"slow_down",
        b'"nan"',
    ),
    "token_record": (b'"extra":', b'"expires_at":', b'"scopes":', b'"token":', b'"version":', b'"account":'),
    "where": (
        b" and ",
        b" or ",
        b" not ",
        b" in (",
        b" like '",
        b" between ",
        b"date '",
        b"timestamp '",
        b"name",
    ),
    "profile": (
        b"[acme]",
        b"headers",
        b"env = ",
        b"file = ",
        b"1979-05-27",
        b"inf",
        b"'''",
        b'"""',
        b"[[",
        b"]]",
    ),
    "yaml_file": (
        b"!!binary",
        b"!!set",
        b"!!omap",
        b"!!timestamp",
        b"&a",
        b"*a",
        b"<<: ",
        b"? ",
        b"- ",
        b"|\n",
        b"0b",
    ),
    "toml_file": (
        b"[[",
        b"]]",
        b"1979-05-27",
        b"07:32:00",
        b"'''",
        b'"""',
        b"inf",
        b"0x",
        b"entities",
        b"paging",
    ),
    "json_file": (
        b'"paging":',
        b'"type":',
        b'"cursor"',
        b'"params":',
        b"${TOKEN}",
        b"{resources.",
        b'"incremental"',
    ),
    "webhook": (b"webhook-timestamp:", b"x-github-delivery:", b",t=", b",v1=", b" v1,", b"sha256=", b'"id":'),
    "schema_file": (b'"types":', b'"columns":', b'"written":', b"AAAA", b"////", b'"entity":"Account"'),
}


def pieces(name: str) -> tuple[bytes, ...]:
    """What is put into the inputs of a target."""
    return (*WORDS.get(name, ()), *ODD)
