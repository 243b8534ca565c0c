"""How Salesforce's objects become canonical entities, a line a column."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ...canonical import Source, Translation, address_of, constant, made, same, struct
from ...errors import DecodeError


def _host(website: pa.Array) -> pa.Array:
    """The host in an address as people type it: `https://www.acme.com/en` and `acme.com` are `acme.com`."""
    bare = pc.replace_substring_regex(
        pc.utf8_lower(website), r"^\s*([a-z]+://)?(www\.)?([^/:?#\s]*).*$", r"\3"
    )
    return pc.if_else(pc.equal(bare, ""), pa.scalar(None, pa.string()), bare)


def _status(is_closed: pa.Array, is_won: pa.Array) -> pa.Array:
    if not pa.types.is_boolean(is_closed.type) or not pa.types.is_boolean(is_won.type):
        raise DecodeError("IsClosed and IsWon came as something else than true and false", "Opportunity")
    return pc.case_when(
        pc.make_struct(is_won, is_closed), pa.scalar("won"), pa.scalar("lost"), pa.scalar("open")
    )


def _address(prefix: str) -> Source:
    """One line for the street, since Salesforce keeps all its lines in one column."""
    return struct(
        line1=f"{prefix}Street",
        city=f"{prefix}City",
        region=f"{prefix}State",
        postal_code=f"{prefix}PostalCode",
        country=f"{prefix}Country",
    )


COMMON = {
    "id": same("Id"),
    "source": constant("salesforce"),
    "owner_id": same("OwnerId"),
    "created_at": same("CreatedDate"),
    "updated_at": same("SystemModstamp"),
    "deleted": same("IsDeleted"),
    "url": address_of("{base_url}/", "Id"),
}

CUSTOMER = Translation(
    "Customer",
    "Account",
    {
        **COMMON,
        "native_entity": constant("Account"),
        "kind": constant("organisation"),
        "name": same("Name"),
        "domain": made(_host, "Website"),
        "website": same("Website"),
        "phone": same("Phone"),
        "industry": same("Industry"),
        "employee_count": same("NumberOfEmployees"),
        "annual_revenue": same("AnnualRevenue"),
        "currency": same("CurrencyIsoCode"),
        "status_raw": same("Type"),
        "description": same("Description"),
        "parent_id": same("ParentId"),
        "billing_address": _address("Billing"),
        "shipping_address": _address("Shipping"),
    },
)

CONTACT = Translation(
    "Contact",
    "Contact",
    {
        **COMMON,
        "native_entity": constant("Contact"),
        "customer_id": same("AccountId"),
        "first_name": same("FirstName"),
        "last_name": same("LastName"),
        "name": same("Name"),
        "email": same("Email"),
        "phone": same("Phone"),
        "mobile": same("MobilePhone"),
        "title": same("Title"),
        "department": same("Department"),
        "address": _address("Mailing"),
        "last_activity_at": same("LastActivityDate"),
    },
)

OPPORTUNITY = Translation(
    "Opportunity",
    "Opportunity",
    {
        **COMMON,
        "native_entity": constant("Opportunity"),
        "name": same("Name"),
        "customer_id": same("AccountId"),
        "amount": same("Amount"),
        "currency": same("CurrencyIsoCode"),
        "stage": same("StageName"),
        "status": made(_status, "IsClosed", "IsWon"),
        "probability": same("Probability"),
        "close_date": same("CloseDate"),
        "forecast_category": same("ForecastCategoryName"),
    },
)

USER = Translation(
    "User",
    "User",
    {
        **COMMON,
        "native_entity": constant("User"),
        "name": same("Name"),
        "email": same("Email"),
        "active": same("IsActive"),
    },
)

TRANSLATIONS = {it.entity: it for it in (CUSTOMER, CONTACT, OPPORTUNITY, USER)}
