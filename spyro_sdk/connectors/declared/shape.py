"""What a declaration may say: its keys, their types, what they mean.

Two shapes for the same thing. The short one: `base_url` and `entities`. That of dlt's `rest_api` source:
`client`, `resource_defaults` and `resources`. Keys that are not here are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from .paths import plain


class Shape(BaseModel):
    """A mapping with known keys."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"  # what a declaration says may be a secret

    @model_validator(mode="before")
    @classmethod
    def _has_known_keys(cls, value: Any) -> Any:
        """Refuse other keys by an error that knows those that there are."""
        known = [field.alias or name for name, field in cls.model_fields.items()]
        for key in value if isinstance(value, dict) else ():
            if key not in known:
                raise PydanticCustomError("unknown_key", "unknown key", {"key": key, "known": known})
        return value


def _some(text: str) -> str:
    if not text.strip():
        raise ValueError("a text that is not empty")
    return text


def _scalar(value: Any) -> Any:
    for it in value if isinstance(value, list) else [value]:
        if isinstance(it, dict | list):
            raise ValueError("a text, a number, true, false, null, or a list of these")
    return value


Text: TypeAlias = Annotated[str, AfterValidator(_some)]
Dotted: TypeAlias = Annotated[str, AfterValidator(plain)]
"""A dotted path, or one of JSONPath's that means the same."""
Count: TypeAlias = Annotated[int, Field(ge=1)]
Plain: TypeAlias = Annotated[
    Any,
    AfterValidator(_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean", "null", "array"]}),
]


def _kind(names: str, default: str | None = None) -> Callable[[Any], str | None]:
    """Tell texts, which stand for the tag `names`, from mappings, whose tag is their `type`.

    Tags stand in brackets, so that an error's place can be told from them.
    """

    def tag(value: Any) -> str | None:
        if isinstance(value, str):
            return f"<{names}>"
        if isinstance(value, dict):
            return f"<{value.get('type', default)}>"
        kind = getattr(value, "type", None)
        return f"<{kind}>" if isinstance(kind, str) else None

    return tag


# -- how the next page is asked for -------------------------------------------------------------------


class Auto(Shape):
    """Found out from the first answers."""

    type: Literal["auto"]


class SinglePage(Shape):
    """All records come at once."""

    type: Literal["single_page"]


class JsonLink(Shape):
    """The answer holds the address of the next page."""

    type: Literal["json_link", "json_response"]
    next_url_path: Dotted = "next"
    """Where that address stands."""
    is_stable: bool = False
    """Whether the list stays as it is while it is read: the links are then followed to the letter."""
    size_param: Text | None = None
    """The parameter for the number of records of a page; without it none is sent."""


class HeaderLink(Shape):
    """The header `Link` holds the address of the next page (RFC 8288)."""

    type: Literal["header_link"]
    links_next_key: Text = "next"
    """What the link is called, its `rel`."""
    is_stable: bool = False
    """Whether the list stays as it is while it is read: the links are then followed to the letter."""
    size_param: Text | None = None
    """The parameter for the number of records of a page; without it none is sent."""


class HeaderCursor(Shape):
    """A header holds a token, to be sent back as a parameter."""

    type: Literal["header_cursor"]
    cursor_key: Text = "next"
    """The name of the header."""
    cursor_param: Text = "cursor"
    size_param: Text | None = None
    """The parameter for the number of records of a page; without it none is sent."""


class Cursor(Shape):
    """The answer holds a token, to be sent back as a parameter, or in the body of a POST."""

    type: Literal["cursor"]
    cursor_path: Dotted = "cursors.next"
    """Where the token stands."""
    cursor_param: Text | None = None
    """The query parameter for it; "cursor" where neither this nor cursor_body_path is given."""
    cursor_body_path: Dotted | None = None
    """Where it goes in the body, dotted."""
    has_more_path: Dotted | None = None
    """Where the answer says whether there are more pages."""
    stop_after_empty_page: bool = False
    size_param: Text | None = None
    """The parameter for the number of records of a page, in the body where the token is."""


class Offset(Shape):
    """Records are counted."""

    type: Literal["offset"]
    limit: Count
    """Records of a page, at most."""
    offset: Annotated[int, Field(ge=0)] = 0
    """The number of the first record."""
    offset_param: Text | None = None
    """The query parameter for it; "offset" where neither this nor offset_body_path is given."""
    offset_body_path: Dotted | None = None
    limit_param: Text | None = None
    """The query parameter for it; "limit" where neither this nor limit_body_path is given."""
    limit_body_path: Dotted | None = None
    total_path: Dotted | None = None
    """Where the answer says how many records there are; checked against what comes."""
    has_more_path: Dotted | None = None
    maximum_offset: Count | None = None
    """No page is asked for from here on."""
    stop_after_empty_page: bool = True
    short_is_last: bool = False
    """Whether a page shorter than asked for is the last: only where the service is known for that."""
    is_stable: bool = False
    """Whether the list stays as it is while it is read: pages then need not overlap to be sure of that."""


class PageNumber(Shape):
    """Pages are counted."""

    type: Literal["page_number"]
    base_page: Annotated[int, Field(ge=0)] = 0
    """The number of the first page; mind that it is 0 where you say nothing, as in dlt."""
    page: Annotated[int, Field(ge=0)] | None = None
    """The page to begin with; base_page without it."""
    page_param: Text | None = None
    """The query parameter for it; "page" where neither this nor page_body_path is given."""
    page_body_path: Dotted | None = None
    total_path: Dotted | None = None
    """Where the answer says how many pages there are."""
    has_more_path: Dotted | None = None
    maximum_page: Count | None = None
    """No page is asked for from here on."""
    stop_after_empty_page: bool = True
    short_is_last: bool = False
    """Whether a page shorter than asked for is the last: only where the service is known for that."""
    is_stable: bool = False
    """Whether the list stays as it is while it is read: pages then need not overlap to be sure of that."""
    size_param: Text | None = None
    """The parameter for the number of records of a page; without it none is sent."""
    size: Count | None = None
    """Records that the service sends at once, however many are asked for."""


class KeySet(Shape):
    """The next page is asked for by the key of the last record."""

    type: Literal["keyset"]
    param: Text
    """The parameter that takes that key."""
    has_more_path: Dotted | None = None
    short_is_last: bool = False
    """Whether a page shorter than asked for is the last: only where the service is known for that."""
    size_param: Text | None = None
    """The parameter for the number of records of a page; without it none is sent."""


PAGINGS: dict[str, type[Shape]] = {
    "auto": Auto,
    "single_page": SinglePage,
    "json_link": JsonLink,
    "json_response": JsonLink,
    "header_link": HeaderLink,
    "header_cursor": HeaderCursor,
    "cursor": Cursor,
    "page_number": PageNumber,
}
"""Those of which the name is enough."""

PagingName: TypeAlias = Literal[
    "auto",
    "single_page",
    "json_link",
    "json_response",
    "header_link",
    "header_cursor",
    "cursor",
    "page_number",
]

Paging: TypeAlias = Annotated[
    Annotated[PagingName, Tag("<name>")]
    | Annotated[Auto, Tag("<auto>")]
    | Annotated[SinglePage, Tag("<single_page>")]
    | Annotated[JsonLink, Tag("<json_link>")]
    | Annotated[JsonLink, Tag("<json_response>")]
    | Annotated[HeaderLink, Tag("<header_link>")]
    | Annotated[HeaderCursor, Tag("<header_cursor>")]
    | Annotated[Cursor, Tag("<cursor>")]
    | Annotated[Offset, Tag("<offset>")]
    | Annotated[PageNumber, Tag("<page_number>")]
    | Annotated[KeySet, Tag("<keyset>")],
    Discriminator(_kind("name", "auto")),
]


# -- who we are ---------------------------------------------------------------------------------------


class Bearer(Shape):
    """A token in the header Authorization."""

    type: Literal["bearer"] = "bearer"
    token: Text | None = None
    """Without it: the setting access_token, or SPYRO_<NAME>_ACCESS_TOKEN."""


class ApiKey(Shape):
    """A key in a header, or in the query."""

    type: Literal["api_key"]
    name: Text = "Authorization"
    """Of the header or parameter."""
    api_key: Text | None = None
    """Without it: the setting api_key, or SPYRO_<NAME>_API_KEY."""
    location: Literal["header", "query", "param"] = "header"


class Basic(Shape):
    """A user and a password."""

    type: Literal["http_basic"]
    username: Text | None = None
    password: str | None = None
    """Without it: the setting password, or SPYRO_<NAME>_PASSWORD."""


class ClientCredentials(Shape):
    """A token which a program gets for itself (RFC 6749, section 4.4)."""

    type: Literal["oauth2_client_credentials"]
    access_token_url: Text
    client_id: Text | None = None
    client_secret: Text | None = None
    """Without it: the setting client_secret, or SPYRO_<NAME>_CLIENT_SECRET."""
    access_token_request_data: dict[str, Plain] = Field(default_factory=dict)
    """More fields of the form that is posted, such as scope."""


class Header(Shape):
    """A header of your own."""

    type: Literal["header"]
    name: Text
    value: Text | None = None
    """Without it: the setting api_key, or SPYRO_<NAME>_API_KEY."""


AuthName: TypeAlias = Literal["none", "bearer", "api_key", "http_basic"]

Auth: TypeAlias = Annotated[
    Annotated[AuthName, Tag("<name>")]
    | Annotated[Bearer, Tag("<bearer>")]
    | Annotated[ApiKey, Tag("<api_key>")]
    | Annotated[Basic, Tag("<http_basic>")]
    | Annotated[ClientCredentials, Tag("<oauth2_client_credentials>")]
    | Annotated[Header, Tag("<header>")],
    Discriminator(_kind("name", "bearer")),
]


# -- what is asked ------------------------------------------------------------------------------------


class Resolve(Shape):
    """A value of each record of another resource."""

    type: Literal["resolve"]
    resource: Text
    field: Dotted


class Incremental(Shape):
    """Which column grows with each change of a record, and how the service is asked for what changed."""

    type: Literal["incremental"] = "incremental"
    cursor_path: Dotted
    initial_value: str | int | float | None = None
    """What is sent where a fetch has no since."""
    end_value: str | int | float | None = None
    start_param: Text | None = None
    """The parameter that takes since."""
    end_param: Text | None = None
    """The parameter that takes end_value."""
    format: Literal["iso", "date", "seconds", "milliseconds"] | None = None
    """How since is written; without it as initial_value is, or "iso"."""
    range_start: Literal["closed"] = "closed"
    row_order: Literal["asc", "desc"] | None = None
    """Has no effect."""
    allow_external_schedulers: bool = False
    """Has no effect."""


class Since(Shape):
    """How the service is asked for what changed."""

    param: Text | None = None
    """The parameter that takes since."""
    format: Literal["iso", "date", "seconds", "milliseconds"] | None = None
    """How since is written; without it as initial is, or "iso"."""
    initial: str | int | float | None = None
    """What is sent where a fetch has no since."""


def _param(value: Any) -> str:
    if isinstance(value, dict):
        return f"<{value.get('type')}>"
    return f"<{value.type}>" if isinstance(value, Resolve | Incremental) else "<value>"


Param: TypeAlias = Annotated[
    Annotated[Resolve, Tag("<resolve>")]
    | Annotated[Incremental, Tag("<incremental>")]
    | Annotated[Plain, Tag("<value>")],
    Discriminator(_param),
]


class Action(Shape):
    """What an answer that is not good means."""

    status_code: Annotated[int, Field(ge=300, le=599)] | None = None
    """Which status; any but 2xx without it."""
    content: Text | None = None
    """A text that stands in the body."""
    action: Literal["ignore"]
    """There are no records, and that is no error."""


def _str_or(value: Any) -> str:
    return "<text>" if isinstance(value, str) else "<object>"


TEXT_OR_OBJECT = Discriminator(_str_or)
"""A text, or an object; what is neither is taken for a bad object."""


class Hint(Shape):
    """A column as dlt describes one."""

    name: Text | None = None
    data_type: Text | None = None
    precision: Count | None = None
    scale: Annotated[int, Field(ge=0)] | None = None
    timezone: bool = True
    nullable: bool = True
    """Has no effect."""
    description: str | None = None
    """Has no effect."""
    primary_key: bool = False
    """Has no effect: write primary_key beside the columns."""
    unique: bool = False
    """Has no effect."""


ColumnHint: TypeAlias = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[Hint, Tag("<object>")], TEXT_OR_OBJECT
]
"""A type, or a hint."""


def _columns(value: Any) -> str:
    return "<list>" if isinstance(value, list) else "<object>"


Columns: TypeAlias = Annotated[
    Annotated[dict[str, ColumnHint], Tag("<object>")] | Annotated[list[Hint], Tag("<list>")],
    Discriminator(_columns),
]


class Endpoint(Shape):
    """What is asked for a resource."""

    path: Text | None = None
    """Below base_url; the resource's name without it."""
    method: Literal["GET", "POST", "get", "post"] = "GET"
    params: dict[str, Param] | None = None
    """Query parameters."""
    json_: dict[str, Any] | None = Field(None, alias="json")
    """The body of a POST."""
    headers: dict[str, str] | None = None
    paginator: Paging | None = None
    data_selector: Dotted | None = None
    """Where the list of records stands in an answer."""
    incremental: Incremental | None = None
    response_actions: list[Action] | None = None


PathOrEndpoint: TypeAlias = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[Endpoint, Tag("<object>")], TEXT_OR_OBJECT
]
"""A path, or all that is asked."""


def _name_or_list(value: Any) -> str:
    return "<list>" if isinstance(value, list) else "<text>"


Keys: TypeAlias = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[list[Text], Tag("<list>")], Discriminator(_name_or_list)
]


class Defaults(Shape):
    """What holds for every resource that does not say otherwise."""

    primary_key: Keys | None = None
    endpoint: PathOrEndpoint | None = None
    include_from_parent: list[Text] | None = None
    """Columns of the parent's record which each record is given, as `_<parent>_<column>`."""
    columns: Columns | None = None
    nested: Literal["struct", "flatten"] | None = None
    """What becomes of objects: one column of structs, or a column for each field, `user_login`."""
    children: dict[str, Dotted] | None = None
    """Entities made of lists in the records: their names, and the columns that hold the lists."""
    label: str | None = None
    """What people call it."""
    write_disposition: Any = None
    """Has no effect: it is about a destination. So have those that follow."""
    table_name: Any = None
    table_format: Any = None
    file_format: Any = None
    merge_key: Any = None
    schema_contract: Any = None
    max_table_nesting: Any = None
    nested_hints: Any = None
    references: Any = None
    selected: Any = None
    parallelized: Any = None


class Resource(Defaults):
    """One kind of record."""

    name: Text


class Client(Shape):
    """Where the service is, and who we are there."""

    base_url: Text | None = None
    headers: dict[str, str] | None = None
    auth: Auth | None = None
    paginator: Paging | None = None


ParamOrSince: TypeAlias = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[Since, Tag("<object>")], TEXT_OR_OBJECT
]
"""A parameter, or all about it."""


class Entity(Shape):
    """One kind of record."""

    path: Text | None = None
    """Below base_url; the entity's name without it."""
    records: Dotted | None = None
    """Where the list of records stands in an answer; "$" where the answer is that list."""
    single: bool = False
    """Whether an answer is one record, and no list."""
    key: Keys | None = None
    """The column that tells one record from another."""
    total: Dotted | None = None
    """Where the answer says how many records there are."""
    paging: Paging | None = None
    cursor: Dotted | None = None
    """The column that grows with each change of a record."""
    since: ParamOrSince | None = None
    """The parameter by which the service is asked for what changed."""
    method: Literal["GET", "POST", "get", "post"] = "GET"
    params: dict[str, Plain] | None = None
    """Query parameters."""
    body: dict[str, Any] | None = None
    """The JSON of a POST."""
    headers: dict[str, str] | None = None
    include: list[Text] | None = None
    """Columns of the parent's record which each record is given, as `_<parent>_<column>`."""
    ignore: list[Annotated[int, Field(ge=300, le=599)]] | None = None
    """Statuses that mean that there are no records, such as 404."""
    columns: Columns | None = None
    """The types of columns that are known."""
    nested: Literal["struct", "flatten"] | None = None
    """What becomes of objects: one column of structs, or a column for each field, `user_login`."""
    children: dict[str, Dotted] | None = None
    """Entities made of lists in the records: their names, and the columns that hold the lists."""
    label: str | None = None
    """What people call it."""


class Settings(Shape):
    """How hard to try; see the settings of `connect`."""

    rate_limit: float | None = None
    burst_size: int | None = None
    retry_count: int | None = None
    retry_delay: float | None = None
    max_delay: float | None = None
    max_wait: float | None = None
    retry_budget: int | None = None
    timeout: float | None = None
    deadline: float | None = None
    page_size: int | None = None
    pool_size: int | None = None
    concurrency: int | None = None
    verify_ssl: Annotated[Any, WithJsonSchema({"type": ["boolean", "string"]})] = None
    allow_http: bool | None = None


PathOrEntity: TypeAlias = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[Entity, Tag("<object>")], TEXT_OR_OBJECT
]
"""A path, or all about an entity."""

NameOrResource: TypeAlias = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[Resource, Tag("<object>")], TEXT_OR_OBJECT
]
"""A name, which is the path too, or all about a resource."""


class Declaration(Shape):
    """A REST API: where it is, who we are there, and what it offers."""

    schema_: str | None = Field(None, alias="$schema")
    """For editors."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")] | None = None
    """What the connector is called; without it, the name of the file."""
    base_url: Text | None = None
    headers: dict[str, str] | None = None
    auth: Auth | None = None
    paging: Paging | None = None
    """For each entity that does not say otherwise."""
    settings: Settings | None = None
    entities: dict[Annotated[str, AfterValidator(_some)], PathOrEntity] | None = None
    client: Client | None = None
    resource_defaults: Defaults | None = None
    resources: list[NameOrResource] | None = None


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a declaration, by which editors complete and check what is typed."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Declaration.model_json_schema(by_alias=True),
    }
