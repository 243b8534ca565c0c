"""The records, and what a reader of them must arrive at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

VERSION = "67.0"
DATA = f"/services/data/v{VERSION}"
TYPES = {
    "Id": "id",
    "IsDeleted": "boolean",
    "Name": "string",
    "Type": "picklist",
    "ParentId": "reference",
    "BillingStreet": "textarea",
    "BillingCity": "string",
    "BillingState": "string",
    "BillingPostalCode": "string",
    "BillingCountry": "string",
    "Phone": "phone",
    "Website": "url",
    "Industry": "picklist",
    "AnnualRevenue": "currency",
    "NumberOfEmployees": "int",
    "Description": "textarea",
    "Rating": "picklist",
    "OwnerId": "reference",
    "CreatedDate": "datetime",
    "CreatedById": "reference",
    "LastModifiedDate": "datetime",
    "LastModifiedById": "reference",
    "SystemModstamp": "datetime",
    "LastActivityDate": "date",
    "AccountSource": "picklist",
    "Health_Score__c": "double",
}
QUESTION = f"SELECT {', '.join(TYPES)} FROM Account ORDER BY Id"  # noqa: S608  # nothing from outside
COUNTING = "SELECT COUNT() FROM Account"
BIRTH = datetime(2020, 1, 1, tzinfo=UTC)
NOTE = "Asked for a quote in spring; wants “green” delivery.\nDecides with the board, call before noon.\n"

Json = dict[str, Any]


def record(number: int) -> Json:
    """One record, the same for the same number."""
    dice = number * 2_654_435_761 % 2**32
    born = BIRTH + timedelta(seconds=number * 61)
    changed = _stamp(born + timedelta(seconds=dice % 9_000_000))
    return {
        "Id": _id("001", number),
        "IsDeleted": False,
        "Name": f"{_pick(dice, 'Acme', 'Łódź Meble', 'Globex', '東京電気', 'Café Olé')} {number} GmbH",
        "Type": _pick(dice >> 3, "Customer - Direct", "Prospect", "Technology Partner", None),
        "ParentId": _id("001", dice % (number + 1)) if dice % 2 else None,
        "BillingStreet": f"{dice % 300} {_pick(dice >> 4, 'Main St', 'Hauptstraße', 'Calle Mayor')}",
        "BillingCity": _pick(dice >> 5, "New York", "München", "São Paulo", "Łódź"),
        "BillingState": _pick(dice >> 5, "NY", "Bayern", "SP", None),
        "BillingPostalCode": f"{dice % 90_000 + 10_000}",
        "BillingCountry": _pick(dice >> 5, "USA", "Germany", "Brazil", "Poland"),
        "Phone": f"+{dice % 89 + 10} {dice % 10**9:09}" if dice % 10 else None,
        "Website": f"https://www.company-{dice:08x}.example",
        "Industry": _pick(dice >> 6, "Energy", "Banking", "Agriculture", "Technology", None),
        "AnnualRevenue": dice % 10**9 / 100 if dice % 6 else None,
        "NumberOfEmployees": dice % 100_000 if dice % 7 else None,
        "Description": f"{NOTE}File {dice * 7919:x}." if dice % 3 else None,
        "Rating": _pick(dice >> 7, "Hot", "Warm", "Cold", None),
        "OwnerId": _id("005", dice % 50),
        "CreatedDate": _stamp(born),
        "CreatedById": _id("005", dice // 50 % 50),
        "LastModifiedDate": changed,
        "LastModifiedById": _id("005", dice // 2500 % 50),
        "SystemModstamp": changed,
        "LastActivityDate": changed[:10] if dice % 4 else None,
        "AccountSource": _pick(dice >> 8, "Web", "Phone Inquiry", "Partner Referral", None),
        "Health_Score__c": dice % 1001 / 10,
    }


def _id(prefix: str, number: int) -> str:
    """An id of 18 characters; the last three are right for those that hold no capitals."""
    return f"{prefix}{number:012}AAA"


def _pick(dice: int, *values: str | None) -> str | None:
    return values[dice % len(values)]


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "+0000")
