"""Answers in the shapes of well-known services, in memory: what each sends, takes, ignores and refuses."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from spyro_sdk.connectors.declared.detect import Found, Seen, Told, detected
from spyro_sdk.errors import DataFetchError
from spyro_sdk.http import Request
from spyro_sdk.paging import Answer, dig

URL = "https://acme.example/v1/things"
Rows = list[dict[str, Any]]
Params = dict[str, str]
NOTHING = Told()


@dataclass(frozen=True)
class Call:
    """What a service is asked."""

    params: Params
    body: dict[str, Any]

    def number(self, name: str, default: int, most: int = 100) -> int:
        """A number among the parameters; refused where it is none."""
        try:
            return min(int(self.params.get(name, default)), most)
        except ValueError:
            raise refused(400) from None

    def allow(self, *names: str) -> None:
        """Refuse all other parameters."""
        if unknown := {*self.params, *self.body} - {*names}:
            raise refused(400, f"unknown: {unknown}")


Reply = Any | tuple[Any, Mapping[str, str]]


@dataclass
class Service:
    """One address of a service, which counts how often it is asked."""

    answer: Callable[[Call], Reply]
    entity: str = "things"
    request: Request = field(default_factory=lambda: Request(URL))
    asks: list[str] = field(default_factory=list)

    async def ask(self, request: Request) -> Seen:
        self.asks.append(request.address)
        params = dict(parse_qsl(urlsplit(request.address).query, keep_blank_values=True))
        reply = self.answer(Call(params, json.loads(request.body or b"{}")))
        payload, headers = reply if isinstance(reply, tuple) else (reply, {})
        return Seen(request, json.loads(json.dumps(payload)), headers, 100)

    async def detected(self, told: Told = NOTHING) -> Found:
        seen = await self.ask(self.request)
        self.asks.clear()
        return await detected(self.entity, seen, told, self.ask)

    async def walked(self, found: Found, size: int = 40) -> Rows:
        """The records that a fetch by what was found gets."""
        rows: Rows = []
        asked: Request | None = found.paging.first(self.request, size)
        for _ in range(200):
            if asked is None:
                return rows
            seen = await self.ask(asked)
            page = dig(seen.payload, found.records)
            rows += page
            last = page[-1].get(found.key) if page and found.key else None
            asked = found.paging.next(asked, Answer(seen.payload, len(page), seen.headers, last))
        raise AssertionError("it never ends")


def refused(status: int, words: str = "no") -> DataFetchError:
    return DataFetchError(f"acme answered {status}: {words}", status=status)


def made(count: int, **more: Callable[[int], Any]) -> Rows:
    """Records with an id, and more columns."""
    return [
        {"id": number + 1, "state": "open", **{name: make(number) for name, make in more.items()}}
        for number in range(count)
    ]


def link(**params: Any) -> str:
    return f"{URL}?{urlencode(params)}"


def token(number: int) -> str:
    return base64.urlsafe_b64encode(b"cursor:%d" % number).decode()


def number_in(text: Any) -> int:
    """What stands in a token; refused where it is none."""
    try:
        return int(base64.urlsafe_b64decode(str(text)).removeprefix(b"cursor:"))
    except ValueError:
        raise refused(400, "no such cursor") from None


def behind(rows: Rows, key: Any, column: str = "id") -> int:
    """Where the records behind one begin."""
    keys = [str(row[column]) for row in rows]
    if key is None:
        return 0
    if str(key) not in keys:
        raise refused(404)
    return keys.index(str(key)) + 1


# -- by the header Link -----------------------------------------------------------------------------------


def github(rows: Rows) -> Service:
    """Unknown parameters are ignored; the links repeat what was asked."""

    def answer(call: Call) -> Reply:
        size, page = call.number("per_page", 30), call.number("page", 1, 1000)
        headers = {
            "x-ratelimit-limit": "5000",
            "x-ratelimit-remaining": "4999",
            "x-ratelimit-reset": "1700000000",
        }
        if page * size < len(rows):
            asked = {"per_page": size} if "per_page" in call.params else {}
            last = link(**asked, page=-(-len(rows) // size))
            headers["link"] = f'<{link(**asked, page=page + 1)}>; rel="next", <{last}>; rel="last"'
        return rows[(page - 1) * size : page * size], headers

    return Service(answer, "issues")


def wordpress(rows: Rows) -> Service:
    """A page beyond the last is refused."""

    def answer(call: Call) -> Reply:
        size, page = call.number("per_page", 10), call.number("page", 1, 1000)
        if (page - 1) * size >= max(1, len(rows)):
            raise refused(400, "rest_post_invalid_page_number")
        headers = {"x-wp-total": str(len(rows)), "x-wp-totalpages": str(-(-len(rows) // size))}
        if page * size < len(rows):
            headers["link"] = f'<{link(**{**call.params, "page": page + 1})}>; rel="next"'
        return rows[(page - 1) * size : page * size], headers

    return Service(answer, "posts")


def shopify(rows: Rows) -> Service:
    """With page_info nothing but limit may be given."""

    def answer(call: Call) -> Reply:
        call.allow("limit", "page_info", "fields")
        size, start = call.number("limit", 50, 250), number_in(call.params.get("page_info", token(0)))
        headers = {"x-shopify-shop-api-call-limit": "1/40"}
        if start + size < len(rows):
            headers["link"] = f'<{link(limit=size, page_info=token(start + size))}>; rel="next"'
        return {"products": rows[start : start + size]}, headers

    return Service(answer, "products")


# -- by a link in the answer ------------------------------------------------------------------------------


def pokeapi(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        size, start = call.number("limit", 20), call.number("offset", 0, 10**6)
        more = link(offset=start + size, limit=size) if start + size < len(rows) else None
        return {"count": len(rows), "next": more, "previous": None, "results": rows[start : start + size]}

    return Service(answer, "pokemon")


def django(rows: Rows) -> Service:
    """Pages have the size that the service gives; one beyond the last is not found."""

    def answer(call: Call) -> Reply:
        page = call.number("page", 1, 1000)
        if (page - 1) * 25 >= max(1, len(rows)):
            raise refused(404, "Invalid page.")
        more = link(page=page + 1) if page * 25 < len(rows) else None
        return {
            "count": len(rows),
            "next": more,
            "previous": None,
            "results": rows[(page - 1) * 25 : page * 25],
        }

    return Service(answer, "planets")


def rick(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        page = call.number("page", 1, 1000)
        more = link(page=page + 1) if page * 20 < len(rows) else None
        info = {"count": len(rows), "pages": -(-len(rows) // 20), "next": more, "prev": None}
        return {"info": info, "results": rows[(page - 1) * 20 : page * 20]}

    return Service(answer, "character")


def laravel(rows: Rows) -> Service:
    """The link forgets how many records were asked for."""

    def answer(call: Call) -> Reply:
        size, page = call.number("per_page", 15), call.number("page", 1, 1000)
        pages = -(-len(rows) // size)
        return {
            "current_page": page,
            "data": rows[(page - 1) * size : page * size],
            "first_page_url": link(page=1),
            "from": (page - 1) * size + 1,
            "last_page": pages,
            "last_page_url": link(page=pages),
            "links": [{"url": link(page=1), "label": "1", "active": page == 1}],
            "next_page_url": link(page=page + 1) if page < pages else None,
            "path": URL,
            "per_page": size,
            "prev_page_url": None,
            "to": page * size,
            "total": len(rows),
        }

    return Service(answer, "orders")


def forgetful(rows: Rows) -> Service:
    """The link forgets how many records were asked for, and nothing else says how to go on."""

    def answer(call: Call) -> Reply:
        size, part = call.number("limit", 15), call.number("part", 1, 1000)
        more = link(part=part + 1) if part * size < len(rows) else None
        return {"entries": rows[(part - 1) * size : part * size], "next_url": more}

    return Service(answer)


def twilio(rows: Rows) -> Service:
    """The link is relative to the host."""

    def answer(call: Call) -> Reply:
        size, page = call.number("PageSize", 50, 1000), call.number("Page", 0, 1000)
        end = (page + 1) * size
        more = f"/v1/things?{urlencode({'PageSize': size, 'Page': page + 1, 'PageToken': 'PA' + str(end)})}"
        return {
            "first_page_uri": f"/v1/things?PageSize={size}&Page=0",
            "end": end - 1,
            "previous_page_uri": None,
            "messages": rows[page * size : end],
            "uri": "/v1/things",
            "page_size": size,
            "start": page * size,
            "next_page_uri": more if end < len(rows) else None,
            "page": page,
        }

    return Service(answer, "messages")


def asana(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        size, start = call.number("limit", 20), number_in(call.params.get("offset", token(0)))
        if start + size >= len(rows):
            return {"data": rows[start:], "next_page": None}
        offset = token(start + size)
        more = {
            "offset": offset,
            "path": f"/things?limit={size}&offset={offset}",
            "uri": link(limit=size, offset=offset),
        }
        return {"data": rows[start : start + size], "next_page": more}

    return Service(answer, "tasks")


def odata(rows: Rows) -> Service:
    """$top is the size of the whole answer, after which there is no link."""

    def answer(call: Call) -> Reply:
        skip, top = call.number("$skiptoken", 0, 10**6), call.number("$top", 10**6, 10**6)
        size = min(40, top)
        payload = {
            "@odata.context": "https://acme.example/$metadata#things",
            "value": rows[skip : skip + size],
        }
        if skip + size < min(len(rows), top):
            payload["@odata.nextLink"] = f"{URL}?%24skiptoken={skip + size}"
        return payload

    return Service(answer, "Products")


def jsonapi(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        size, page = call.number("page[size]", 10), call.number("page[number]", 1, 1000)
        links = {"self": link(**{"page[number]": page, "page[size]": size})}
        if page * size < len(rows):
            links["next"] = link(**{"page[number]": page + 1, "page[size]": size})
        data = [{"type": "articles", "id": str(row["id"]), "attributes": row} for row in rows]
        return {
            "jsonapi": {"version": "1.1"},
            "data": data[(page - 1) * size : page * size],
            "included": [{"type": "people", "id": "9", "attributes": {}}],
            "links": links,
            "meta": {"total": len(rows)},
        }

    return Service(answer, "articles")


def salesforce(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        start = call.number("locator", 0, 10**6)
        records = [{"Id": f"001{row['id']:06}", "Name": "x"} for row in rows[start : start + 50]]
        payload: dict[str, Any] = {
            "totalSize": len(rows),
            "done": start + 50 >= len(rows),
            "records": records,
        }
        if not payload["done"]:
            payload["nextRecordsUrl"] = f"/v1/things?locator={start + 50}"
        return payload

    return Service(answer, "Account")


def hubspot(rows: Rows) -> Service:
    """There is nothing about paging at all on the last page."""

    def answer(call: Call) -> Reply:
        size, start = call.number("limit", 10), call.number("after", 0, 10**6)
        records = [{"id": str(row["id"]), "properties": row} for row in rows[start : start + size]]
        if start + size >= len(rows):
            return {"results": records}
        after = str(start + size)
        return {
            "results": records,
            "paging": {"next": {"after": after, "link": link(limit=size, after=after)}},
        }

    return Service(answer, "contacts")


def bitbucket(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        size, page = call.number("pagelen", 10), call.number("page", 1, 1000)
        payload = {
            "pagelen": size,
            "values": rows[(page - 1) * size : page * size],
            "page": page,
            "size": len(rows),
        }
        return payload | ({"next": link(pagelen=size, page=page + 1)} if page * size < len(rows) else {})

    return Service(answer, "repositories")


def discourse(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        page = call.number("page", 0, 1000)
        topics = {"per_page": 30, "topics": rows[page * 30 : (page + 1) * 30]}
        more = {"more_topics_url": f"/v1/things?page={page + 1}"} if (page + 1) * 30 < len(rows) else {}
        return {"users": [{"id": 1}], "topic_list": more | topics}

    return Service(answer, "topics")


# -- by a cursor --------------------------------------------------------------------------------------------


def zendesk(rows: Rows) -> Service:
    """The flag says which page is the last one; there the cursor is still given."""

    def answer(call: Call) -> Reply:
        size, start = call.number("page[size]", 50), number_in(call.params.get("page[after]", token(0)))
        end = start + size
        more = link(**{"page[after]": token(end), "page[size]": size})
        return {
            "tickets": rows[start:end],
            "users": [{"id": 1}, {"id": 2}],
            "meta": {"has_more": end < len(rows), "after_cursor": token(end), "before_cursor": token(start)},
            "links": {"prev": None, "next": more},
        }

    return Service(answer, "tickets")


def slack(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        size, start = call.number("limit", 20), number_in(call.params.get("cursor") or token(0))
        more = token(start + size) if start + size < len(rows) else ""
        return {
            "ok": True,
            "channels": rows[start : start + size],
            "response_metadata": {"next_cursor": more},
        }

    return Service(answer, "channels")


def notion(rows: Rows) -> Service:
    """Parameters are in the body of a POST, and unknown ones are refused."""

    def answer(call: Call) -> Reply:
        call.allow("filter", "page_size", "start_cursor")
        size = min(int(call.body.get("page_size", 100)), 100)
        start = number_in(call.body.get("start_cursor", token(0)))
        more = start + size < len(rows)
        return {
            "object": "list",
            "results": [{"object": "page", "id": f"{row['id']:032x}"} for row in rows[start : start + size]],
            "next_cursor": token(start + size) if more else None,
            "has_more": more,
        }

    return Service(answer, "pages", Request(URL, "POST", body=b'{"filter": {}}'))


def jira(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        size, start = call.number("maxResults", 50), number_in(call.params.get("nextPageToken", token(0)))
        issues = [
            {"id": str(row["id"]), "key": f"A-{row['id']}", "fields": {}}
            for row in rows[start : start + size]
        ]
        more = {"nextPageToken": token(start + size)} if start + size < len(rows) else {}
        return {"issues": issues, **more, "isLast": not more}

    return Service(answer, "issues")


def youtube(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        call.allow("maxResults", "pageToken", "part")
        size, start = call.number("maxResults", 5, 50), number_in(call.params.get("pageToken", token(0)))
        more = {"nextPageToken": token(start + size)} if start + size < len(rows) else {}
        return {
            "kind": "youtube#playlistItemListResponse",
            "etag": "e",
            **more,
            "items": [
                {"kind": "youtube#item", "etag": "e", "id": f"UE{row['id']}"}
                for row in rows[start : start + size]
            ],
            "pageInfo": {"totalResults": len(rows), "resultsPerPage": size},
        }

    return Service(answer, "playlistItems")


def twitter(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        size, start = call.number("max_results", 10), number_in(call.params.get("pagination_token", token(0)))
        page = [{"id": str(row["id"]), "text": "x"} for row in rows[start : start + size]]
        more = {"next_token": token(start + size)} if start + size < len(rows) else {}
        return {
            "data": page,
            "includes": {"users": [{"id": "1"}]},
            "meta": {"result_count": len(page), **more},
        }

    return Service(answer, "tweets")


def airtable(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        size, start = call.number("pageSize", 100), number_in(call.params.get("offset", token(0)))
        page = [
            {"id": f"rec{row['id']}", "createdTime": "2026-01-01T00:00:00Z", "fields": row} for row in rows
        ]
        more = {"offset": token(start + size)} if start + size < len(rows) else {}
        return {"records": page[start : start + size], **more}

    return Service(answer, "Customers")


def intercom(rows: Rows) -> Service:
    """The number of the page is told, and ignored where it is asked for."""

    def answer(call: Call) -> Reply:
        size, start = call.number("per_page", 15), number_in(call.params.get("starting_after", token(0)))
        page, end = start // size + 1, start + size
        more = {"next": {"page": page + 1, "starting_after": token(end)}} if end < len(rows) else {}
        pages = {
            "type": "pages",
            **more,
            "page": page,
            "per_page": size,
            "total_pages": -(-len(rows) // size),
        }
        return {"type": "list", "data": rows[start:end], "total_count": len(rows), "pages": pages}

    return Service(answer, "contacts")


def reddit(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        size = call.number("limit", 25)
        start = int(call.params.get("after", "t3_0").removeprefix("t3_"))
        page = [{"kind": "t3", "data": row} for row in rows[start : start + size]]
        after = f"t3_{start + size}" if start + size < len(rows) else None
        return {
            "kind": "Listing",
            "data": {"after": after, "dist": len(page), "children": page, "before": None},
        }

    return Service(answer, "posts")


GRAPH = """query($first: Int, $cursor: String) {
  repository { issues(first: $first, after: $cursor) { nodes { id } } }
}"""


def graphql(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        variables = call.body.get("variables", {})
        size, start = variables.get("first") or 30, number_in(variables.get("cursor") or token(0))
        more = start + size < len(rows)
        info = {"endCursor": token(start + size) if more else token(len(rows)), "hasNextPage": more}
        page = rows[start : start + size]
        edges = [{"cursor": token(start + place), "node": row} for place, row in enumerate(page)]
        return {"data": {"repository": {"issues": {"nodes": page, "edges": edges, "pageInfo": info}}}}

    return Service(answer, "issues", Request(URL, "POST", body=json.dumps({"query": GRAPH}).encode()))


# -- by numbers ---------------------------------------------------------------------------------------------


def old_jira(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        size, start = call.number("maxResults", 50), call.number("startAt", 0, 10**6)
        return {
            "startAt": start,
            "maxResults": size,
            "total": len(rows),
            "issues": rows[start : start + size],
        }

    return Service(answer, "issues")


def spotify(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        size, start = call.number("limit", 20, 50), call.number("offset", 0, 10**6)
        more = link(offset=start + size, limit=size) if start + size < len(rows) else None
        page = {"href": link(offset=start, limit=size), "items": rows[start : start + size], "limit": size}
        return {"albums": page | {"next": more, "offset": start, "previous": None, "total": len(rows)}}

    return Service(answer, "albums")


def bitbucket_server(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        size, start = call.number("limit", 25), call.number("start", 0, 10**6)
        page, is_last = rows[start : start + size], start + size >= len(rows)
        more = {} if is_last else {"nextPageStart": start + size}
        return {
            "size": len(page),
            "limit": size,
            "isLastPage": is_last,
            "values": page,
            "start": start,
            **more,
        }

    return Service(answer, "repos")


def scim(rows: Rows) -> Service:
    """Records are counted from 1."""

    def answer(call: Call) -> Reply:
        size, start = call.number("count", 20), call.number("startIndex", 1, 10**6)
        page = rows[start - 1 : start - 1 + size]
        about = {"totalResults": len(rows), "itemsPerPage": len(page), "startIndex": start}
        return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], **about, "Resources": page}

    return Service(answer, "Users")


def elastic(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        call.allow("from", "size", "q")
        size, start = call.number("size", 10, 10_000), call.number("from", 0, 10_000)
        hits = [{"_index": "things", "_id": str(row["id"]), "_score": 1.0, "_source": row} for row in rows]
        return {
            "took": 3,
            "timed_out": False,
            "_shards": {"total": 50, "successful": 50, "skipped": 0, "failed": 0},
            "hits": {
                "total": {"value": len(rows), "relation": "eq"},
                "max_score": 1.0,
                "hits": hits[start : start + size],
            },
        }

    return Service(answer, "documents")


def mailchimp(rows: Rows) -> Service:
    """The size is called count, which nobody would guess."""

    def answer(call: Call) -> Reply:
        size, start = call.number("count", 10, 1000), call.number("offset", 0, 10**6)
        links = [{"rel": "self", "href": URL, "method": "GET"}]
        return {"lists": rows[start : start + size], "total_items": len(rows), "_links": links}

    return Service(answer, "lists")


def tmdb(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        page = call.number("page", 1, 500)
        about = {"total_pages": -(-len(rows) // 20), "total_results": len(rows)}
        return {"page": page, "results": rows[(page - 1) * 20 : page * 20], **about}

    return Service(answer, "movies")


def spring(rows: Rows) -> Service:
    """Pages are counted from 0."""

    def answer(call: Call) -> Reply:
        size, page = call.number("size", 20), call.number("page", 0, 1000)
        pages, content = -(-len(rows) // size), rows[page * size : (page + 1) * size]
        pageable = {
            "pageNumber": page,
            "pageSize": size,
            "offset": page * size,
            "paged": True,
            "unpaged": False,
        }
        return {
            "content": content,
            "pageable": pageable | {"sort": {"sorted": False, "unsorted": True, "empty": True}},
            "last": page + 1 >= pages,
            "totalElements": len(rows),
            "totalPages": pages,
            "size": size,
            "number": page,
            "first": page == 0,
            "numberOfElements": len(content),
            "empty": not content,
        }

    return Service(answer, "employees")


def hal(rows: Rows) -> Service:
    def answer(call: Call) -> Reply:
        size, page = call.number("size", 20), call.number("page", 0, 1000)
        pages = -(-len(rows) // size)
        links = {"self": {"href": URL}}
        if page + 1 < pages:
            links["next"] = {"href": link(page=page + 1, size=size)}
        about = {"size": size, "totalElements": len(rows), "totalPages": pages, "number": page}
        return {
            "_embedded": {"orderList": rows[page * size : (page + 1) * size]},
            "_links": links,
            "page": about,
        }

    return Service(answer, "purchases")


def plain_pages(
    rows: Rows, *, start: int = 1, size: str | None = "per_page", is_strict: bool = False
) -> Service:
    """A bare list; the page is asked for by its number."""

    def answer(call: Call) -> Reply:
        if is_strict:
            call.allow("page", *([size] if size else []))
        length = call.number(size, 20) if size else 20
        place = call.number("page", start, 1000) - start
        return rows[place * length : (place + 1) * length] if place >= 0 else rows[:length]

    return Service(answer)


def plain_offsets(rows: Rows) -> Service:
    """A bare list; unknown parameters are refused."""

    def answer(call: Call) -> Reply:
        call.allow("limit", "offset")
        start, size = call.number("offset", 0, 10**6), call.number("limit", 50)
        return rows[start : start + size]

    return Service(answer)


# -- by the last key ----------------------------------------------------------------------------------------


def stripe(rows: Rows) -> Service:
    """Unknown parameters are refused."""

    def answer(call: Call) -> Reply:
        call.allow("limit", "starting_after", "ending_before")
        records = [
            {"id": f"in_{row['id']:04}", "object": "invoice", "lines": {"data": [row]}} for row in rows
        ]
        size, start = call.number("limit", 10), behind(records, call.params.get("starting_after"))
        page = records[start : start + size]
        return {"object": "list", "data": page, "has_more": start + size < len(rows), "url": "/v1/invoices"}

    return Service(answer, "invoices")


def discord(rows: Rows) -> Service:
    """A bare list; the next page is asked for by the last record's id."""

    def answer(call: Call) -> Reply:
        start, size = behind(rows, call.params.get("after")), call.number("limit", 100, 200)
        return rows[start : start + size], {"x-ratelimit-limit": "5", "x-ratelimit-remaining": "4"}

    return Service(answer, "guilds")


# -- nothing to go by ---------------------------------------------------------------------------------------


def everything(rows: Sequence[Any], under: str | None = None) -> Service:
    """All records at once, whatever is asked for."""
    return Service(lambda call: rows if under is None else {under: rows})


def always(payload: Any, entity: str = "things", **headers: str) -> Service:
    """One answer, whatever is asked for."""
    return Service(lambda call: (payload, headers), entity)
