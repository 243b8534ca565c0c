import json

import pytest

from spyro_sdk.testing import layout


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1.10, "b": 12345678901234567890123.5, "c": -0, "d": 1E400, "e": [true, false, null]}',
        '["é", "\\ud800", "\\u0000", "\\"", "/"]',
        "[NaN, Infinity, -Infinity]",
        "[]",
        "{}",
        '"text"',
        "7",
    ],
)
def test_json_is_written_as_it_was_read(text: str) -> None:
    assert layout.line(layout.parse(text)) == text
    assert layout.parse(layout.lines(layout.parse(text))) == layout.parse(text)


def test_what_is_read_otherwise_means_the_same() -> None:
    text = '{ "a" : [ 1 ,2.50],"b":{"\\u00e9":"\\/"} }'
    assert json.loads(layout.line(layout.parse(text))) == json.loads(text)


@pytest.mark.parametrize("text", ["", "{", "a,b", '{"a": 1, "a": 2}', "[" * 200_000])
def test_what_is_no_json_or_says_a_name_twice_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # json's own has no name
        layout.parse(text)


def test_what_fits_stands_on_a_line_and_the_rest_is_broken_up() -> None:
    record = {"id": 1, "name": "x" * 60}
    text = layout.lines({"records": [record, record], "total": 2, "next": "y" * 200, "none": []})
    assert text.splitlines() == [
        "{",
        '  "records": [',
        *(f'    {{"id": 1, "name": "{"x" * 60}"}}{comma}' for comma in (",", "")),
        "  ],",
        '  "total": 2,',
        f'  "next": "{"y" * 200}",',
        '  "none": []',
        "}",
    ]
