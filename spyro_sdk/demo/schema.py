"""The objects of the demo's Salesforce org with their fields, as data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

NUMBERS = frozenset({"int", "double", "currency", "percent"})
BARE = frozenset({"id", "reference", "datetime", "date"})  # values that JSON never needs to escape
ADDRESS_PARTS = (
    "City",
    "Country",
    "GeocodeAccuracy",
    "Latitude",
    "Longitude",
    "PostalCode",
    "State",
    "Street",
)

INDUSTRIES = (
    "Agriculture",
    "Banking",
    "Biotechnology",
    "Energy",
    "Food & Beverage",
    "Healthcare",
    "Technology",
)
ACCOUNT_TYPES = ("Prospect", "Customer - Direct", "Customer - Channel", "Technology Partner", "Other")
RATINGS = ("Hot", "Warm", "Cold")
SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
TIERS = ("Gold", "Silver", "Bronze")
SEGMENTS = ("EMEA", "Enterprise", "Public", "Start-up", "Renewal", "At risk")
ACCURACIES = ("Address", "Street", "City", "Zip", "Unknown")
FORECASTS = ("Pipeline", "Best Case", "Commit", "Closed", "Omitted")
CURRENCIES = ("USD", "EUR", "JPY", "GBP")
STAGES = {  # name: (probability, closed, won, forecast category)
    "Prospecting": (10.0, 0, 0, "Pipeline"),
    "Qualification": (20.0, 0, 0, "Pipeline"),
    "Proposal/Price Quote": (75.0, 0, 0, "Best Case"),
    "Negotiation/Review": (90.0, 0, 0, "Commit"),
    "Closed Won": (100.0, 1, 1, "Closed"),
    "Closed Lost": (0.0, 1, 0, "Omitted"),
}
WIDE_FIELDS = 900


@dataclass(frozen=True)
class Field:
    """One field as its describe tells it; `parts` are the columns of a compound address."""

    name: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    required: bool = False
    compound: str | None = None
    target: str | None = None
    values: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def nillable(self) -> bool:
        return not self.required and self.type != "boolean"

    @property
    def filterable(self) -> bool:
        return self.type not in ("textarea", "address")

    @property
    def sortable(self) -> bool:
        return self.type not in ("textarea", "address", "multipicklist")

    @property
    def relationship(self) -> str | None:
        """The name under which a query reaches the record referred to: `OwnerId` by `Owner`."""
        return self.name.removesuffix("Id") if self.target else None

    @property
    def label(self) -> str:
        return self.name.removesuffix("__c").replace("_", " ")


@dataclass(frozen=True)
class SObject:
    """One kind of record."""

    name: str
    prefix: str
    fields: tuple[Field, ...]
    plural: str = ""

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def label(self) -> str:
        return self.name.removesuffix("__c")

    @cached_property
    def columns(self) -> tuple[Field, ...]:
        """The fields that are stored: all but the compound ones."""
        return tuple(field for field in self.fields if not field.parts)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Find a field by its name in lower case, since SOQL does not mind the case."""
        return {field.name.lower(): field for field in self.fields}

    @cached_property
    def by_relationship(self) -> dict[str, Field]:
        """Find a reference by its relationship's name in lower case."""
        return {field.relationship.lower(): field for field in self.fields if field.relationship}

    def has(self, name: str) -> bool:
        """Tell whether it has a field of that name."""
        return name.lower() in self.by_name


def text(
    name: str, length: int = 255, kind: str = "string", *, required: bool = False, compound: str | None = None
) -> Field:
    return Field(name, kind, length, required=required, compound=compound)


def reference(name: str, target: str, required: bool = False) -> Field:
    return Field(name, "reference", 18, required=required, target=target)


def picklist(name: str, values: tuple[str, ...], kind: str = "picklist", *, required: bool = False) -> Field:
    return Field(name, kind, 255, values=values, required=required)


def money(name: str) -> Field:
    return Field(name, "currency", precision=18, scale=2)


def number(name: str, precision: int, scale: int, compound: str | None = None, kind: str = "double") -> Field:
    return Field(name, kind, precision=precision, scale=scale, compound=compound)


def flag(name: str) -> Field:
    return Field(name, "boolean")


def moment(name: str, required: bool = True) -> Field:
    return Field(name, "datetime", required=required)


def address(prefix: str) -> tuple[Field, ...]:
    """The eight columns of a postal address, then the compound field that nests them."""
    whole = f"{prefix}Address"
    parts = (
        text(f"{prefix}Street", kind="textarea", compound=whole),
        text(f"{prefix}City", 40, compound=whole),
        text(f"{prefix}State", 80, compound=whole),
        text(f"{prefix}PostalCode", 20, compound=whole),
        text(f"{prefix}Country", 80, compound=whole),
        number(f"{prefix}Latitude", 18, 15, whole),
        number(f"{prefix}Longitude", 18, 15, whole),
        Field(f"{prefix}GeocodeAccuracy", "picklist", 40, compound=whole, values=ACCURACIES),
    )
    return (*parts, Field(whole, "address", parts=tuple(prefix + part for part in ADDRESS_PARTS)))


ID = Field("Id", "id", 18, required=True)
DELETED = flag("IsDeleted")
AUDIT = (
    moment("CreatedDate"),
    reference("CreatedById", "User", required=True),
    moment("LastModifiedDate"),
    reference("LastModifiedById", "User", required=True),
    moment("SystemModstamp"),
)
ACCOUNT = (
    ID,
    DELETED,
    reference("MasterRecordId", "Account"),
    text("Name", required=True),
    picklist("Type", ACCOUNT_TYPES),
    reference("ParentId", "Account"),
    *address("Billing"),
    *address("Shipping"),
    text("Phone", 40, "phone"),
    text("Fax", 40, "phone"),
    text("AccountNumber", 40),
    text("Website", 255, "url"),
    picklist("Industry", INDUSTRIES),
    money("AnnualRevenue"),
    Field("NumberOfEmployees", "int"),
    text("Description", 32000, "textarea"),
    picklist("Rating", RATINGS),
    reference("OwnerId", "User", required=True),
    *AUDIT,
    Field("LastActivityDate", "date"),
    picklist("AccountSource", SOURCES),
    picklist("Tier__c", TIERS),
    number("Health_Score__c", 4, 1),
    flag("Is_Strategic__c"),
    Field("Renewal_Date__c", "date"),
    picklist("Segments__c", SEGMENTS, "multipicklist"),
    text("External_Id__c", 40),
)
CONTACT = (
    ID,
    DELETED,
    reference("AccountId", "Account"),
    text("LastName", 80, required=True, compound="Name"),
    text("FirstName", 40, compound="Name"),
    text("Name", 121, required=True),
    *address("Mailing"),
    text("Phone", 40, "phone"),
    text("MobilePhone", 40, "phone"),
    reference("ReportsToId", "Contact"),
    text("Email", 80, "email"),
    text("Title", 128),
    text("Department", 80),
    picklist("LeadSource", SOURCES),
    reference("OwnerId", "User", required=True),
    flag("HasOptedOutOfEmail"),
    *AUDIT,
    Field("LastActivityDate", "date"),
)
OPPORTUNITY = (
    ID,
    DELETED,
    reference("AccountId", "Account"),
    text("Name", 120, required=True),
    text("Description", 32000, "textarea"),
    picklist("StageName", tuple(STAGES), required=True),
    money("Amount"),
    number("Probability", 3, 0, kind="percent"),
    Field("CloseDate", "date", required=True),
    picklist("Type", ("New Business", "Existing Business")),
    text("NextStep"),
    picklist("LeadSource", SOURCES),
    flag("IsClosed"),
    flag("IsWon"),
    picklist("ForecastCategory", ("Pipeline", "BestCase", "Forecast", "Closed", "Omitted"), required=True),
    picklist("ForecastCategoryName", FORECASTS),
    reference("OwnerId", "User", required=True),
    *AUDIT,
)
USER = (
    ID,
    text("Username", 80, required=True),
    text("LastName", 80, required=True, compound="Name"),
    text("FirstName", 40, compound="Name"),
    text("Name", 121, required=True),
    text("Title", 80),
    text("Department", 80),
    text("Email", 128, "email", required=True),
    flag("IsActive"),
    Field("UserRoleId", "id", 18),
    Field("ProfileId", "id", 18, required=True),
    moment("CreatedDate"),
    moment("LastModifiedDate"),
    moment("SystemModstamp"),
)
LOGIN_HISTORY = (
    ID,
    reference("UserId", "User", required=True),
    moment("LoginTime"),
    text("LoginType", 40),
    text("SourceIp", 39),
    text("Status", 128),
)


def _wide() -> tuple[Field, ...]:
    kinds = (
        lambda name: text(name, 80),
        lambda name: number(name, 12, 3),
        lambda name: Field(name, "date"),
        lambda name: flag(name),
    )
    names = [f"Quarterly_Forecast_Adjustment_{i:03d}__c" for i in range(WIDE_FIELDS)]
    custom = [kinds[i % 4](name) for i, name in enumerate(names)]
    return (
        ID,
        reference("OwnerId", "User", required=True),
        DELETED,
        text("Name", 80, required=True),
        *AUDIT,
        *custom,
    )


def sobjects(multi_currency: bool = False) -> dict[str, SObject]:
    """List the org's objects by their names in lower case."""
    iso = (picklist("CurrencyIsoCode", CURRENCIES),) if multi_currency else ()
    kinds = (
        SObject("Account", "001", ACCOUNT + iso, "Accounts"),
        SObject("Contact", "003", CONTACT + iso, "Contacts"),
        SObject("LoginHistory", "0Ya", LOGIN_HISTORY, "Login History"),
        SObject("Opportunity", "006", OPPORTUNITY + iso, "Opportunities"),
        SObject("User", "005", USER, "Users"),
        SObject("Wide__c", "a01", _wide() + iso, "Wides"),
    )
    return {kind.name.lower(): kind for kind in kinds}
