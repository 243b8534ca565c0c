"""The cards of what one sees while looking around."""

import re
from dataclasses import replace

import pyarrow as pa
import pytest

import spyro_sdk as spyro
from spyro_sdk.arrow.profiling import Profile
from spyro_sdk.catalogue import Catalogue, matching
from spyro_sdk.connectors.salesforce import Salesforce
from spyro_sdk.demo.server import serve
from spyro_sdk.entity import Column, Entity, EntitySchema, Query
from spyro_sdk.fetch import Fetch
from spyro_sdk.gallery import Exhibit, Gallery
from spyro_sdk.notebook.card import folded
from spyro_sdk.notebook.cards import card_of
from spyro_sdk.notebook.cards.schema import kind
from spyro_sdk.plan import Plan, Road

from ..org import calls, connected
from .test_card import HOSTILE, REMOVED

QUOTED = '"><img src=x onerror=alert(1)>'
LONG = "a_name_that_goes_on" * 30
USUAL = 4000  # bytes


def html(thing):
    return card_of(thing).to_html()


def words(thing):
    """The card's text, a space for each tag."""
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html(thing))).strip()
    return text.replace("&#39;", "'").replace("&#34;", '"').replace("&gt;", ">").replace("&lt;", "<")


@pytest.fixture(scope="module")
def org():
    with serve(records=1_000, seed=5, wide_records=1) as service:
        yield service


@pytest.fixture(scope="module")
def sf(org):
    with connected(org) as connection:
        yield connection


def unasked():
    raise AssertionError("the service is not asked for a card")


def fetch(**wishes):
    return Fetch(unasked, Query.ask(wishes.pop("entity", "Customer"), **wishes))


# -- what is said of nobody's making ---------------------------------------------------------------


class Given(Gallery):
    """A gallery of what is given."""

    exhibits = ()


def hostile(text):
    column = Column(text, pa.string(), text, source=(text,), references=(text,), is_empty=True)
    schema = EntitySchema(text, (column,) * 40, text, text, native=text)
    gallery = Given([text] * 9)
    gallery.exhibits = [Exhibit(text, text, (text,), text, "broken", text, has_demo=True)]
    entities = Catalogue([Entity(f"{text}{n}", label=text) for n in range(40)], counts={f"{text}0": 5})
    plan = Plan(text, Query(text), text, 100, 5, text, 50, why=text, watched=text, api="rest", notes=(text,))
    return {
        "schema": schema,
        "gallery": gallery,
        "entities": entities,
        "found": matching(entities, text),
        "near": matching(entities, f"{text}{text}"),
        "fetch": fetch(entity=text, columns=[text], native=[text]),
        "plan": replace(plan, roads=(Road(text, 5, 1.0), Road("rest", 5, 1.0))),
    }


@pytest.mark.parametrize("name", hostile("x"))
@pytest.mark.parametrize("text", [HOSTILE, QUOTED])
def test_hostile_names_are_escaped_and_shown_whole(name, text):
    shown = html(hostile(text)[name])
    assert not [it for it in REMOVED if it in shown]
    assert "<img" not in shown
    assert text[:20] in words(hostile(text)[name])


@pytest.mark.parametrize("name", sorted(set(hostile("x")) - {"plan"}))
def test_long_names_are_not_clipped(name):
    assert LONG in html(hostile(LONG)[name])


def test_a_connection_is_escaped_too(org):
    class Hostile(Salesforce):
        async def whoami(self):
            return HOSTILE

    given = {"base_url": org.base_url, "access_token": org.credentials["access_token"]}
    with spyro.connect(Hostile, **given) as sf:
        shown = html(sf)
    assert not [it for it in REMOVED if it in shown]
    assert HOSTILE[:20] not in shown


# -- the gallery -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("nobody_is_remembered")
def test_the_gallery_says_what_each_connector_takes_and_lacks():
    gallery = spyro.connectors()
    text = words(gallery)
    assert text.startswith("3 connectors spyro.connect(name) github needs settings GitHub's lists")
    assert "Sign in by a person in a browser, or whatever the service wants 800 requests a minute" in text
    assert 'demo: spyro.connect("salesforce", demo=True)' in text
    assert "needs sign-in" in text
    assert len(html(gallery).encode()) < USUAL


def test_many_connectors_are_named_where_there_is_no_room_for_a_box(tmp_path):
    gallery = Given(f"connector_{n}" for n in range(9))
    gallery.exhibits = [Exhibit(name) for name in gallery]
    assert words(gallery).endswith("and 3 more connectors: connector_6, connector_7, connector_8")
    assert html(gallery).count(">ready<") == 6


# -- the connection --------------------------------------------------------------------------------


def test_a_connection_says_who_where_and_how_long(org, sf):
    before = calls(org)
    text = words(sf)
    for said in (
        *("salesforce open", "who not told", f"where {org.base_url}", "signed in by access token"),
        *("until not told", "API version 67.0", "entities 7, listed by .entities()"),
    ):
        assert said in text
    assert calls(org) == before
    assert len(html(sf).encode()) < USUAL


def test_a_closed_connection_says_how_to_go_on(org):
    with connected(org) as sf:
        pass
    text = words(sf)
    assert text.startswith("salesforce closed")
    assert text.endswith('spyro.connect("salesforce", …) opens another')


class Mine(spyro.BaseConnector):
    """A connector that tells nothing."""

    async def connect(self):
        pass

    def fetch_data(self, entity_type, since=None, filters=None):
        raise NotImplementedError


def test_what_a_connection_does_not_know_is_left_out():
    with spyro.connect(Mine, auth_type="none") as mine:
        assert words(mine) == "mine open who not told until not told entities listed by .entities()"


# -- the catalogue ---------------------------------------------------------------------------------


def test_a_catalogue_is_a_table_of_names_and_labels(sf):
    text = words(sf.entities())
    assert text.startswith("7 entities counts=True asks for their records name label Customer Contact")
    assert len(html(sf.entities()).encode()) < USUAL


def test_records_are_told_where_they_were_asked_for(sf):
    found = sf.entities("account", counts=True)
    assert words(found) == (
        "2 of 7 entities with 'account' in the name or label name label records"
        " Customer Account Account Account about 1,000 about 1,000"
    )


def test_what_comes_close_is_shown_as_such(sf):
    said = "None of 7 entities has 'custmer' in its name or label; near to it: "
    assert words(sf.entities("custmer")).startswith(said)
    assert words(sf.entities("zzz")) == "None of 7 entities has 'zzz' in its name or label"


def test_a_long_catalogue_is_cut_and_tells_how_to_find_the_rest():
    many = Catalogue(Entity(f"Acme_Warranty_Claim_{n}__c", label=f"Warranty Claim {n}") for n in range(830))
    text = words(many)
    assert "805 more" in text
    assert " more: .names has all" in text
    assert text.endswith('.entities("word") finds those with a word in their name or label')
    assert len(html(many).encode()) < USUAL


# -- the schema ------------------------------------------------------------------------------------


def test_a_canonical_schema_says_what_it_is_made_of(sf):
    schema = sf.describe("Customer")
    text = words(schema)
    assert text.startswith("Customer Account 21 of 26 columns are filled from Account column type")
    assert "nothing here" in text
    assert "BillingStreet, BillingCity, BillingState …" in text
    assert len(html(schema).encode()) < USUAL


def test_an_own_schema_says_how_many_columns_it_has(sf):
    text = words(sf.describe("Account"))
    assert text.startswith("Account 47 columns column type Id ")
    assert "22 more MailingCity" not in text
    assert " 22 more " in text


def test_a_wide_schema_shows_the_first_and_names_some_others(sf):
    schema = sf.describe("Wide__c")
    assert len(schema) > 200
    assert f"{len(schema) - 25:,} more" in words(schema)
    assert html(schema).count("<br>") == 3 * 24
    assert len(html(schema).encode()) < 5000  # its names and labels are long


def test_a_schema_without_columns_is_no_table():
    assert words(EntitySchema("Customer", ())) == "Customer 0 columns"


def test_a_sample_tells_what_is_missing_and_how_values_are_spread():
    profile = Profile("Customer", "id")
    profile.add(pa.record_batch({"id": ["a", "b", "c", "c"], "age": [1, None, 3, 4]}))
    columns = (Column("id", pa.string()), Column("age", pa.int64()), Column("new", pa.string()))
    schema = EntitySchema("Customer", columns, sample=profile.quality())
    assert words(schema) == (
        "Customer 3 columns values of 4 records column type missing spread"
        " id age new string int64 string 0 % 25 % c 50 %"
    )
    assert 'alt="mean 2.67, 33 % from 1 to 2"' in html(schema)


def test_types_are_told_in_few_words():
    struct = pa.struct([("a", pa.string()), ("b", pa.string())])
    assert [kind(it) for it in (pa.int64(), struct, pa.list_(struct))] == [
        "int64",
        "struct of 2",
        "list of struct of 2",
    ]


# -- a fetch, and what it would do -----------------------------------------------------------------


def test_a_fetch_is_its_recipe_and_what_to_call_next():
    assert words(fetch()) == (
        "Customer nothing is fetched yet columns all .to_pandas() .to_parquet(path) fetch it, .head()"
        " .explain() tells what it takes, .count() how many"
    )


def test_a_fetch_tells_all_that_is_asked_for():
    it = fetch(
        columns=["id", "name"],
        where="annual_revenue > 1e6",
        since="2026-01-01",
        limit=1000,
        include_deleted=True,
        native=["Rating"],
        api="bulk",
        concurrency=4,
        deadline=30,
    )
    for said in (
        *("columns id, name where annual_revenue > 1e6 since 2026-01-01 00:00:00+00:00 limit 1,000 records",),
        *("deleted those in the recycle bin too native Rating API bulk at once 4 requests deadline 30.0 s",),
    ):
        assert said in words(it)
    assert len(html(it).encode()) < USUAL
    assert "native the service's own entity of this name" in words(fetch(native=True))
    assert "c24 and 15 more" in words(fetch(columns=[f"c{n}" for n in range(40)]))


def test_a_fetch_that_was_stopped_says_what_came():
    it = fetch()
    it.partial = pa.table({"id": [1, 2]})
    assert words(it).startswith("Customer stopped columns all 2 records came: .partial")


PLAN = Plan("salesforce", Query("Customer"), "GET /x", 1000)


def test_a_plan_says_what_is_asked_and_what_that_leaves(sf):
    plan = sf.fetch("Customer", where="name like 'A%'").explain()
    text = words(plan)
    assert text.startswith("salesforce.Customer nothing is fetched asks GET /services/data/v67.0/query?q=")
    assert "filters here name like 'A%' on what arrives" in text
    assert "road calls takes rest bulk 1 13 " in text
    assert " taken " in text
    assert "left of the quota" in text
    assert len(html(plan).encode()) < USUAL


def test_a_plan_of_which_little_is_known_says_so():
    pages = "pages not known, 1,000 records each"
    assert words(PLAN) == f"salesforce.Customer nothing is fetched asks GET /x {pages}"
    text = words(replace(PLAN, quota_left=5, why="only the first page can tell", watched="by their key"))
    assert "takes only the first page can tell changes are noticed by their key 5 requests left of" in text


@pytest.mark.parametrize(
    ("rows", "left", "said"),
    [
        (5000, 100, "this fetch takes 5, 5 % of 100 requests left of the quota"),
        (5000, 8, "this fetch takes 5, 62 % of 8 requests left of the quota"),
        (5000, 3, "this fetch takes 5, more than there is of 3 requests left of the quota"),
        (5000, 0, "this fetch takes 5, more than there is of 0 requests left of the quota"),
    ],
)
def test_a_plan_that_takes_much_of_the_quota_warns(rows, left, said):
    plan = replace(PLAN, rows=rows, quota_left=left)
    assert words(plan).endswith(said)
    assert (card_of(plan).tone == "waiting") == (left < 10)


def test_a_long_request_is_cut_and_notes_are_folded():
    plan = replace(PLAN, request="x" * 700, notes=("found by a page",))
    assert "and 300 more characters: str(plan) has all" in words(plan)
    assert words(plan).endswith("found out found by a page")


def test_folded_names_take_no_more_room_than_they_are_given():
    assert folded([], "") is None
    assert str(folded(["a", "b"], "see")).count("more") == 1
    assert "b and 2 more: see" in str(folded(["a", "b", "c", "d"], "see", room=8))
