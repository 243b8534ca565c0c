"""What is sent for since."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from spyro_sdk.connectors.declared.since import END, START, Since, filled, format_of, lacks

MOMENT = datetime(2026, 1, 31, 12, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("iso", "2026-01-31T10:00:00Z"),
        ("date", "2026-01-31"),
        ("seconds", 1769853600),
        ("milliseconds", 1769853600999),
    ],
)
def test_moments_are_never_written_later_than_they_are(form, expected):
    assert Since("c", "since", format=form).written(MOMENT) == expected


@pytest.mark.parametrize(
    ("initial", "form"),
    [
        ("2026-01-01T00:00:00Z", "iso"),
        ("2026-01-01", "date"),
        (None, "iso"),
        (0, "seconds"),
        (1769853600, "seconds"),
        (1769853600000, "milliseconds"),
    ],
)
def test_the_form_is_that_of_the_initial_value(initial, form):
    assert format_of(initial) == form


def test_parameters_are_those_that_are_known():
    since = Since("c", "from", "to", "date", "2025-01-01", "2026-12-31")
    assert since.params(MOMENT) == {"from": "2026-01-31", "to": "2026-12-31"}
    assert since.params(None) == {"from": "2025-01-01", "to": "2026-12-31"}
    assert Since("c", "from").params(None) == {}
    assert Since("c").params(datetime(2026, 1, 1, tzinfo=UTC)) == {}


def test_fields_without_a_value_are_left_out():
    start, end = f"{{{START}}}", f"{{{END}}}"
    body = {"a": start, "b": [end, 1], "c": {"d": f"x {start} y", "e": end}, "f": f"{end}!", "g": None}
    assert filled(body, {START: 5, END: None}) == {"a": 5, "b": [1], "c": {"d": "x 5 y"}, "g": None}
    assert filled(body, {START: 5, END: "z"}) == {
        "a": 5,
        "b": ["z", 1],
        "c": {"d": "x 5 y", "e": "z"},
        "f": "z!",
        "g": None,
    }
    assert lacks(f"/a/{end}", {START: 5, END: None})
    assert not lacks(f"/a/{start}", {START: 5, END: None})
