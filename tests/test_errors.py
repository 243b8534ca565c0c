import builtins
import copy
import inspect
import pickle
import re

import pytest

from spyro_sdk import errors
from spyro_sdk.errors import ConnectorError, ExportError, did_you_mean, some

DRAWN = re.compile(r"(?P<branch>[│├└─ ]*)(?P<name>\w+) {2,}(?P<words>.*)")
TREE = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, ConnectorError)]
CONTEXT = {"hint": "try again", "connector": "acme", "status": 503, "request_id": "r-1"}
OWN = {
    "field": "since",
    "value": ["not", "a", "day"],
    "retry_after": 2.5,
    "entity_type": "Customer",
    "error_code": "X",
    "path": "/home/ana/tokens",
}


def drawing():
    """What the top of `errors.py` draws: of each name the parent, the builtin bases, the attributes."""
    drawn, above = {}, []
    for line in errors.__doc__.splitlines():
        if not (found := DRAWN.fullmatch(line)):
            continue
        depth = len(found["branch"]) // 4
        words, _, builtin = found["words"].partition("(")
        attributes = re.split("[:;]", words)[1:][-1:]
        above[depth:] = [found["name"]]
        drawn[found["name"]] = (
            above[depth - 1] if depth else None,
            set(re.findall(r"an? (?:builtins\.)?(\w+) too", builtin)),
            {name.strip() for name in attributes[0].split(",")} if attributes else set(),
        )
    return drawn


def tree():
    """The same of the classes themselves."""
    found = {}
    for kind in TREE:
        ours = [base for base in kind.__bases__ if base in TREE]
        theirs = {base.__name__ for base in kind.__bases__ if base not in TREE} - {"Exception"}
        inherited = vars(ours[0]()) if ours else ()
        own = set(vars(kind())) - set(inherited) | (set() if ours else {"message"})
        found[kind.__name__] = (ours[0].__name__ if ours else None, theirs, own)
    return found


def filled(kind):
    known = inspect.signature(kind).parameters
    return kind("it broke", **{name: value for name, value in OWN.items() if name in known}, **CONTEXT)


def test_the_drawing_is_the_tree():
    assert drawing() == tree()


@pytest.mark.parametrize("kind", TREE)
def test_the_text_of_an_error_is_its_message(kind):
    assert str(filled(kind)) == "it broke"
    assert str(kind()) == ""
    assert filled(kind).args == ("it broke",)


@pytest.mark.parametrize("kind", TREE)
def test_an_error_says_what_is_known_and_none_for_the_rest(kind):
    known = {name: value for name, value in OWN.items() if name in vars(kind())} | CONTEXT
    assert vars(filled(kind)) == known
    assert vars(kind("it broke")) == dict.fromkeys(known)


@pytest.mark.parametrize("kind", TREE)
@pytest.mark.parametrize(
    "carried",
    [
        copy.copy,
        copy.deepcopy,
        *(lambda e, p=p: pickle.loads(pickle.dumps(e, p)) for p in range(pickle.HIGHEST_PROTOCOL + 1)),
    ],
)
def test_an_error_from_another_process_is_whole(kind, carried):
    error = filled(kind)
    again = carried(error)
    assert type(again) is kind
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize("kind", TREE)
def test_a_name_of_python_means_what_python_means_by_it(kind):
    pythons = getattr(builtins, kind.__name__, None)
    assert pythons is None or issubclass(kind, pythons)


def test_what_may_be_said_first_needs_no_name():
    assert errors.ValidationError("no", "limit", -1).value == -1
    assert errors.RateLimitError("slow", 3.0).retry_after == 3.0
    assert errors.CircuitOpenError("left alone", 4.0).retry_after == 4.0
    assert errors.DataFetchError("no", "Customer", "QUERY_TIMEOUT").error_code == "QUERY_TIMEOUT"


def test_a_file_error_keeps_its_message_beside_an_errno():
    error = ExportError("customers.parquet cannot be written: the disk is full")
    assert str(error).endswith("the disk is full")
    assert error.errno is None


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("Custmer", ["Contact", "Customer"], "did you mean 'Customer'?"),
        ("CUSTOMER", ["Contact", "Customer"], "did you mean 'Customer'?"),
        ("annual_revenu", ["AnnualRevenue", "annual_revenue"], "did you mean 'annual_revenue'?"),
        ("zebra", ["Contact", "Customer"], None),
        ("Customer", [], None),
        ("", ["Contact"], None),
    ],
)
def test_the_nearest_name_is_offered(word, known, said):
    assert did_you_mean(word, iter(known)) == said


@pytest.mark.parametrize(
    ("names", "most", "said"),
    [([], 2, ""), (["a"], 2, "a"), (["a", "b"], 2, "a, b"), (["a", "b", "c"], 2, "a, b …")],
)
def test_a_long_list_is_cut(names, most, said):
    assert some(iter(names), most) == said


def test_nothing_in_an_error_steers_a_terminal():
    evil = "\x1b[2J\x9b\u202e"
    error = errors.DataFetchError(f"acme says {evil}", hint=evil, request_id=evil, error_code=evil)
    assert str(error) == "acme says \\x1b[2J\\x9b\\u202e"
    assert error.hint == error.request_id == "\\x1b[2J\\x9b\\u202e"
    assert not set(evil) & set(error.details()) - set("[2J")


def test_a_message_may_be_another_error():
    assert str(ConnectorError(ValueError("lost"))) == "lost"


@pytest.mark.parametrize("kind", TREE)
def test_the_details_are_everything_that_is_known(kind):
    error = filled(kind)
    error.add_note("it was raining")
    told = error.details().split("\n")
    assert told[0] == f"{kind.__name__}: it broke"
    assert "  connector: acme" in told
    assert {it.split(":")[0].strip() for it in told[1:]} == {*vars(error), "note"} - {"__notes__"}


def test_the_details_leave_out_what_is_not_known():
    assert ConnectorError("lost", status=503).details() == "ConnectorError: lost\n  status: 503"
