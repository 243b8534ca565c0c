"""Configurations in the shapes of dlt's rest_api source, run as they stand."""

from __future__ import annotations

from typing import Any

import pytest

import spyro_sdk as spyro

from .api import Answer, Asked, api, not_found, rows

FAST = {"rate_limit": 60_000, "retry_count": 0, "progress": False}


def connected(config: dict[str, Any], **settings: Any) -> spyro.Connection:
    return spyro.connect("rest", **config, **FAST, **settings)


# links in the body, one record by its name


def creatures(asked: Asked) -> Any:
    names = [f"creature-{n}" for n in range(25)]
    kind, _, name = asked.path.removeprefix("/api/v2/").partition("/")
    if name:
        return {"id": names.index(name), "name": name, "stats": {"hp": 10}}
    if kind != "creature":
        return not_found(asked)
    offset, limit = int(asked.get("offset", 0)), int(asked.get("limit", 20))
    following = f"http://{asked.headers['host']}/api/v2/creature?offset={offset + limit}&limit={limit}"
    return {
        "count": len(names),
        "next": following if offset + limit < len(names) else None,
        "results": [{"name": it} for it in names[offset : offset + limit]],
    }


def test_links_in_the_body_and_the_details_of_each() -> None:
    with api(creatures) as service:
        config = {
            "client": {"base_url": f"{service.url}/api/v2/", "paginator": "json_link"},
            "resource_defaults": {
                "endpoint": {"params": {"limit": 10}, "data_selector": "results"},
                "write_disposition": "replace",
            },
            "resources": [
                {"name": "creature", "primary_key": "name", "endpoint": {"path": "creature"}},
                {
                    "name": "details",
                    "primary_key": "id",
                    "endpoint": {
                        "path": "creature/{resources.creature.name}",
                        "data_selector": "$",
                        "paginator": "single_page",
                    },
                    "include_from_parent": ["name"],
                },
            ],
        }
        with connected(config) as connection:
            assert connection.fetch("creature").to_arrow()["name"].to_pylist() == [
                f"creature-{n}" for n in range(25)
            ]
            details = connection.fetch("details").to_arrow()
        assert sorted(details["id"].to_pylist()) == list(range(25))
        assert details["_creature_name"].to_pylist() == details["name"].to_pylist()
        assert details["stats"].to_pylist() == [{"hp": 10}] * 25


# a Link header, parents and children by resolve, since


def forge(asked: Asked) -> Any:
    if asked.headers.get("authorization") != "Bearer t0ken":
        return Answer({"message": "Bad credentials"}, 401)
    assert asked.headers["accept"] == "application/vnd.forge+json"
    issues = [
        {
            "number": n,
            "title": f"issue {n}",
            "updated_at": f"2026-01-{n:02}T00:00:00Z",
            "user": {"login": "ana"},
        }
        for n in range(1, 8)
    ]
    head, _, tail = asked.path.partition("/issues")
    if head != "/repos/acme/shop":
        return not_found(asked)
    if tail:
        number = int(tail.split("/")[1])
        assert asked.get("sort") == "created"
        return [{"id": 100 * number + n, "body": "hi"} for n in range(number % 3)]
    found = [issue for issue in issues if str(issue["updated_at"]) >= asked.get("since", "")]
    page, size = int(asked.get("page", 1)), int(asked.get("per_page", 30))
    link = f'<http://{asked.headers["host"]}{asked.path}?page={page + 1}&per_page={size}>; rel="next"'
    headers = {"Link": link} if page * size < len(found) else {}
    return Answer(found[size * (page - 1) : size * page], headers=headers)


@pytest.fixture
def forge_config() -> dict[str, Any]:
    return {
        "client": {
            "base_url": "https://set.by.the.test",
            "headers": {"Accept": "application/vnd.forge+json"},
            "auth": {"type": "bearer", "token": "t0ken"},
            "paginator": "header_link",
        },
        "resource_defaults": {
            "primary_key": "id",
            "write_disposition": "merge",
            "endpoint": {"params": {"per_page": 3}, "data_selector": "$"},
        },
        "resources": [
            {
                "name": "issues",
                "primary_key": "number",
                "endpoint": {
                    "path": "repos/{owner}/shop/issues",
                    "params": {
                        "owner": "acme",
                        "since": {
                            "type": "incremental",
                            "cursor_path": "updated_at",
                            "initial_value": "2026-01-01T00:00:00Z",
                        },
                    },
                },
            },
            {
                "name": "comments",
                "include_from_parent": ["number", "title"],
                "endpoint": {
                    "path": "repos/acme/shop/issues/{number}/comments",
                    "params": {
                        "number": {"type": "resolve", "resource": "issues", "field": "number"},
                        "sort": "created",
                    },
                    "response_actions": [{"status_code": 404, "action": "ignore"}],
                },
            },
        ],
    }


def test_a_link_header_and_children_by_resolve(forge_config: dict[str, Any]) -> None:
    with api(forge) as service:
        forge_config["client"]["base_url"] = service.url
        with connected(forge_config) as connection:
            issues = connection.fetch("issues").to_arrow()
            assert issues["number"].to_pylist() == list(range(1, 8))
            assert service.asked[0].get("since") == "2026-01-01T00:00:00Z"
            comments = connection.fetch("comments").to_arrow().sort_by("id")
        assert comments["id"].to_pylist() == [100, 200, 201, 400, 500, 501, 700]
        assert comments["_issues_number"].to_pylist() == [1, 2, 2, 4, 5, 5, 7]
        assert comments["_issues_title"][0].as_py() == "issue 1"


def test_since_is_sent_and_held_to(forge_config: dict[str, Any]) -> None:
    with api(forge) as service:
        forge_config["client"]["base_url"] = service.url
        with connected(forge_config) as connection:
            issues = connection.fetch("issues", since="2026-01-05T00:00:00Z").to_arrow()
        assert issues["number"].to_pylist() == [5, 6, 7]
        assert service.asked[-1].get("since") == "2026-01-05T00:00:00Z"
        assert len(service.asked) < 5


# a search by POST, the cursor in the body


def search(asked: Asked) -> Any:
    assert asked.method == "POST"
    assert asked.body["filter"] == {"kind": "order", "from": "2026-01-03"}
    start = int(asked.body.get("paging", {}).get("token", 0))
    found = rows(9)[2:]
    return {
        "data": {"items": found[start : start + 3]},
        "paging": {"token": str(start + 3) if start + 3 < len(found) else None},
    }


def test_a_search_by_post_with_the_cursor_in_the_body() -> None:
    with api(search) as service:
        config = {
            "client": {"base_url": service.url},
            "resources": [
                {
                    "name": "orders",
                    "primary_key": "id",
                    "endpoint": {
                        "path": "search",
                        "method": "POST",
                        "json": {"filter": {"kind": "order", "from": "{incremental.start_value}"}},
                        "data_selector": "data.items",
                        "paginator": {
                            "type": "cursor",
                            "cursor_path": "paging.token",
                            "cursor_body_path": "paging.token",
                        },
                        "incremental": {"cursor_path": "updated_at", "initial_value": "2026-01-03"},
                    },
                }
            ],
        }
        with connected(config) as connection:
            assert connection.fetch("orders").to_arrow()["id"].to_pylist() == list(range(3, 10))
        assert "paging" not in service.asked[0].body


# posts and comments, nothing but names


def blog(asked: Asked) -> Any:
    posts = [{"id": n, "title": f"post {n}"} for n in (1, 2, 3)]
    if asked.path == "/posts":
        return posts
    if asked.path == "/posts/3/comments":
        return Answer({}, 404)
    _, _, post, _ = asked.path.split("/")
    return [{"id": 10 * int(post) + n, "text": "…"} for n in range(2)]


def test_names_alone_will_do_for_bare_lists() -> None:
    with api(blog) as service:
        config = {
            "client": {"base_url": service.url},
            "resources": [
                "posts",
                {
                    "name": "comments",
                    "endpoint": {
                        "path": "posts/{resources.posts.id}/comments",
                        "response_actions": [{"status_code": 404, "action": "ignore"}],
                    },
                    "include_from_parent": ["id"],
                },
            ],
        }
        with connected(config) as connection:
            assert connection.entities().names == ["posts", "comments"]
            assert connection.fetch("posts").count() == 3
            comments = connection.fetch("comments").to_arrow()
        assert comments["_posts_id"].to_pylist() == [1, 1, 2, 2]


# numbers of pages, offsets, and their ends


def numbered(asked: Asked) -> Any:
    found = rows(10)
    if asked.path == "/pages":
        page, size = int(asked.get("page")), 3
        return {"items": found[size * (page - 1) : size * page], "pages": 4, "more": page < 4}
    if asked.path == "/offsets":
        offset, limit = int(asked.get("skip")), int(asked.get("limit"))
        return {"items": found[offset : offset + limit], "total": len(found)}
    token = int(asked.get("cursor", 0))
    headers = {"X-Next": str(token + 4)} if token + 4 < len(found) else {}
    return Answer({"items": found[token : token + 4]}, headers=headers)


@pytest.mark.parametrize(
    ("path", "paginator", "ids"),
    [
        ("pages", {"type": "page_number", "base_page": 1, "total_path": "pages"}, range(1, 11)),
        ("pages", {"type": "page_number", "base_page": 1, "total_path": None}, range(1, 11)),
        ("pages", {"type": "page_number", "base_page": 1, "has_more_path": "more"}, range(1, 11)),
        ("pages", {"type": "page_number", "base_page": 1, "page": 2, "maximum_page": 4}, range(4, 10)),
        (
            "offsets",
            {"type": "offset", "limit": 4, "offset_param": "skip", "total_path": "total"},
            range(1, 11),
        ),
        ("offsets", {"type": "offset", "limit": 4, "offset_param": "skip", "total_path": None}, range(1, 11)),
        (
            "offsets",
            {"type": "offset", "limit": 4, "offset_param": "skip", "total_path": None, "maximum_offset": 8},
            range(1, 9),
        ),
        ("tokens", {"type": "header_cursor", "cursor_key": "X-Next"}, range(1, 11)),
    ],
)
def test_paginators_page_as_they_are_declared(path: str, paginator: dict[str, Any], ids: range) -> None:
    with api(numbered) as service:
        endpoint = {"path": path, "data_selector": "items", "paginator": paginator}
        config = {
            "client": {"base_url": service.url},
            "resources": [{"name": "items", "primary_key": "id", "endpoint": endpoint}],
        }
        with connected(config) as connection:
            assert connection.fetch("items").to_arrow()["id"].to_pylist() == list(ids)
