"""The cards of a table's quality, and of its first records."""

import re
from base64 import b64decode
from datetime import date, datetime, time

import pandas as pd
import pyarrow as pa
import pytest

import spyro_sdk as spyro
from spyro_sdk import shown
from spyro_sdk.arrow.head import head_of
from spyro_sdk.arrow.profiling import Profile
from spyro_sdk.notebook import NotebookWing

HOSTILE = '<script>alert("x")</script>\x1b[2J\u202eevil\u2066' + "x" * 5000
REMOVED = ("<script", "<style", "<svg", "var(--", "class=", " role=", "aria-", "\x1b", "\u202e", "\u2066")
KILO = 1000  # bytes


def quality_of(key=None, entity="Customer", **columns):
    profile = Profile(entity, key)
    profile.add(pa.record_batch(columns))
    return profile.quality()


def drawn(thing):
    html = NotebookWing().draw(thing)
    assert html is not None
    return html


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html)).strip()


def alts(html):
    return re.findall(r'alt="([^"]*)"', html)


@pytest.fixture(scope="module")
def sf():
    with spyro.connect("salesforce", demo={"records": 600}, progress=False) as connection:
        yield connection


def test_a_card_tells_first_what_deserves_a_look_then_column_by_column():
    html = drawn(
        quality_of(
            "id",
            id=["a", "a", "b", None],
            country=["DE", "DE", "FR", None],
            age=[1, 2, 3, 40],
            nothing=pa.nulls(4),
            flags=pa.array([[1], [], None, [2]]),
        )
    )
    assert words(html).startswith(
        "Customer 4 records, 5 columns 2 findings 1 record without id, 1 record with the id of an earlier one"
        " 1 column without any value: nothing column missing distinct from … to spread"
        " id key string 25 % 2 a … b a 50 % country string 25 % 2 DE … FR DE 50 % age int64 0 % 4 1 … 40"
        " nothing null 100 % 0 flags list&lt;item: int64&gt; 25 %"
    )
    assert "width:25%" in html
    assert alts(html) == ["mean 11.50, 75 % from 0 to 4"]


def test_where_nothing_is_found_it_says_so():
    html = drawn(quality_of("id", id=["a", "b"], same=["x", "y"]))
    assert words(html).startswith("Customer 2 records, 2 columns nothing found each id once column")


def test_a_table_of_nothing_has_a_card():
    told = Profile("Customer", "id", pa.schema([])).quality()
    assert words(drawn(told)) == "Customer 0 records, 0 columns 1 finding no records"


def test_a_single_value_is_shown_once():
    assert words(drawn(quality_of(n=[7, 7]))).endswith("n int64 0 % 1 7")


@pytest.mark.parametrize(
    ("values", "kind", "said"),
    [
        ([1.5, 2.5], pa.float64(), "mean 2.00, 50 % from 1.5 to 1.5625"),
        ([date(2026, 1, 1)] * 2 + [date(2026, 1, 9)], None, "67 % from 2026-01-01 to 2026-01-02"),
        ([datetime(2026, 1, 1), datetime(2026, 3, 1)], None, "50 % from 2025-12-30 to 2026-01-02"),
        ([time(9, 0), time(9, 0), time(17, 30)], None, "67 % from 8.5 h to 9.1 h"),
        ([10**13], pa.timestamp("s"), "100 % from 10,000,000,000,000 s to 10,000,000,000,000 s"),
    ],
)
def test_a_picture_says_in_words_where_most_values_lie(values, kind, said):
    assert alts(drawn(quality_of(x=pa.array(values, kind)))) == [said]


def test_columns_beyond_twelve_are_folded_away_and_their_words_kept():
    html = drawn(quality_of(**{f"column{it}": [1, None, it] for it in range(100)}))
    assert html.count("<img") == 12
    assert "60 more columns" in words(html.partition("<details")[2])
    assert "column71 int64, 33 % missing, 2 distinct, 1 … 71" in words(html)
    assert "column72" not in html
    assert "and 28 more columns" in words(html)


def test_a_card_stays_small(sf):
    account = sf.fetch("Account", native=True)
    sizes = [len(drawn(it)) for it in (sf.fetch("Customer").profile(), account.profile(), account.head())]
    assert sizes[0] < 12 * KILO  # 26 columns
    assert sizes[1] < 16 * KILO  # 47 columns
    assert sizes[2] < 10 * KILO
    floats = {f"c{it}": pa.array([it * 1.1 + n for n in range(400)]) for it in range(80)}
    assert len(drawn(quality_of(**floats))) < 30 * KILO
    picture = re.search(r"base64,([^\"]*)", drawn(quality_of(x=[float(n) for n in range(400)])))
    assert picture is not None
    assert len(b64decode(picture[1])) < 360


def test_whatever_a_service_says_is_escaped_and_shortened():
    columns = {HOSTILE: [HOSTILE, HOSTILE, "a"], "n": [1, 2, 3], HOSTILE + "2": pa.nulls(3)}
    quality, head = quality_of(HOSTILE, HOSTILE, **columns), head_of(pa.table(columns), HOSTILE)
    for html in (drawn(quality), drawn(head)):
        assert not [it for it in REMOVED if it in html]
        assert "&lt;script&gt;" in html
        assert "x" * 50 not in html
        assert len(html) < 8 * KILO
    assert "\x1b" not in repr(quality)
    assert "x" * 200 not in repr(quality)


def test_a_sample_is_shown_as_any_other(sf):
    sample = sf.describe("Customer", sample=50).sample
    assert words(drawn(sample)).startswith("Customer 50 records, 26 columns")


# --- the first records


def test_the_first_records_have_types_under_their_names():
    table = pa.table(
        {
            "name": ["Ann", None],
            "age": [3, None],
            "born": pa.array([date(2026, 1, 1), None]),
            "seen": pa.array([datetime(2026, 1, 1, 12), None], pa.timestamp("ms", "UTC")),
            "score": [1.5, None],
            "address": [{"city": "Ulm"}, None],
            "is_new": [True, None],
        }
    )
    html = drawn(head_of(table, "Customer"))
    assert words(html) == (
        "first 2 of Customer 7 columns name string age int64 born date32[day] seen timestamp[ms, tz=UTC]"
        " score double address struct&lt;city: string&gt; is_new bool"
        " Ann 3 2026-01-01 2026-01-01 12:00:00Z 1.5 {&#39;city&#39;: &#39;Ulm&#39;} true – – – – – – –"
    )
    assert html.count("text-align:right") == 2 * 3
    assert "white-space:nowrap" in html


def test_a_wide_or_long_head_says_what_it_does_not_show():
    html = drawn(head_of(pa.table({f"c{it}": list(range(30)) for it in range(39)}), "Customer"))
    assert words(html).startswith("first 30 of Customer 39 columns c0 int64")
    assert "and 20 more records" in words(html)
    assert words(html).endswith(
        "and 27 more columns: c12, c13, c14, c15, c16, c17, c18, c19, c20, c21, c22, c23 …"
    )


def test_no_records_are_said_to_be_none():
    assert words(drawn(head_of(pa.table({"a": pa.array([], pa.int64())}), "Customer"))) == (
        "no Customer 1 column a int64"
    )


def test_a_head_that_was_changed_is_shown_as_it_is():
    head = head_of(pa.table({"a": [1]}), "Customer")
    head["b"], head[3] = 2.5, "x"
    assert words(drawn(head)).endswith("a int64 b float64 3 str 1 2.5 x") or pd.__version__ < "3"
    assert words(drawn(head)).startswith("first 1 of Customer 3 columns")


def test_a_notebook_gets_the_card_and_plain_words(sf):
    before = shown.wing()
    shown.plug(NotebookWing())
    try:
        for thing in (sf.fetch("Customer", columns=["id"]).head(), sf.fetch("User").profile()):
            bundle = thing._repr_mimebundle_()
            assert bundle["text/plain"] == repr(thing)
            assert bundle["text/html"] == drawn(thing)
    finally:
        shown.plug(before)
