import math
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.canonical import (
    ADDRESS,
    MONEY,
    VOCABULARY,
    Translation,
    address_of,
    constant,
    first,
    made,
    part,
    parts,
    same,
    struct,
)
from spyro_sdk.errors import DecodeError

CUSTOMER = Translation(
    "Customer",
    "Account",
    {
        "id": same("Id"),
        "source": constant("acme"),
        "name": same("Name"),
        "domain": made(pc.utf8_lower, "Website"),
        "annual_revenue": same("Revenue"),
        "employee_count": same("Employees"),
        "legal_name": made(lambda *parts: pc.binary_join_element_wise(*parts, " "), "Name", "Form"),
        "billing_address": struct(line1="Street", city="City"),
        "tags": same("Tags"),
        "deleted": same("IsDeleted"),
        "updated_at": same("Changed"),
        "url": address_of("{base_url}/account/", "Id"),
    },
)
CONTEXT = {"base_url": "https://acme.example"}


def batch(**columns):
    return pa.RecordBatch.from_pydict(columns)


def column(name, **columns):
    """What becomes of native columns, as the canonical column `name`."""
    return CUSTOMER.translated(batch(**columns), [name], CONTEXT).column(0)


# the vocabulary


@pytest.mark.parametrize("schema", VOCABULARY.values(), ids=VOCABULARY)
def test_every_entity_says_first_which_record_it_is_and_whose(schema):
    assert schema.names[:3] == ["id", "source", "native_entity"]
    assert schema.names[-5:] == ["owner_id", "created_at", "updated_at", "deleted", "url"]
    assert [field.name for field in schema if not field.nullable] == ["id", "source"]
    assert len(set(schema.names)) == len(schema)


def test_the_same_name_means_the_same_type_in_every_entity():
    types = {}
    for schema in VOCABULARY.values():
        for field in schema:
            assert types.setdefault(field.name, field.type) == field.type


# sources


def test_a_column_that_is_the_same_is_taken_as_it_is():
    assert column("name", Name=["Acme", None]).to_pylist() == ["Acme", None]


def test_a_constant_stands_in_every_row():
    assert column("source", Id=["1", "2"]).to_pylist() == ["acme", "acme"]
    assert column("source", Id=pa.array([], pa.string())).to_pylist() == []


def test_a_column_may_be_made_of_others():
    assert column("domain", Website=["ACME.example", None]).to_pylist() == ["acme.example", None]
    assert column("legal_name", Form=["Ltd"], Name=["Acme"]).to_pylist() == ["Acme Ltd"]


def test_a_struct_is_null_where_all_its_parts_are():
    addresses = column("billing_address", Street=["Main St 1", None, None], City=["Bonn", "Bonn", None])
    rest = dict.fromkeys(["line2", "region", "postal_code", "country"])
    assert addresses.type == ADDRESS
    assert addresses.to_pylist() == [
        {"line1": "Main St 1", "city": "Bonn", **rest},
        {"line1": None, "city": "Bonn", **rest},
        None,
    ]


def test_a_struct_may_have_one_part_and_parts_that_are_no_text():
    source = struct(postal_code="Zip")
    assert source.make(batch(Zip=[53111, None]), {}).to_pylist() == [{"postal_code": "53111"}, None]


def test_a_record_has_its_page_at_the_service():
    assert column("url", Id=["7", None]).to_pylist() == ["https://acme.example/account/7", None]


def test_a_page_of_a_record_with_a_number_for_a_key_is_found():
    assert column("url", Id=[7, None]).to_pylist() == ["https://acme.example/account/7", None]


USER = pa.struct([("id", pa.int64()), ("of", pa.struct([("login", pa.string())]))])


def test_a_part_of_a_struct_is_null_where_that_is():
    users = pa.array([{"id": 1, "of": {"login": "ada"}}, {"id": None, "of": None}, None], USER)
    assert part("user.id").make(batch(user=users), {}).to_pylist() == [1, None, None]
    assert part("user.of.login").make(batch(user=users), {}).to_pylist() == ["ada", None, None]
    assert (part("user.id").columns, part("user.id").native) == (("user",), None)


@pytest.mark.parametrize("rows", [slice(None), slice(1, None), slice(2, 4), slice(0, 0)])
def test_parts_are_those_of_each_item_of_a_list(rows):
    given = [[{"id": 1, "of": None}, {"id": 2, "of": None}], None, [], [{"id": 3, "of": None}, None]]
    users = pa.array([[{"id": 9, "of": None}], *given], pa.list_(USER))[1:]
    came = parts("users.id").make(batch(users=users[rows]), {})
    assert came.type == pa.list_(pa.int64())
    assert came.to_pylist() == [[1, 2], None, [], [3, None]][rows]
    ids = first("users.id").make(batch(users=users[rows]), {})
    assert ids.type == pa.int64()
    assert ids.to_pylist() == [1, None, None, 3][rows]


def test_what_cannot_be_made_is_a_typed_error_that_names_the_columns():
    ticket = Translation("Ticket", "issues", {"requester_id": part("user.id")})
    with pytest.raises(DecodeError, match=r"Ticket\.requester_id cannot be made of user, as issues has it"):
        ticket.translated(batch(user=["ada"]), ["requester_id"], {})


# types


def test_a_batch_has_the_columns_asked_for_in_their_order():
    out = CUSTOMER.translated(batch(Id=["1"], Name=["Acme"]), ["name", "id", "source"], CONTEXT)
    assert out.to_pylist() == [{"name": "Acme", "id": "1", "source": "acme"}]
    assert out.schema == pa.schema([VOCABULARY["Customer"].field(n) for n in ("name", "id", "source")])


@pytest.mark.parametrize("name", ["name", "annual_revenue", "billing_address", "tags", "phone", "legal_name"])
def test_what_the_service_does_not_have_is_null(name):
    came = column(name, Id=["1", "2"], City=["Bonn", "Bonn"], Form=["Ltd", "Ltd"])
    assert came.type == VOCABULARY["Customer"].field(name).type
    assert came.to_pylist() == [None, None]


@pytest.mark.parametrize(
    ("name", "native", "value", "canonical"),
    [
        ("employee_count", "Employees", 5.0, 5),
        ("employee_count", "Employees", "5", 5),
        ("annual_revenue", "Revenue", 5, Decimal(5)),
        ("annual_revenue", "Revenue", 0.1, Decimal("0.1")),
        ("annual_revenue", "Revenue", "12.50", Decimal("12.5")),
        ("annual_revenue", "Revenue", None, None),
        ("id", "Id", 5, "5"),
        ("deleted", "IsDeleted", "true", True),
        ("deleted", "IsDeleted", 1, True),
        ("updated_at", "Changed", datetime(2026, 1, 31, 5), datetime(2026, 1, 31, 5, tzinfo=UTC)),
        ("updated_at", "Changed", date(2026, 1, 31), datetime(2026, 1, 31, tzinfo=UTC)),
        ("updated_at", "Changed", "2026-01-31T05:00:00Z", datetime(2026, 1, 31, 5, tzinfo=UTC)),
    ],
)
def test_a_value_that_fits_gets_the_canonical_type(name, native, value, canonical):
    came = column(name, **{native: [value]})
    assert came.type == VOCABULARY["Customer"].field(name).type
    assert came.to_pylist() == [canonical]


@pytest.mark.parametrize(
    ("name", "native", "value"),
    [
        ("employee_count", "Employees", 5.5),
        ("employee_count", "Employees", "many"),
        ("annual_revenue", "Revenue", 1e40),
        ("annual_revenue", "Revenue", 0.1234567),
        ("annual_revenue", "Revenue", math.inf),
        ("annual_revenue", "Revenue", Decimal("0.1234567")),
        ("annual_revenue", "Revenue", "ten"),
        ("deleted", "IsDeleted", 5),
        ("deleted", "IsDeleted", "perhaps"),
        ("name", "Name", ["Acme", "Acme Ltd"]),
        ("name", "Name", {"first": "Ana"}),
        ("tags", "Tags", "one;two"),
        ("updated_at", "Changed", True),
        ("updated_at", "Changed", "yesterday"),
    ],
)
def test_a_value_that_does_not_fit_keeps_its_own_type(name, native, value):
    given = pa.array([value])
    out = CUSTOMER.translated(batch(**{native: given}), [name], CONTEXT)
    assert out.schema.field(name).type == given.type
    assert out.column(0).to_pylist() == [value]


@given(st.lists(st.none() | st.floats(allow_nan=False), min_size=1))
def test_no_number_is_rounded_on_its_way_to_money(numbers):
    came = column("annual_revenue", Revenue=pa.array(numbers, pa.float64()))
    assert came.type in (MONEY, pa.float64())
    assert [None if number is None else float(number) for number in came.to_pylist()] == numbers


@given(
    st.lists(
        st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**30), max_value=10**30)
    )
)
def test_money_is_exact(amounts):
    came = column("annual_revenue", Revenue=pa.array([str(amount) for amount in amounts], pa.string()))
    assert came.type == MONEY
    assert came.to_pylist() == amounts


def test_a_day_is_no_moment_cut_short():
    deal = Translation("Opportunity", "Deal", {"close_date": same("Closed")})
    for value, kept in ((datetime(2026, 1, 31), date(2026, 1, 31)), (datetime(2026, 1, 31, 5), None)):
        came = deal.translated(batch(Closed=[value]), ["close_date"], {}).column(0)
        assert came.to_pylist() == [kept or value]


# what is needed and told


def test_only_the_native_columns_needed_are_asked_for_each_once():
    offered = ["Id", "Name", "Form", "Street"]
    names = ["url", "id", "name", "legal_name", "billing_address", "source", "phone"]
    assert CUSTOMER.needed(names, offered) == ["Id", "Name", "Form"]
    assert CUSTOMER.needed([], offered) == []


@pytest.mark.parametrize(
    ("name", "native"), [("name", "Name"), ("domain", None), ("source", None), ("phone", None), ("zzz", None)]
)
def test_a_column_that_means_just_the_same_can_be_filtered_by(name, native):
    assert CUSTOMER.native_name(name) == native


def test_a_native_column_is_best_read_in_the_canonical_type():
    assert CUSTOMER.target("Revenue") == MONEY
    assert CUSTOMER.target("Website") is None
    assert CUSTOMER.target("Zzz") is None


def test_a_description_says_what_each_column_is_made_of():
    told = CUSTOMER.describe(["Id", "Name", "Website", "Street"], "Clients")
    assert told.names == VOCABULARY["Customer"].names
    assert told.to_arrow() == VOCABULARY["Customer"]
    assert (told.entity, told.label, told.key, told.cursor) == ("Customer", "Clients", "id", "updated_at")
    assert (told["name"].source, told["name"].filterable) == (("Name",), True)
    assert (told["domain"].source, told["domain"].filterable) == (("Website",), False)
    assert (told["billing_address"].source, told["phone"].source) == ((), ())
    assert not told["billing_address"].filterable
