"""What a service offers: as a list, and searched."""

import pytest

from spyro_sdk.catalogue import LINES, Catalogue, matching
from spyro_sdk.entity import Entity
from spyro_sdk.errors import UnknownEntityError, ValidationError

OFFERED = Catalogue(
    [
        Entity("Customer", label="Account"),
        Entity("Contact", label="Contact"),
        Entity("Account", label="Account"),
        Entity("Order__c", label="Bestellung"),
    ]
)


def test_a_catalogue_reads_as_a_list():
    offered = Catalogue([Entity("Customer", label="Clients"), Entity("User")])
    assert offered.names == ["Customer", "User"]
    assert repr(offered) == "2 entities\n  Customer  Clients\n  User"
    assert repr(Catalogue()) == "0 entities"


def test_a_catalogue_is_asked_by_place_and_by_name():
    customer, user = offered = Catalogue([Entity("Customer"), Entity("User")])
    assert offered["User"] is offered[1] is user
    assert offered[:1] == (customer,)
    assert "User" in offered
    assert user in offered
    assert "Usr" not in offered
    assert 5 not in offered
    with pytest.raises(UnknownEntityError) as caught:
        offered["Usr"]
    error = caught.value
    assert (error.field, error.value, error.hint) == ("entity", "Usr", "did you mean 'User'?")
    assert str(error) == "there is no entity 'Usr'; there are Customer, User (did you mean 'User'?)"
    with pytest.raises(UnknownEntityError, match=r"no entity 'zzz'; there are Customer, User$"):
        offered["zzz"]


def test_one_entity_is_not_several():
    assert repr(Catalogue([Entity("Customer")])) == "1 entity\n  Customer"


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("cust", ["Customer"]),
        (" CUST ", ["Customer"]),
        ("account", ["Customer", "Account"]),
        ("bestell", ["Order__c"]),
        ("con", ["Contact"]),
    ],
)
def test_a_word_is_looked_for_in_names_and_labels(word, names):
    found = matching(OFFERED, word)
    assert found.names == names
    assert repr(found).startswith(f"{len(names)} of 4 entities with {word.strip()!r} in the name or label\n")


def test_where_nothing_fits_what_comes_close_is_shown_as_such():
    found = matching(OFFERED, "custmer")
    assert found.names == ["Customer"]
    assert found.search.is_near
    assert repr(found).splitlines() == [
        "none of 4 entities has 'custmer' in its name or label; near to it:",
        "  Customer  Account",
    ]
    assert matching(OFFERED, "acount").names == ["Customer", "Account"]


def test_where_nothing_comes_close_nothing_is_found():
    found = matching(OFFERED, "zzz")
    assert found == ()
    assert repr(found) == "none of 4 entities has 'zzz' in its name or label"


@pytest.mark.parametrize("word", ["", "  ", 5, None, ["cust"]])
def test_what_is_no_word_is_refused(word):
    with pytest.raises(ValidationError) as caught:
        matching(OFFERED, word)
    assert (caught.value.field, caught.value.value) == ("word", word)
    assert "it must be a part of a name or label" in str(caught.value)


def test_counts_are_told_as_what_they_are_and_only_where_they_are_known():
    counted = Catalogue(OFFERED[:3], counts={"Customer": 48_210, "Contact": 1})
    assert repr(counted).splitlines()[1:] == [
        "  Customer  Account  about 48,210 records",
        "  Contact   Contact        about 1 record",
        "  Account   Account",
    ]
    assert counted.count_of("Account") == OFFERED.count_of("Customer") == ""


def test_a_long_list_is_cut_and_tells_how_to_find_the_rest():
    many = Catalogue(Entity(f"Entity{number}") for number in range(LINES + 7))
    lines = repr(many).splitlines()
    assert len(lines) == LINES + 2
    assert lines[-1] == "  and 7 more: entities('word') finds them"
    assert len(repr(Catalogue(many[:LINES])).splitlines()) == LINES + 1


def test_a_catalogue_completes_its_names():
    assert OFFERED._ipython_key_completions_() == OFFERED.names
