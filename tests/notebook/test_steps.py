"""After each kind of error there is something to do."""

import inspect

import pytest

import spyro_sdk as spyro
from spyro_sdk import errors
from spyro_sdk.errors import ConnectorError, UnknownEntityError, ValidationError
from spyro_sdk.notebook.steps import STEPS, next_step

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, ConnectorError)]
KNOWN = {
    "connector": "salesforce",
    "entity_type": "Customer",
    "error_code": "INVALID_FIELD",
    "path": "/home/ana/spyro",
    "retry_after": 90,
}
TOLD = {
    "AuthenticationError": "spyro.login('salesforce') signs you in anew",
    "CertificateError": "behind a company's proxy connect with verify_ssl='/path/to/company.pem'",
    "CircuitOpenError": "run the cell again in 1 min 30 s",
    "ConfigurationError": "help(spyro.connect) says what can be set",
    "ConnectionError": "see that the network and base_url are right, and run the cell again",
    "ConnectorError": "run the cell again",
    "DataFetchError": "look INVALID_FIELD up in what the service documents",
    "DecodeError": "see that base_url is that of the API: something else may have answered in its place",
    "ExportError": "see to the file's folder, or give another path, and run the cell again",
    "IntegrityError": "run the cell again; if it lasts, narrow the question with where or since",
    "LimitError": "if such answers are to be expected, connect with a larger max_body",
    "NotRecordedError": "if the question has changed on purpose, delete the file and record again",
    "RateLimitError": "run the cell again in 1 min 30 s; connection.rate_limit shows what is left",
    "ReplayedError": "answer with the status that error.answer says: receiver.forget lets it come again",
    "SchemaDiscoveryError": "fetch works nonetheless, and gives an empty table",
    "SignInError": "spyro.login('salesforce') asks you again",
    "SignInNeeded": "where you sit, spyro.login('salesforce') asks you; where nobody does, set the variables",
    "StoreError": "see to /home/ana/spyro, and run the cell again",
    "TimeoutError": "ask for fewer columns or a smaller page_size, or connect with a longer timeout",
    "TokenStoreError": "set SPYRO_TOKEN_STORE to another folder, or to none to keep tokens in memory",
    "UnknownConnectorError": "spyro.connectors() lists the names",
    "UnknownEntityError": "connection.entities() lists the names",
    "WebhookError": "answer with the status that error.answer says, and do nothing with the body",
    "ValidationError": "connection.describe('Customer') lists the columns",
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_step_of_its_own(kind):
    assert kind in STEPS
    taken = inspect.signature(kind).parameters
    error = kind("lost", **{"connector": "salesforce", **{it: KNOWN[it] for it in KNOWN.keys() & taken}})
    assert next_step(error, {}) == TOLD[kind.__name__]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_step_where_nothing_more_is_known(kind):
    assert next_step(kind("lost"), {})


def test_a_kind_of_somebody_elses_has_the_step_of_what_it_is_a_kind_of():
    class Odd(ValidationError):
        pass

    assert next_step(Odd("lost"), {}) == "help(connection.fetch) says what can be asked"


def test_what_is_none_of_ours_has_no_step():
    with pytest.raises(LookupError):
        next_step(ValueError(), {})


def test_who_signs_nobody_in_is_not_offered_for_it():
    for name in ("rest", "nobody knows"):
        error = errors.AuthenticationError("no", connector=name)
        assert next_step(error, {}) == "connect with valid credentials"


def test_the_newest_connection_of_that_service_is_called_by_its_name():
    with spyro.connect("salesforce", demo={"records": 10}) as connection:
        names = {"first": connection, "n": 1, "acme": connection, "_": connection}
        assert next_step(UnknownEntityError("no"), names).startswith("acme.entities()")
        assert next_step(UnknownEntityError("no", connector="salesforce"), names).startswith(
            "acme.entities()"
        )
        assert next_step(UnknownEntityError("no", connector="github"), names).startswith("connection.ent")


def test_nothing_that_a_service_says_steers_the_terminal():
    error = errors.DataFetchError("no", error_code="\x1b[2J")
    assert next_step(error, {}) == "look \\x1b[2J up in what the service documents"
