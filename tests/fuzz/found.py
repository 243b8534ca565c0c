"""Inputs on which fuzzing once found something wrong: each is tried again for ever."""

from __future__ import annotations

from typing import Final

MANY: Final = b"9" * 4500
DEEP: Final = b"[" * 5000
HALF: Final = (
    b'{"base_url":"https://shop.example","entities":{"items":{"\\ud800paging":"single_page","path":"/"}}}'
)

FOUND: Final[tuple[tuple[str, bytes], ...]] = (
    ("link", b"<https://acme.example/items?page=2&per_page=" + MANY + b">; rel=next"),
    ("paging", b'{"pages":"' + MANY + b'","total":"' + MANY + b'","next":1,"more":true}'),
    (
        "paging",
        b'{"errors":[{"message":"per_page must be at most ' + MANY + b'","maximum":"' + MANY + b'"}]}',
    ),
    ("paging", b'{"next":7.591e400}'),
    ("callback", b"state=Jq4-th\xf9-state-of-this-sign-in"),
    ("pasted", b"http://127.0.0.1:8765/callback?code=a&state=\xf9"),
    ("csv", b'\x031,202","1-31,2026,01-31T12:34:\x156.000Z\n12.50,,\n'),
    (
        "token_record",
        b'{"version":1,"account":{"connector":"a","issuer":"i","client_id":"c","profile":"","given":""},'
        b'"token":{"access_token":"a","refresh_token":null,"expires_at":1'
        + b"0"
        * 400
        + b',"extra":{},"scopes":[],'
        b'"obtained_at":null,"issuer":null}}',
    ),
    ("token_answer", b'{"access_token":"a","expires_in":1' + b"0" * 400 + b"}"),
    ("token_answer", b'{"access_token":"a","expires_in":"inf"}'),
    ("token_answer", b'{"access_token":"a\\nb","refresh_token":7}'),
    ("token_answer", DEEP),
    ("device_answer", b'{"device_code":"\\ud800","user_code":"W","verification_uri":"https://x.example"}'),
    (
        "device_answer",
        b'{"device_code":"d","user_code":"W","verification_uri":"https://x.example","interval":"nan"}'
        b'\n\n{"access_token":"a"}',
    ),
    ("yaml_file", b"a: 2026-02-31"),
    ("yaml_file", b"a: !!timestamp x"),
    ("yaml_file", b"a: !!bool x"),
    ("yaml_file", b"a: &x [*x]"),
    (
        "yaml_file",
        b"a: &a [1,1,1,1,1,1,1,1]\n"
        + b"".join(
            b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n" % (it + 1, it + 1, *[it] * 8)
            for it in range(97, 107)
        ),
    ),
    (
        "yaml_file",
        b"a: &a {k: 1}\n"
        + b"".join(b"%c: &%c {<<: [*%c,*%c]}\n" % (it + 1, it + 1, it, it) for it in range(97, 121)),
    ),
    ("yaml_file", b"[" * 2000),
    ("csv", b"-0e-40000000,,"),
    ("csv", b"-1E-4000000,,"),
    ("page", b'\x01[{"a": 0e-40000000}]'),
    ("page", b'\x01[{"a": 5e544630471236}, {"a": 1e-400}]'),
    ("csv", b"\x035e5446304712368235,,\n1e-400,,\n"),
    ("inflated", bytes.fromhex("001f8b08faff1f000000088b000002038b0500c4c2d8c701") + bytes(12)),
    ("toml_file", b"a = " + MANY),
    ("toml_file", b"a = " + DEEP),
    ("json_file", DEEP),
    ("json_file", MANY),
    ("json_file", HALF),
    ("around", b'\x10{"data":[{"a":1},15],"b":[{}],"cdata":[{}],"d]t":"/2","total":6}'),
    ("json_file", b'{"base_url":"https://shop.example","resources":["//s@o]p.example"]}'),
    ("json_file", b'{"base_url":"https:[//shop.example","entities":{"items":{"path":"/items"}}}'),
)
