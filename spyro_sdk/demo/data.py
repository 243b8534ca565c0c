"""The records of the org, made up from a seed."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from math import gcd
from typing import Any

from spyro_sdk.demo import schema
from spyro_sdk.demo.ids import make_ids
from spyro_sdk.demo.schema import SObject

CHUNK = 10_000  # rows made at a time
BIRTH = 1_577_836_800  # 2020-01-01: the org's first record, in seconds of Unix time
TODAY = 1_780_272_000  # 2026-06-01: nothing generated is later
DAY = 86_400
USERS = 50
LOGINS = 120
DELETED = 0.02  # of the accounts, on top of the live ones


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


FIRST = _words(
    "Ada|Björn|Chloé|Dimitri|Emeka|Fatima|Grace|Hiroshi|Inês|José|Katarzyna|Liam|Małgorzata|"
    "Noor|Olena|Priya|Quentin|Renée|Søren|Thảo|Uschi|Vikram|Wei|Ximena|Yūki|Zoë|李|محمد|דוד"
)
LAST = _words(
    "O'Brien|Müller|García|Nguyễn|Smith|Dvořák|Łukasz|Østergård|Papadopoulos|Tanaka|Okafor|"
    "Kowalska|D'Angelo|van der Berg|Yılmaz|Öztürk|Kim|王|佐藤|الحداد|כהן|Ivanova|Björk|Jones|"
    "Lee|Weiß"
)
COMPANIES = _words(
    "Acme|Globex|Initech|Umbra|Nordlicht|Łódź Meble|Café Olé|Ærø Shipping|Żubr|Señorío|東京電気|"
    "北京科技|한국산업|شركة النور|תעשיות הגליל|Rocket 🚀|Grün & Söhne|L'Étoile|O'Hara|Vandelay|Stark|"
    "Wayne|Tyrell|Soylent|Hooli|Wonka|Sirius|Çelik|Đông Á|Ísland|Zürich Präzision|São Bento|"
    'Кедр|Ελλάς|Smørrebrød|Quoted "Q"'
)
TRADES = _words("Energy|Logistics|Foods|Software|Partners|Labs|Textiles|Media|Bank|Health|Motors|Farms|Steel")
LEGAL = _words("Inc.|GmbH|Ltd|S.A.|AB|Sp. z o.o.|株式会社|LLC|& Co. KG|Oy")
STREETS = (
    "Main St",
    "Hauptstraße",
    "Rue de l'Église",
    "Calle Mayor",
    "ul. Długa",
    "Via Roma",
    "Kärntner Ring",
    "中山路",
    "Storgatan",
)
CITIES = (
    ("New York", "NY", "USA", 40.7128, -74.006),
    ("München", "Bayern", "Germany", 48.1351, 11.582),
    ("Łódź", None, "Poland", 51.7592, 19.456),
    ("São Paulo", "SP", "Brazil", -23.5505, -46.6333),
    ("東京", None, "Japan", 35.6762, 139.6503),
    ("תל אביב", None, "Israel", 32.0853, 34.7818),
    ("Zürich", "ZH", "Switzerland", 47.3769, 8.5417),
    ("القاهرة", None, "Egypt", 30.0444, 31.2357),
    ("Paris", None, "France", 48.8566, 2.3522),
    ("Reykjavík", None, "Iceland", 64.1466, -21.9426),
    ("Hà Nội", None, "Vietnam", 21.0278, 105.8342),
    ("Austin", "TX", "USA", 30.2672, -97.7431),
)
NOTES = (
    "Key account.\nCall before noon.",
    'They say "yes" and mean "maybe".',
    "Backslash \\ and tab\there",
    "Renewal at risk: naïve pricing",
    "日本語の説明。改行\r\nあり",
    "مرحبا بالعالم",
    "🚀🚀 growth\n\n- first\n- second",
    "O'Reilly, semicolons; commas, and 100 % of the rest_",
    "Plain.",
)
TITLES = ("CEO", "CFO", "VP Sales", "Ingénieure", "Buyer", "Geschäftsführer", "Analyst", "部長", "Head of IT")
DEPARTMENTS = ("Sales", "Finance", "IT", "Einkauf", "Opérations", "人事")
STEPS = ("Send proposal", "Call back", "Wait for légal", "Demo on Tuesday", "見積もり")

Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class Amounts:
    """How much data there is, and of which kind."""

    records: int = 50_000
    seed: int = 7
    wide_records: int = 250
    multi_currency: bool = False


def count_rows(kind: SObject, amounts: Amounts) -> int:
    """Say how many records an object has, deleted ones included."""
    counts = {
        "Account": amounts.records + _deleted(amounts),
        "Contact": amounts.records,
        "Opportunity": amounts.records // 2,
        "User": USERS,
        "LoginHistory": LOGINS,
        "Wide__c": amounts.wide_records,
    }
    return counts[kind.name]


def _deleted(amounts: Amounts) -> int:
    return int(amounts.records * DELETED + 0.999)


def generate(kind: SObject, total: int, amounts: Amounts) -> Iterator[Columns]:
    """Make an object's columns, some thousand rows at a time, the same ones for the same seed.

    The rows come in an order that has nothing to do with age or id.
    """
    stride = next(step for step in range(int(total * 0.618) | 1, 3 * total + 3) if gcd(step, total) == 1)
    for start in range(0, total, CHUNK):
        ranks = [(i * stride + 5) % total for i in range(start, min(start + CHUNK, total))]
        rng = random.Random(f"{amounts.seed}/{kind.name}/{start}")  # noqa: S311 - nothing secret
        dice = Dice(rng, len(ranks))
        columns = MAKERS[kind.name](Chunk(kind, ranks, total, amounts, dice))
        if amounts.multi_currency:
            columns["CurrencyIsoCode"] = dice.pick(schema.CURRENCIES)
        yield columns


@dataclass(frozen=True)
class Dice:
    """Rolls whole columns of `size` values."""

    rng: random.Random
    size: int

    def pick(self, values: tuple[Any, ...] | list[Any], nulls: float = 0.0) -> list[Any]:
        """Choose from the values; this share is null."""
        if not nulls:
            return self.rng.choices(values, k=self.size)
        each = (1 - nulls) / len(values)
        return self.rng.choices([*values, None], [each] * len(values) + [nulls], k=self.size)

    def uniform(self) -> list[float]:
        """Roll numbers in [0, 1)."""
        roll = self.rng.random
        return [roll() for _ in range(self.size)]

    def whole(self, below: int) -> list[int]:
        """Roll integers in [0, below)."""
        return [int(x * below) for x in self.uniform()]

    def flags(self, share: float) -> list[int]:
        """Roll booleans, true in this share."""
        return [int(x < share) for x in self.uniform()]

    def sparse(self, make: Callable[[float], Any], nulls: float) -> list[Any]:
        """Make values from a number in [0, 1); this share is null."""
        return [None if x < nulls else make((x - nulls) / (1 - nulls)) for x in self.uniform()]


@dataclass(frozen=True)
class Chunk:
    """Some rows to be made: `ranks` are their places in order of age among `total`."""

    kind: SObject
    ranks: list[int]
    total: int
    amounts: Amounts
    dice: Dice
    created: list[int] = field(init=False)

    def __post_init__(self) -> None:
        step = (TODAY - BIRTH - 30 * DAY) / self.total
        object.__setattr__(self, "created", [BIRTH + int(rank * step) for rank in self.ranks])

    def ids(self) -> list[str]:
        return make_ids(self.kind.prefix, self.ranks)

    def refer(self, prefix: str, below: int, nulls: float = 0.0) -> list[Any]:
        """Refer to records whose ranks are below a number."""
        ids = make_ids(prefix, self.dice.whole(below))
        return (
            [None if x < nulls else id for x, id in zip(self.dice.uniform(), ids, strict=True)]
            if nulls
            else ids
        )

    def users(self) -> list[Any]:
        return self.dice.pick(_user_ids())

    def audit(self) -> Columns:
        """Say when and by whom; one record in five was last stamped by one of twenty mass updates."""
        waves = [TODAY - 20 * DAY + day * DAY for day in range(20)]
        lives = self.dice.uniform()
        late = [
            waves[int(x * 100)] if x < 0.2 else born + int((TODAY - born) * (x - 0.2) ** 3)
            for born, x in zip(self.created, lives, strict=True)
        ]
        early = [
            max(born, then - lag)
            for born, then, lag in zip(self.created, late, self.dice.pick((0, 0, 0, 60, 3600)), strict=True)
        ]
        return {
            "CreatedDate": stamps(self.created),
            "CreatedById": self.users(),
            "LastModifiedDate": stamps(early),
            "LastModifiedById": self.users(),
            "SystemModstamp": stamps(late),
        }

    def address(self, prefix: str, nulls: float) -> Columns:
        """Make postal addresses; this share is null in all parts, and some lack a few."""
        dice = self.dice
        streets = [f"{n} {street}" for n, street in zip(dice.whole(300), dice.pick(STREETS), strict=True)]
        places = [
            None if x < nulls else place for x, place in zip(dice.uniform(), dice.pick(CITIES), strict=True)
        ]
        located = dice.pick((True, False))
        offsets = dice.uniform()
        codes = dice.whole(90000)
        rows = [
            _address(place, street, code, off if where else None)
            for place, street, code, off, where in zip(places, streets, codes, offsets, located, strict=True)
        ]
        names = (
            "Street",
            "City",
            "State",
            "PostalCode",
            "Country",
            "Latitude",
            "Longitude",
            "GeocodeAccuracy",
        )
        return {
            prefix + name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)
        }

    def phones(self, nulls: float) -> list[Any]:
        return self.dice.sparse(lambda x: f"+{int(x * 89) + 10} {int(x * 8e8) + 10**8}", nulls)

    def people(self) -> Columns:
        first, last = self.dice.pick(FIRST, 0.05), self.dice.pick(LAST)
        return {
            "FirstName": first,
            "LastName": last,
            "Name": [f"{a} {b}" if a else b for a, b in zip(first, last, strict=True)],
        }


EMPTY = (None,) * 8


def _address(place: tuple[Any, ...] | None, street: str, code: int, offset: float | None) -> tuple[Any, ...]:
    if place is None:
        return EMPTY
    city, state, country, latitude, longitude = place
    if offset is None:
        return street, city, state, None, country, None, None, None
    where = (round(latitude + offset / 10, 6), round(longitude - offset / 10, 6), "Address")
    return street, city, state, f"{code + 10000}", country, *where


@cache
def _user_ids() -> list[str]:
    return make_ids("005", list(range(USERS)))


@cache
def _clock() -> list[str]:
    return [f"T{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}.000+0000" for s in range(DAY)]


@cache
def day(number: int) -> str:
    """Write a day, counted since 1970, as YYYY-MM-DD."""
    return datetime.date.fromordinal(719_163 + number).isoformat()


def stamps(seconds: list[int]) -> list[str]:
    """Write Unix times as Salesforce does: 2026-01-31T12:34:56.000+0000."""
    clock = _clock()
    return [day(s // DAY) + clock[s % DAY] for s in seconds]


def _days(dice: Dice, first: int, span: int, nulls: float) -> list[Any]:
    return dice.sparse(lambda x: day(first + int(x * span)), nulls)


def _accounts(chunk: Chunk) -> Columns:
    dice, today = chunk.dice, TODAY // DAY
    names = zip(dice.pick(COMPANIES), dice.pick(TRADES), dice.pick(LEGAL), strict=True)
    step = max(2, chunk.total // max(1, _deleted(chunk.amounts)))
    gone = {rank * step for rank in range(_deleted(chunk.amounts))}
    return {
        "Id": chunk.ids(),
        "IsDeleted": [int(rank in gone) for rank in chunk.ranks],
        "MasterRecordId": [None] * dice.size,
        "Name": [" ".join(words) for words in names],
        "Type": dice.pick(schema.ACCOUNT_TYPES, 0.1),
        "ParentId": _older(chunk, "001"),
        **chunk.address("Billing", 0.1),
        **chunk.address("Shipping", 0.6),
        "Phone": chunk.phones(0.1),
        "Fax": chunk.phones(0.7),
        "AccountNumber": dice.sparse(lambda x: f"AC-{int(x * 1e8):08}", 0.2),
        "Website": dice.sparse(lambda x: f"https://www.company-{int(x * 1e6)}.example", 0.2),
        "Industry": dice.pick(schema.INDUSTRIES, 0.1),
        "AnnualRevenue": dice.sparse(lambda x: round(10 ** (3 + 7 * x), 2 if x < 0.8 else -3), 0.2),
        "NumberOfEmployees": dice.sparse(lambda x: int(10 ** (5 * x)), 0.2),
        "Description": dice.pick(NOTES, 0.5),
        "Rating": dice.pick(schema.RATINGS, 0.3),
        "OwnerId": chunk.users(),
        **chunk.audit(),
        "LastActivityDate": _days(dice, today - 900, 900, 0.4),
        "AccountSource": dice.pick(schema.SOURCES, 0.3),
        "Tier__c": dice.pick(schema.TIERS, 0.3),
        "Health_Score__c": dice.sparse(lambda x: int(1001 * x) / 10, 0.3),
        "Is_Strategic__c": dice.flags(0.1),
        "Renewal_Date__c": _days(dice, today - 300, 900, 0.5),
        "Segments__c": dice.pick(_segments(), 0.4),
        "External_Id__c": dice.sparse(lambda x: f"ext-{int(x * 1e9):09x}", 0.3),
    }


def _older(chunk: Chunk, prefix: str) -> list[Any]:
    """Refer some rows to an older record of their own kind, so that no circle arises."""
    older = [int(rank * x) for rank, x in zip(chunk.ranks, chunk.dice.uniform(), strict=True)]
    ids = make_ids(prefix, older)
    lone = chunk.dice.flags(0.8)
    return [None if alone or not rank else id for alone, rank, id in zip(lone, chunk.ranks, ids, strict=True)]


@cache
def _segments() -> list[str]:
    names = schema.SEGMENTS
    return [*names, *(f"{a};{b}" for i, a in enumerate(names) for b in names[i + 1 :]), ";".join(names[:3])]


def _contacts(chunk: Chunk) -> Columns:
    dice = chunk.dice
    return {
        "Id": chunk.ids(),
        "IsDeleted": [0] * dice.size,
        "AccountId": chunk.refer("001", max(1, chunk.amounts.records), 0.05),
        **chunk.people(),
        **chunk.address("Mailing", 0.5),
        "Phone": chunk.phones(0.3),
        "MobilePhone": chunk.phones(0.6),
        "ReportsToId": _older(chunk, "003"),
        "Email": dice.sparse(lambda x: f"person.{int(x * 1e8)}@company-{int(x * 1e6)}.example", 0.2),
        "Title": dice.pick(TITLES, 0.3),
        "Department": dice.pick(DEPARTMENTS, 0.4),
        "LeadSource": dice.pick(schema.SOURCES, 0.3),
        "OwnerId": chunk.users(),
        "HasOptedOutOfEmail": dice.flags(0.15),
        **chunk.audit(),
        "LastActivityDate": _days(dice, TODAY // DAY - 900, 900, 0.5),
    }


def _opportunities(chunk: Chunk) -> Columns:
    dice = chunk.dice
    stages = dice.pick(list(schema.STAGES))
    facts = [schema.STAGES[stage] for stage in stages]
    codes = {"Best Case": "BestCase", "Commit": "Forecast"}
    names = zip(dice.pick(COMPANIES), dice.pick(TRADES), strict=True)
    return {
        "Id": chunk.ids(),
        "IsDeleted": [0] * dice.size,
        "AccountId": chunk.refer("001", max(1, chunk.amounts.records), 0.02),
        "Name": [f"{company}: {trade}" for company, trade in names],
        "Description": dice.pick(NOTES, 0.6),
        "StageName": stages,
        "Amount": dice.sparse(lambda x: round(10 ** (2 + 5 * x), 2), 0.1),
        "Probability": [fact[0] for fact in facts],
        "CloseDate": _days(dice, TODAY // DAY - 700, 1000, 0.0),
        "Type": dice.pick(("New Business", "Existing Business"), 0.2),
        "NextStep": dice.pick(STEPS, 0.5),
        "LeadSource": dice.pick(schema.SOURCES, 0.3),
        "IsClosed": [fact[1] for fact in facts],
        "IsWon": [fact[2] for fact in facts],
        "ForecastCategory": [codes.get(fact[3], fact[3]) for fact in facts],
        "ForecastCategoryName": [fact[3] for fact in facts],
        "OwnerId": chunk.users(),
        **chunk.audit(),
    }


def _users(chunk: Chunk) -> Columns:
    dice = chunk.dice
    mails = [f"user{rank}@never-was.example" for rank in chunk.ranks]
    return {
        "Id": chunk.ids(),
        "Username": mails,
        **chunk.people(),
        "Title": dice.pick(TITLES, 0.3),
        "Department": dice.pick(DEPARTMENTS, 0.3),
        "Email": mails,
        "IsActive": dice.flags(0.9),
        "UserRoleId": chunk.refer("00E", 8, 0.3),
        "ProfileId": chunk.refer("00e", 4),
        **chunk.audit(),
    }


def _logins(chunk: Chunk) -> Columns:
    dice = chunk.dice
    return {
        "Id": chunk.ids(),
        "UserId": chunk.users(),
        "LoginTime": stamps(chunk.created),
        "LoginType": dice.pick(("Application", "Remote Access 2.0", "Other Apex API")),
        "SourceIp": [f"192.0.2.{n}" for n in dice.whole(255)],
        "Status": dice.pick(("Success", "Success", "Invalid Password")),
    }


def _wide(chunk: Chunk) -> Columns:
    dice = chunk.dice
    makers: dict[str, Callable[[], list[Any]]] = {
        "string": lambda: dice.pick(NOTES, 0.5),
        "double": lambda: dice.sparse(lambda x: round(x * 1e6, 3), 0.3),
        "date": lambda: _days(dice, TODAY // DAY - 900, 900, 0.5),
        "boolean": lambda: dice.flags(0.5),
    }
    custom = {column.name: makers[column.type]() for column in chunk.kind.columns if column.custom}
    return {
        "Id": chunk.ids(),
        "OwnerId": chunk.users(),
        "IsDeleted": [0] * dice.size,
        "Name": [f"W-{rank:05}" for rank in chunk.ranks],
        **chunk.audit(),
        **custom,
    }


MAKERS: dict[str, Callable[[Chunk], Columns]] = {
    "Account": _accounts,
    "Contact": _contacts,
    "LoginHistory": _logins,
    "Opportunity": _opportunities,
    "User": _users,
    "Wide__c": _wide,
}
