from __future__ import annotations

import doctest
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spyro_sdk.errors import ValidationError
from spyro_sdk.where import And, Comparison, IsNull, Like, Membership, Or, Where, mask, parse, tree, values


def refusal(text: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        parse(text)
    assert (caught.value.field, caught.value.value) == ("where", text)
    return str(caught.value)


def kept(text: str, values: list[Any], kind: pa.DataType) -> list[Any]:
    """The values of a column `x` for which the filter is true."""
    batch = pa.record_batch({"x": pa.array(values, kind)})
    return parse(text).filter(batch).column("x").to_pylist()


def misfit(text: str, **columns: pa.DataType) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        parse(text).bind(pa.schema(columns))
    assert caught.value.value == text
    return caught.value


# --- from text to tree


def test_a_filter_becomes_a_small_tree_of_ours() -> None:
    where = parse("annual_revenue > 1e6 and industry in ('Energy', 'Banking')")
    revenue = Comparison("annual_revenue", ">", Decimal(1_000_000))
    assert where.root == And((revenue, Membership("industry", ("Energy", "Banking"))))
    assert where.text == "annual_revenue > 1e6 and industry in ('Energy', 'Banking')"
    assert where.columns == {"annual_revenue", "industry"}


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("a = 1", Comparison("a", "=", 1)),
        ("a != 1", Comparison("a", "!=", 1)),
        ("a <> 1", Comparison("a", "!=", 1)),
        ("a<1", Comparison("a", "<", 1)),
        ("a<=-1", Comparison("a", "<=", -1)),
        ("a > + 1", Comparison("a", ">", 1)),
        ("a >= .5", Comparison("a", ">=", Decimal("0.5"))),
        ("1e6 < a", Comparison("a", ">", Decimal(1_000_000))),
        ("1 <= a", Comparison("a", ">=", 1)),
        ("1 > a", Comparison("a", "<", 1)),
        ("1 >= a", Comparison("a", "<=", 1)),
        ("'x' = a", Comparison("a", "=", "x")),
        ("1 <> a", Comparison("a", "!=", 1)),
        ("a = 'O''Brien'", Comparison("a", "=", "O'Brien")),
        ("a = ''", Comparison("a", "=", "")),
        ("a = '--'", Comparison("a", "=", "--")),
        ("\"first name\" = 'x'", Comparison("first name", "=", "x")),
        ('"say ""hi""" = 1', Comparison('say "hi"', "=", 1)),
        ("Owner.Name = 'x'", Comparison("Owner.Name", "=", "x")),
        ('a."b c".in = 1', Comparison("a.b c.in", "=", 1)),
        ("größe = 1", Comparison("größe", "=", 1)),
        ("a = TRUE", Comparison("a", "=", True)),
        ("a IS NULL", IsNull("a")),
        ("a is not null", IsNull("a", negated=True)),
        ("a in (1)", Membership("a", (1,))),
        ("a not in ('x', 'y')", Membership("a", ("x", "y"), negated=True)),
        ("a like 'x%'", Like("a", "x%")),
        ("a not like 'x%'", Like("a", "x%", negated=True)),
        ("a Ilike 'x%'", Like("a", "x%", case_sensitive=False)),
        ("a between 1 and 2", And((Comparison("a", ">=", 1), Comparison("a", "<=", 2)))),
        ("a not between 1 and 2", Or((Comparison("a", "<", 1), Comparison("a", ">", 2)))),
        ("active", Comparison("active", "=", True)),
        ("not active", Comparison("active", "=", False)),
        ("not not active", Comparison("active", "=", True)),
        ("not active != true", Comparison("active", "!=", False)),
        ("((active))", Comparison("active", "=", True)),
        ("a = date '2026-01-01'", Comparison("a", "=", date(2026, 1, 1))),
        ("DATE '2026-01-01' = date", Comparison("date", "=", date(2026, 1, 1))),
        ("a = timestamp '2026-01-01'", Comparison("a", "=", datetime(2026, 1, 1, tzinfo=UTC))),
        ("a = timestamp '2026-01-01 00:00:00Z'", Comparison("a", "=", datetime(2026, 1, 1, tzinfo=UTC))),
        ("timestamp > 1", Comparison("timestamp", ">", 1)),
        (
            "a = timestamp '2026-01-01T12:30:00.000001+01:00'",
            Comparison("a", "=", datetime(2026, 1, 1, 11, 30, 0, 1, tzinfo=UTC)),
        ),
    ],
)
def test_each_form_of_the_language_has_its_node(text: str, root: tree.Node) -> None:
    assert parse(text).root == root


@pytest.mark.parametrize(
    "word", ["order", "group", "case", "call", "show", "fetch", "left", "current_date", "if"]
)
def test_the_key_words_that_a_filter_has_no_use_for_are_names(word: str) -> None:
    assert parse(f"{word} = 1").root == Comparison(word, "=", 1)


def test_and_binds_closer_than_or_and_not_closer_than_and() -> None:
    a, b, c = (Comparison(name, "=", True) for name in "abc")
    assert parse("a or b and c").root == Or((a, And((b, c))))
    assert parse("(a or b) and c").root == And((Or((a, b)), c))
    assert parse("not a and b").root == And((Comparison("a", "=", False), b))


def test_operands_of_the_same_kind_stand_side_by_side() -> None:
    a, b, c = (Comparison(name, "=", True) for name in "abc")
    assert parse("(a and b) and c").root == parse("a and (b and c)").root == And((a, b, c))


def test_not_is_carried_down_to_the_leaves() -> None:
    where = parse("not (a = 1 and (b like 'x' or not c is null) and d < 1 and e in (1))")
    assert str(where) == "a != 1 or b not like 'x' and c is null or d >= 1 or e not in (1)"


def test_numbers_are_not_rounded() -> None:
    where = parse(f"a = {10**400} and b = 0.1000000000000000000000000000000000001 and c = -1.5e-7")
    a, b, c = (leaf.value for leaf in tree.leaves(where.root) if isinstance(leaf, Comparison))
    assert a == 10**400
    assert isinstance(a, int)
    assert str(b) == "0.1000000000000000000000000000000000001"
    assert c == Decimal("-1.5e-7")


def test_a_negative_number_keeps_all_its_digits() -> None:
    digits = "-1." + "3" * 50
    assert parse(f"a = {digits}").root == Comparison("a", "=", Decimal(digits))


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        (r"a like 'x!%%' escape '!'", r"x\%%"),
        (r"a like 'x!!_' escape '!'", r"x!_"),
        (r"a like 'x!y' escape '!'", r"xy"),
        (r"a like 'x\%'", r"x\\%"),
        (r"a like 'x\%' escape '\'", r"x\%"),
        (r"a like 'x!\' escape '!'", r"x\\"),
        (r"a like '%%' escape '%'", r"\%"),
    ],
)
def test_whatever_the_escape_character_a_pattern_is_kept_with_backslashes(text: str, pattern: str) -> None:
    assert parse(text).root == Like("a", pattern)


# --- what is refused


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "annual_revenue > 1e6 and",
            "expected an expression after 'and' at position 24 in 'annual_revenue > 1e6 and'",
        ),
        ("a = 1 and and b", "expected an expression, not 'and', at position 10 in 'a = 1 and and b'"),
        ("a = 1 b", "expected 'and' or 'or', not 'b', at position 6 in 'a = 1 b'"),
        ("a =  ", "expected a value after '=' at position 3 in 'a =  '"),
        ("a == 1", "equality is written =, not ==: at position 2 in 'a == 1'"),
        ("1 == a", "equality is written =, not ==: at position 2 in '1 == a'"),
        ("a = 1; b = 2", "a filter is one expression: at position 5 in 'a = 1; b = 2'"),
        ("a + 1 = 2", "arithmetic is no part of a filter: at position 2 in 'a + 1 = 2'"),
        ("a = 1 * 2", "arithmetic is no part of a filter: at position 6 in 'a = 1 * 2'"),
        ("a = - -1", "arithmetic is no part of a filter: at position 6 in 'a = - -1'"),
        ("lower(a) = 1", "functions are no part of a filter: at position 5 in 'lower(a) = 1'"),
        ("a = lower(b)", "functions are no part of a filter: at position 4 in 'a = lower(b)'"),
        ("a = cast(1 as int)", "functions are no part of a filter: at position 4 in 'a = cast(1 as int)'"),
        ("a = 1 -- b", "comments are no part of a filter, at position 6 in 'a = 1 -- b'"),
        ("a --b\n= 1", "comments are no part of a filter, at position 2 in 'a --b\\n= 1'"),
        ("/* b */ a = 1", "comments are no part of a filter, at position 0 in '/* b */ a = 1'"),
        ("a {# b #} = 1", "comments are no part of a filter, at position 2 in 'a {# b #} = 1'"),
        ("a = 1 {# b #}", "comments are no part of a filter, at position 6 in 'a = 1 {# b #}'"),
        ("a = 'x", 'a quote or comment is never closed, at position 4 in "a = \'x"'),
        ("a = 'x' and \"b", "a quote or comment is never closed, at position 12 in 'a = \\'x\\' and \"b'"),
        ("a = 1 {# b", "a quote or comment is never closed, at position 6 in 'a = 1 {# b'"),
        ("(a = 1", "expected ')' after '1' at position 6 in '(a = 1'"),
        ("a = 1)", "expected 'and' or 'or', not ')', at position 5 in 'a = 1)'"),
        ("()", "expected an expression, not ')', at position 1 in '()'"),
        ("a = null", "nothing equals null, write 'is null' or 'is not null': at position 4 in 'a = null'"),
        (
            "a in (NULL)",
            "nothing equals null, write 'is null' or 'is not null': at position 6 in 'a in (NULL)'",
        ),
        ("a < b", "expected a value, not the column 'b', at position 4 in 'a < b'"),
        ('a = "x"', "'\"x\"' is a column, a text stands in single quotes: at position 4 in 'a = \"x\"'"),
        ("a in ()", "expected a value, not ')', at position 6 in 'a in ()'"),
        ("a in (select 1)", "expected a value, not the column 'select', at position 6 in 'a in (select 1)'"),
        ("a in 1", "expected '(', not '1', at position 5 in 'a in 1'"),
        ("a in (1", "expected ')' after '1' at position 7 in 'a in (1'"),
        ("a not 1", "expected 'in', 'between' or 'like', not '1', at position 6 in 'a not 1'"),
        ("a is true", "expected 'null', not 'true', at position 5 in 'a is true'"),
        ("a between 1 or 2", "expected 'and', not 'or', at position 12 in 'a between 1 or 2'"),
        ("a like b", "expected a text in single quotes, not 'b', at position 7 in 'a like b'"),
        (
            "a like 'x!' escape '!'",
            "the pattern ends in the midst of an escape, at position 7 in \"a like 'x!' escape '!'\"",
        ),
        (
            "a like '' escape 'ab'",
            "expected one character after 'escape', not 'ab', at position 17 in \"a like '' escape 'ab'\"",
        ),
        ("a contains 'x'", "expected a comparison, not 'contains', at position 2 in \"a contains 'x'\""),
        ("a::int = 1", "expected a comparison, not ':', at position 1 in 'a::int = 1'"),
        ("a[0] = 1", "expected a comparison, not '[', at position 1 in 'a[0] = 1'"),
        ("a. = 1", "expected a name, not '=', at position 3 in 'a. = 1'"),
        ("$a = 1", "expected an expression, not '$a', at position 0 in '$a = 1'"),
        ("like = 1", "expected an expression, not 'like', at position 0 in 'like = 1'"),
        ("true", "expected a comparison after 'true' at position 4 in 'true'"),
        ("1 = 1", "expected a column, not '1', at position 4 in '1 = 1'"),
        ("1 < a < 3", "expected 'and' or 'or', not '<', at position 6 in '1 < a < 3'"),
        ("a = 1e", "'1e' is no number, or too long a one, at position 4 in 'a = 1e'"),
        ("a = -1e5.5", "'-1e5.5' is no number, or too long a one, at position 4 in 'a = -1e5.5'"),
        (
            "a = 1e9999999999999999999",
            "'1e9999999999999999999' is no number, or too long a one, at position 4 in"
            " 'a = 1e9999999999999999999'",
        ),
        ("a = - x", "expected a number, not 'x', at position 6 in 'a = - x'"),
        ("a = n'x'", "expected a value, not \"n'x'\", at position 4 in \"a = n'x'\""),
        (
            "a = date '2026-02-30'",
            "'2026-02-30' is no date such as '2026-01-01', at position 9 in \"a = date '2026-02-30'\"",
        ),
        (
            "a > timestamp '12:00'",
            "'12:00' is no timestamp such as '2026-01-01 12:00:00Z',"
            " at position 14 in \"a > timestamp '12:00'\"",
        ),
        ("", "the filter is empty"),
        (" \n", "the filter is empty"),
        (None, "expected a text, not NoneType"),
        (b"a = 1", "expected a text, not bytes"),
        ("a = '\ud800'", "half a character (a lone surrogate), at position 5 in \"a = '\\ud800'\""),
        ("a" * 100_001, "a filter has at most 100000 characters, not 100001"),
    ],
)
def test_each_mistake_is_named_in_one_sentence(text: Any, message: str) -> None:
    assert refusal(text) == f"where: {message}"


def test_of_a_long_filter_the_message_shows_what_is_near_the_mistake() -> None:
    text = " and ".join(["a = 1"] * 1000) + " b" + " or a = 1" * 1000
    message = refusal(text)
    assert message.startswith("where: expected 'and' or 'or', not 'b', at position 9996 in '…")
    assert message.endswith("…'")
    assert len(message) < 200


def test_of_a_long_word_the_message_shows_the_beginning() -> None:
    assert f"not '{'b' * 39}…'," in refusal("a = 1 " + "b" * 1000)


def test_a_pattern_has_an_end() -> None:
    assert "a pattern has at most 1000 characters, not 1001," in refusal(f"a like '{'_' * 1001}'")


def test_a_number_has_an_end() -> None:
    assert parse("a = " + "9" * 4000)
    assert "too long a one" in refusal("a = " + "9" * 4001)


@pytest.mark.parametrize("text", ["(" * 10_000 + "a" + ")" * 10_000, "not (" * 51 + "a" + ")" * 51])
def test_nesting_has_an_end(text: str) -> None:
    assert "more than 50 parentheses within each other" in refusal(text)


def test_parentheses_side_by_side_have_none() -> None:
    assert parse(" and ".join(["(a)"] * 1000))


@pytest.mark.parametrize(
    "text", ["not " * 20_000 + "a", "a = 1" + " or a = 1" * 5_000, f"a in ({'1, ' * 10_000}1)"]
)
def test_long_filters_are_read(text: str) -> None:
    where = parse(text)
    assert parse(str(where)).root == where.root


def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    for text in ("call > 5", "show = 1", "a like any ('x')", "explain a"):
        with suppress(ValidationError):
            parse(text)
    assert not caplog.records


PIECES = """
a b Owner.Name "c x" 'x' 'O''Brien' 1 -1 1.5 1e6 .5 true false null date timestamp '2026-01-01' active
= != <> < <= > >= == and or not in is like ilike between escape ( ) , . - + ' " -- /* {# #} ; % * \\
select case when interval [ ] { } @ ? : :: | ~ ` \0 é 😀
""".split()  # noqa: SIM905


@settings(max_examples=500)
@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join)
    | st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
)
def test_any_text_is_a_filter_or_a_validation_error(text: str) -> None:
    try:
        where = parse(text)
    except ValidationError:
        return
    assert parse(str(where)).root == where.root


@settings(max_examples=300)
@given(st.data())
def test_any_mutation_of_a_filter_is_a_filter_or_a_validation_error(data: st.DataObject) -> None:
    words = list(
        "not (a >= 1.5 and Owner.Name in ('x', 'O''Brien')) or b between date '2026-01-01' and '2027-01-01'"
        " or \"c d\" not like '%!_x' escape '!' and e is not null and -1e6 < f and g"
    )
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(words) - 1))
        words[at : at + data.draw(st.integers(0, 3))] = data.draw(st.sampled_from(["", *PIECES]))
    with suppress(ValidationError):
        where = parse("".join(words))
        assert parse(str(where)).root == where.root


# --- from tree to text


NAMES = st.sampled_from(
    ["a", "Owner.Name", "first name", 'say "hi"', "order", "null", "a.in", "1st", "größe", "$", "a..b", ""]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.one_of(
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False),
    TEXTS,
    st.booleans(),
    st.dates(),
    st.datetimes(
        timezones=st.sampled_from(
            [UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=8))]
        )
    ),
)
PATTERNS = st.lists(st.sampled_from(["%", "_", r"\%", r"\_", r"\\", "a", "'", "é"]), max_size=6).map("".join)
LEAVES = st.one_of(
    st.builds(Comparison, NAMES, st.sampled_from(list(tree.OPPOSITE)), VALUES),
    st.builds(Membership, NAMES, st.lists(VALUES, min_size=1, max_size=3).map(tuple), st.booleans()),
    st.builds(IsNull, NAMES, st.booleans()),
    st.builds(Like, NAMES, PATTERNS, st.booleans(), st.booleans()),
)
NODES = st.recursive(
    LEAVES,
    lambda nodes: st.builds(tree.joined, st.sampled_from([And, Or]), st.lists(nodes, min_size=1, max_size=3)),
    max_leaves=8,
)


@given(NODES)
def test_what_a_filter_spells_is_read_as_the_same_filter(root: tree.Node) -> None:
    assert parse(str(Where("", root))).root == root


@given(NODES)
def test_the_negation_of_a_negation_is_the_filter_itself(root: tree.Node) -> None:
    assert tree.negation(tree.negation(root)) == root


def test_a_filter_is_a_value() -> None:
    where = parse("a > 1.5 and not b in ('x') or c is null and d like '%x'")
    assert where == parse(where.text)
    assert len({where, parse(where.text)}) == 1
    assert pickle.loads(pickle.dumps(where)) == where


def test_renaming_keeps_the_words_of_the_author() -> None:
    where = parse("name like 'x%' and (revenue > 1 or revenue is null or revenue in (0))")
    renamed = where.rename({"name": "Name", "revenue": "Annual Revenue"}.__getitem__)
    assert renamed.columns == {"Name", "Annual Revenue"}
    assert renamed.text == where.text
    assert str(renamed) == (
        'Name like \'x%\' and ("Annual Revenue" > 1 or "Annual Revenue" is null or "Annual Revenue" in (0))'
    )


def test_sqlglot_and_pyarrow_are_loaded_when_they_are_needed() -> None:
    code = "import sys, spyro_sdk.where; assert not {'sqlglot', 'pyarrow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# --- binding to a schema


def test_an_unknown_column_is_named_with_what_there_is() -> None:
    error = misfit("anual_revenue > 1", id=pa.string(), annual_revenue=pa.int64())
    assert error.field == "anual_revenue"
    assert str(error) == (
        "there is no column 'anual_revenue'; there are id, annual_revenue (did you mean 'annual_revenue'?)"
    )


def test_an_unknown_field_of_a_struct_is_named_with_what_there_is() -> None:
    error = misfit("address.town = 'Rome'", address=pa.struct({"city": pa.string()}), x=pa.int8())
    assert str(error).startswith("there is no column 'address.town'; there are address, address.city, x")


def test_nothing_is_below_a_column_that_is_no_struct() -> None:
    assert str(misfit("qqq.zzz is null", a=pa.int8())) == "there is no column 'qqq.zzz'; there are a"


TAGS = pa.list_(pa.string())


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("x = 'x'", pa.int64(), "x is int64; compare it with a number, not 'x'"),
        ("x = true", pa.int64(), "x is int64; compare it with a number, not true"),
        ("x in (1, '2')", pa.float64(), "x is double; compare it with a number, not '2'"),
        ("x = 1", pa.string(), "x is string; compare it with a text, not 1"),
        ("x = 1", pa.dictionary(pa.int8(), pa.string()), "x is string; compare it with a text, not 1"),
        ("x", pa.string(), "x is string; compare it with a text, not true"),
        ("x = date '2026-01-01'", pa.string(), "x is string; compare it with a text, not date '2026-01-01'"),
        ("x = 1", pa.bool_(), "x is bool; compare it with true or false, not 1"),
        ("x = 'yes'", pa.bool_(), "x is bool; compare it with true or false, not 'yes'"),
        ("x = 1", pa.date32(), "x is date32[day]; compare it with a day such as '2026-01-01', not 1"),
        (
            "x = '2026-01-01 12:00'",
            pa.date32(),
            "x is date32[day]; compare it with a day such as '2026-01-01', not '2026-01-01 12:00'",
        ),
        (
            "x = timestamp '2026-01-01'",
            pa.date64(),
            "x is date64[ms]; compare it with a day such as '2026-01-01',"
            " not timestamp '2026-01-01 00:00:00+00:00'",
        ),
        (
            "x > 'soon'",
            pa.timestamp("us", "UTC"),
            "x is timestamp[us, tz=UTC]; compare it with a time such as '2026-01-01 12:00:00Z', not 'soon'",
        ),
        (
            "x > '2026-01-01T00:00:00.1234567Z'",
            pa.timestamp("ns"),
            "x is timestamp[ns]; compare it with a time such as '2026-01-01 12:00:00Z',"
            " not '2026-01-01T00:00:00.1234567Z'",
        ),
        (
            "x > 2026",
            pa.timestamp("s"),
            "x is timestamp[s]; compare it with a time such as '2026-01-01 12:00:00Z', not 2026",
        ),
        ("x like '1%'", pa.int64(), "x is int64; 'like' is for text"),
        ("x like '2026-01-01'", pa.timestamp("s"), "x is timestamp[s]; 'like' is for text"),
        ("x = 'a'", TAGS, "x is list<item: string>; only 'is null' and 'is not null' can be asked of it"),
        ("x like 'a'", TAGS, "x is list<item: string>; only 'is null' and 'is not null' can be asked of it"),
        ("x = 'a'", pa.binary(), "x is binary; only 'is null' and 'is not null' can be asked of it"),
        (
            "x = 1",
            pa.struct({"a": pa.int8()}),
            "x is struct<a: int8>; only 'is null' and 'is not null' can be asked of it",
        ),
        (
            "x = 1",
            pa.decimal128(5, -2),
            "x is decimal128(5, -2); only 'is null' and 'is not null' can be asked of it",
        ),
        (f"x = '{'y' * 100}'", pa.int8(), f"x is int8; compare it with a number, not '{'y' * 58}…"),
    ],
)
def test_a_value_that_a_type_cannot_equal_is_refused(text: str, kind: pa.DataType, message: str) -> None:
    error = misfit(text, x=kind)
    assert (error.field, str(error)) == ("x", message)


@pytest.mark.parametrize(
    ("literal", "instant"),
    [
        ("'2026-01-01'", datetime(2026, 1, 1, tzinfo=UTC)),
        ("date '2026-01-01'", datetime(2026, 1, 1, tzinfo=UTC)),
        ("'2026-01-01T12:00:00Z'", datetime(2026, 1, 1, 12, tzinfo=UTC)),
        ("'2026-01-01 12:00'", datetime(2026, 1, 1, 12, tzinfo=UTC)),
        ("'2026-01-01T12:00:00.25+02:00'", datetime(2026, 1, 1, 10, 0, 0, 250_000, tzinfo=UTC)),
        ("'2026-01-01T12:00:00-0530'", datetime(2026, 1, 1, 17, 30, tzinfo=UTC)),
        ("timestamp '2026-01-01 12:00:00'", datetime(2026, 1, 1, 12, tzinfo=UTC)),
    ],
)
def test_instants_are_written_in_many_ways(literal: str, instant: datetime) -> None:
    bound = parse(f"x >= {literal} and x in ({literal})").bind(
        pa.schema({"x": pa.timestamp("us", "Europe/Rome")})
    )
    assert bound.root == And((Comparison("x", ">=", instant), Membership("x", (instant,))))
    assert all(leaf.column == "x" for leaf in tree.leaves(bound.root))


def test_days_are_written_in_two() -> None:
    bound = parse("x >= '2026-01-01' and x < date '2026-02-01'").bind(pa.schema({"x": pa.date32()}))
    assert bound.root == And(
        (Comparison("x", ">=", date(2026, 1, 1)), Comparison("x", "<", date(2026, 2, 1)))
    )


@given(NODES)
def test_binding_raises_nothing_but_validation_errors_and_settles_at_once(root: tree.Node) -> None:
    kinds = [
        pa.int64(),
        pa.string(),
        pa.timestamp("ns"),
        pa.bool_(),
        pa.null(),
        pa.float32(),
        pa.decimal128(5, 2),
    ]
    for kind in kinds:
        schema = pa.schema([(column, kind) for column in sorted(Where("", root).columns)])
        try:
            bound = Where("", root).bind(schema)
        except ValidationError:
            continue
        assert bound.bind(schema) == bound
        assert bound.filter(pa.RecordBatch.from_pylist([], schema=schema)).num_rows == 0


# --- rows


NULLS: list[tuple[str, list[str]]] = [
    ("x = 'a'", ["a"]),
    ("x != 'a'", ["b", "B"]),
    ("not x = 'a'", ["b", "B"]),
    ("x in ('a', 'c')", ["a"]),
    ("x not in ('a', 'c')", ["b", "B"]),
    ("x like '_'", ["a", "b", "B"]),
    ("x not like 'a%'", ["b", "B"]),
    ("x not ilike 'b'", ["a"]),
    ("x > 'a'", ["b"]),
    ("x between 'a' and 'b'", ["a", "b"]),
    ("x not between 'a' and 'b'", ["B"]),
    ("x is not null", ["a", "b", "B"]),
    ("x = 'a' or x is null", ["a", None]),  # type: ignore[list-item]
]


@pytest.mark.parametrize(("text", "rows"), NULLS)
@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())],
    ids=["string", "large", "dictionary"],
)
def test_what_is_compared_with_null_is_not_kept(text: str, rows: list[str], kind: pa.DataType) -> None:
    assert kept(text, ["a", None, "b", "B"], kind) == rows


ENCODED = [
    pa.array(["a", None, "b", "B"], pa.string_view()),
    pc.call_function("run_end_encode", [pa.array(["a", None, "b", "B"])]),
    pa.DictionaryArray.from_arrays(
        pa.array([2, None, 0, 1], pa.int8()), pa.array(["b", "B", "a"], pa.string_view())
    ),
    pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, 3], pa.int8()), pa.array(["a", None, "b", "B"])),
]


@pytest.mark.parametrize(("text", "rows"), NULLS)
@pytest.mark.parametrize(
    "column", ENCODED, ids=["view", "run-end", "dictionary of views", "dictionary with null"]
)
def test_every_encoding_of_text_is_understood(text: str, rows: list[str], column: Any) -> None:
    batch = pa.record_batch({"x": column})
    found = mask.mask(parse(text).bind(batch.schema).root, batch)
    assert pa.array(["a", None, "b", "B"]).filter(found).to_pylist() == rows


def test_a_column_of_nothing_but_null_can_be_asked_anything() -> None:
    for text in ("x = 1", "x != 'a'", "x not in (1)", "x not like 'a'", "not x"):
        assert kept(text, [None, None], pa.null()) == []
    assert kept("x is null or x = 1", [None, None], pa.null()) == [None, None]


INTEGERS = [-(2**63), -1, 0, 1, 2, 2**53 + 1, 2**63 - 1, None]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("x > 1.5", [2, 2**53 + 1, 2**63 - 1]),
        ("x >= 1.5", [2, 2**53 + 1, 2**63 - 1]),
        ("x < 1.5", [-(2**63), -1, 0, 1]),
        ("x <= -0.5", [-(2**63), -1]),
        ("x = 1.5", []),
        ("x != 1.5", INTEGERS[:-1]),
        ("x = 1.0", [1]),
        ("x = 1e0", [1]),
        ("x in (1.0, 1.5, 1e30, 2)", [1, 2]),
        ("x not in (1.0, 1.5, 1e30, 2)", [-(2**63), -1, 0, 2**53 + 1, 2**63 - 1]),
        ("x = 9007199254740992", []),
        ("x = 9007199254740993", [2**53 + 1]),
        (f"x < {10**30}", INTEGERS[:-1]),
        (f"x > {10**30}", []),
        (f"x = {10**30}", []),
        (f"x != {10**30}", INTEGERS[:-1]),
        (f"x > -{10**30}", INTEGERS[:-1]),
        (f"x <= -{10**30}", []),
        (f"x in ({10**30})", []),
        (f"x not in ({10**30})", INTEGERS[:-1]),
        (f"x >= {2**63 - 1}", [2**63 - 1]),
        (f"x >= {2**63}", []),
        (f"x < {-(2**63)}", []),
        (f"x <= {-(2**63)}.5", []),
        (f"x > {2**63 - 2}.5", [2**63 - 1]),
        ("x < 1e999999999999999999", INTEGERS[:-1]),
        ("x > 1e-999999999999999999", [1, 2, 2**53 + 1, 2**63 - 1]),
    ],
)
def test_whole_numbers_are_compared_exactly(text: str, rows: list[int]) -> None:
    assert kept(text, INTEGERS, pa.int64()) == rows


@pytest.mark.parametrize("kind", [pa.uint8(), pa.int8(), pa.uint64(), pa.int32()])
def test_every_width_of_whole_numbers_has_its_own_end(kind: pa.DataType) -> None:
    assert kept("x < 256 and x > -129", [0, 100, None], kind) == [0, 100]
    assert kept(f"x >= {2**64} or x < {-(2**63)}", [0, 100, None], kind) == []


CENTS = [Decimal("-1.01"), Decimal("0.00"), Decimal("1.00"), Decimal("999.99"), None]


@pytest.mark.parametrize(
    "kind",
    [pa.decimal32(5, 2), pa.decimal64(5, 2), pa.decimal128(5, 2), pa.decimal256(5, 2)],
    ids=str,
)
@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("x = 1", CENTS[2:3]),
        ("x > 0.999", CENTS[2:4]),
        ("x < 1.001", CENTS[:3]),
        ("x <= -1.011", []),
        ("x = 1.001", []),
        ("x != 1.001", CENTS[:4]),
        ("x >= 1000", []),
        ("x < 1e100", CENTS[:4]),
        ("x > -1000", CENTS[:4]),
        ("x in (1, 1.001, 999.99, 1000)", CENTS[2:4]),
        ("x not in (1, 1.001, 1000)", [CENTS[0], CENTS[1], CENTS[3]]),
    ],
)
def test_decimals_are_compared_exactly(text: str, rows: list[Decimal], kind: pa.DataType) -> None:
    assert kept(text, CENTS, kind) == rows


def test_a_decimal_of_76_digits_is_compared_exactly() -> None:
    great = Decimal("9" * 70 + ".123456")
    kind = pa.decimal256(76, 6)
    assert kept(f"x = {great}", [great, None], kind) == [great]
    assert kept(f"x > {great}", [great, None], kind) == []
    assert kept(f"x < {great}1", [great, None], kind) == [great]


INFINITE, NAN = float("inf"), float("nan")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("x = 0.1", [0.1]),
        ("x = 0", [0.0, -0.0]),
        ("x in (0)", [0.0, -0.0]),
        ("x not in (0, 0.1)", [INFINITE, NAN]),
        ("x != 0.1", [0.0, -0.0, INFINITE, NAN]),
        ("x < 1e400", [0.0, -0.0, 0.1]),
        (f"x >= {10**400}", [INFINITE]),
        ("x >= 0.1", [0.1, INFINITE]),
        ("not x < 0.1", [0.1, INFINITE]),
        ("x is not null", [0.0, -0.0, 0.1, INFINITE, NAN]),
    ],
)
@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64()], ids=str)
def test_floats_are_compared_as_ieee_754_says(text: str, rows: list[float], kind: pa.DataType) -> None:
    found = kept(text, [0.0, -0.0, 0.1, INFINITE, NAN, None], kind)
    assert list(map(str, found)) == list(map(str, pa.array(rows, kind).to_pylist()))


MOMENTS = [datetime(1677, 9, 22), datetime(2025, 12, 31, 23, 59, 59), datetime(2026, 1, 1), None]


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Rome"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("x = '2026-01-01'", [2]),
        ("x >= '2026-01-01T01:00:00+01:00'", [2]),
        ("x < '2026-01-01'", [0, 1]),
        ("x > '2025-12-31 23:59:59.000001'", [2]),
        ("x <= '2025-12-31 23:59:59.999999'", [0, 1]),
        ("x = '2025-12-31 23:59:59.5'", []),
        ("x in ('2026-01-01', '2025-12-31 23:59:59.000001')", [2]),
        ("x not in ('2026-01-01', '9999-01-01')", [0, 1]),
        ("x < '9999-12-31T23:59:59.999999-23:59'", [0, 1, 2]),
        ("x > '0001-01-01T00:00:00+23:59'", [0, 1, 2]),
        ("x < '0001-01-01'", []),
    ],
)
def test_instants_of_every_unit_and_zone_are_compared_exactly(
    text: str, rows: list[int], unit: str, zone: Any
) -> None:
    column = pa.array(MOMENTS, pa.timestamp("us")).cast(pa.timestamp(unit))  # type: ignore[call-overload]
    column = column.cast(pa.int64()).cast(pa.timestamp(unit, zone))  # type: ignore[call-overload]
    batch = pa.record_batch({"x": column, "row": pa.array(range(4))})
    assert parse(text).filter(batch).column("row").to_pylist() == rows


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()])
def test_days_are_compared_exactly(kind: pa.DataType) -> None:
    days = [date(1969, 12, 31), date(2026, 1, 1), date(9999, 12, 31), None]
    assert kept("x < '1970-01-01'", days, kind) == days[:1]
    assert kept("x >= date '2026-01-01'", days, kind) == days[1:3]
    assert kept("x in ('2026-01-01')", days, kind) == days[1:2]
    assert kept("x not in ('0001-01-01')", days, kind) == days[:3]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("x", [True]),
        ("not x", [False]),
        ("x != true", [False]),
        ("x < true", [False]),
        ("x in (true)", [True]),
        ("x not in (true)", [False]),
        ("x or not x", [True, False]),
    ],
)
def test_truths_are_compared(text: str, rows: list[bool]) -> None:
    assert kept(text, [True, False, None], pa.bool_()) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("address.city = 'Rome'", [0]),
        ("address.city != 'Rome'", [1]),
        ("address.city is null", [2, 3]),
        ("address is null", [3]),
        ("address.geo.lat > 45.5", [1]),
        ("address.street = 'x'", [0, 1, 2, 3]),
        ('"address"."geo"."lat" <= 45', [0]),
    ],
)
def test_a_dotted_name_is_a_column_or_a_field_of_a_struct(text: str, rows: list[int]) -> None:
    address = pa.array(
        [
            {"city": "Rome", "geo": {"lat": 41.9}},
            {"city": "Oslo", "geo": {"lat": 59.9}},
            {"city": None, "geo": None},
            None,
        ]
    )
    batch = pa.record_batch({"address": address, "address.street": ["x"] * 4, "row": range(4)})
    assert parse(text).filter(batch).column("row").to_pylist() == rows


def test_a_list_can_be_asked_whether_it_is_null() -> None:
    assert kept("x is null", [["a"], None], TAGS) == [None]
    assert kept("x is not null", [["a"], None], TAGS) == [["a"]]


AWKWARD = ["", "a", "a\nb", "ab\n", "a%b", r"a\b", "a\\", "axb", "a😀b", "aéb", "AÉB", "a.b", "a\0b", None]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("x like ''", [""]),
        ("x like 'a_b'", ["a\nb", "a%b", r"a\b", "axb", "a😀b", "aéb", "a.b", "a\0b"]),
        ("x like 'ab_'", ["ab\n"]),
        ("x like 'ab'", []),
        ("x like 'a!%b' escape '!'", ["a%b"]),
        (r"x like 'a\%'", [r"a\b", "a\\"]),
        (r"x like '%\'", ["a\\"]),
        ("x like 'a.b'", ["a.b"]),
        ("x ilike 'aéb'", ["aéb", "AÉB"]),
        ("x not like 'a%'", ["", "AÉB"]),
    ],
)
def test_patterns_match_the_whole_text(text: str, rows: list[str]) -> None:
    assert kept(text, AWKWARD, pa.string()) == rows


@pytest.mark.parametrize("pattern", ["_" * 1000, "%_" * 500, "é" * 1000, "%K" * 500])
def test_the_longest_patterns_are_matched(pattern: str) -> None:
    assert kept(f"x ilike '{pattern}'", [pattern, "x", None], pa.string()) == [pattern]


@given(st.characters(exclude_categories=["Cs"]))
@example("\n")
@example("\0")
@example("\\")
def test_a_character_of_a_pattern_matches_itself_alone(char: str) -> None:
    literal = values.written("!" + char)
    assert kept(f"x like {literal} escape '!'", [char, char + "x", "", None], pa.string()) == [char]


def test_an_empty_batch_stays_one() -> None:
    for kind in (
        pa.int64(),
        pa.string(),
        pa.float64(),
        pa.timestamp("us"),
        pa.null(),
        pa.dictionary(pa.int8(), pa.string()),
    ):
        assert kept("x is null or x is not null", [], kind) == []
    assert kept("x > 1 or x in (1) or x > 1e30", [], pa.int64()) == []


def test_doctests() -> None:
    for module in (values, mask):
        assert doctest.testmod(module).failed == 0


# --- the same rows as a database keeps


ROWS = {
    "n": (pa.int64(), [-(2**63), -2, -1, 0, 1, 2, 3, 2**53, 2**53 + 1, 2**63 - 1]),
    "f": (pa.float64(), [-INFINITE, -1.5, -0.0, 0.0, 0.1, 0.5, 1.0, 2.5, 1e300, INFINITE]),
    "d": (
        pa.decimal128(10, 2),
        [Decimal("-1.01"), Decimal("0.00"), Decimal("0.10"), Decimal("1.00"), Decimal("99.99")],
    ),
    "s": (
        pa.string(),
        ["", "a", "A", "b", "ab", "aB", "a%", "a_b", "a\\", "é", "É", "a\nb", "O'Brien", "😀"],
    ),
    "b": (pa.bool_(), [True, False]),
    "day": (pa.date32(), [date(1969, 12, 31), date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 2)]),
    "moment": (
        pa.timestamp("us"),
        [datetime(2025, 12, 31, 23, 59, 59, 999_999), datetime(2026, 1, 1), datetime(2026, 1, 1, 12)],
    ),
}
LITERALS = {
    "n": [
        "-9223372036854775808",
        "-1",
        "0",
        "1",
        "2",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "1" + "0" * 30,
    ],
    "f": ["-1.5", "0", "0.1", "0.5", "1", "2.5e0", "1e300", "1e-300"],
    "d": ["-1.01", "0", "0.1", "1", "1.00", "1.005", "99.99", "100000000000"],
    "s": ["''", "'a'", "'A'", "'ab'", "'é'", "'O''Brien'", "'a\\'", "'😀'"],
    "b": ["true", "false"],
    "day": ["date '2025-12-31'", "date '2026-01-01'", "'2026-01-02'"],
    "moment": [
        "timestamp '2026-01-01 00:00:00'",
        "'2026-01-01 12:00:00'",
        "timestamp '2025-12-31 23:59:59.5'",
        "date '2026-01-01'",
    ],
}
WILD = st.lists(
    st.sampled_from(["%", "_", "a", "b", "A", "é", "!%", "!_", "!!", "\\", "\n", "O''"]), max_size=5
).map("".join)


@st.composite
def predicates(draw: st.DrawFn) -> str:
    column = draw(st.sampled_from(list(LITERALS)))
    literal = st.sampled_from(LITERALS[column])
    inexact = st.sampled_from(["1.5", "-0.5", "0.0"]) if column == "n" else literal
    op = st.sampled_from(["=", "!=", "<>", "<", "<=", ">", ">="])
    forms = [
        st.builds("{} {} {}".format, st.just(column), op, literal | inexact),
        st.builds("{} {} {}".format, literal, op, st.just(column)),
        st.builds(
            "{} {} ({})".format,
            st.just(column),
            st.sampled_from(["in", "not in"]),
            st.lists(literal, min_size=1, max_size=3).map(", ".join),
        ),
        st.builds(
            "{} {} {} and {}".format,
            st.just(column),
            st.sampled_from(["between", "not between"]),
            literal,
            literal,
        ),
        st.builds("{} {}".format, st.just(column), st.sampled_from(["is null", "is not null"])),
    ]
    if column == "s":
        like = st.sampled_from(["like", "not like", "ilike", "not ilike"])
        forms += [
            st.builds("s {} '{}' escape '!'".format, like, WILD),
            st.builds("s {} '{}'".format, like, WILD),
        ]
    if column == "b":
        forms.append(st.just("b"))
    return draw(st.one_of(forms))


EXPRESSIONS = st.recursive(
    predicates(),
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(not {})".format, inner),
    ),
    max_leaves=6,
)
RECORDS = st.lists(
    st.fixed_dictionaries({name: st.none() | st.sampled_from(pool) for name, (_, pool) in ROWS.items()}),
    max_size=12,
)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@settings(max_examples=400, deadline=None)
@given(records=RECORDS, text=EXPRESSIONS, cut=st.integers(0, 12))
def test_the_rows_are_those_that_a_database_keeps(
    database: duckdb.DuckDBPyConnection, records: list[dict[str, Any]], text: str, cut: int
) -> None:
    schema = pa.schema([("row", pa.int64()), *((name, kind) for name, (kind, _) in ROWS.items())])
    batch = pa.RecordBatch.from_pylist(
        [{"row": row, **record} for row, record in enumerate(records)], schema=schema
    )
    database.register("records", batch)
    found = database.execute(f"select row from records where {text} order by row").fetchall()
    expected = [row for (row,) in found]
    where = parse(text)
    assert where.filter(batch).column("row").to_pylist() == expected
    assert parse(str(where)).filter(batch).column("row").to_pylist() == expected
    cuts = [batch.slice(0, cut), batch.slice(min(cut, len(records)))]
    assert [row for part in cuts for row in where.filter(part).column("row").to_pylist()] == expected
