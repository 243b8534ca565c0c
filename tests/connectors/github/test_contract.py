"""GitHub passes the contract: by its own names, by canonical ones, and where lists are in lists."""

from __future__ import annotations

from functools import partial

import pytest

from spyro_sdk.connectors.github import GitHub
from spyro_sdk.demo.github.server import Service
from spyro_sdk.testing import ConnectorContract, Make

from .hub import FAST


class OfGitHub(ConnectorContract):
    __test__ = False

    key = "id"

    @pytest.fixture
    def make(self, hub: Service) -> Make:
        settings = {"base_url": hub.base_url, "access_token": hub.token, "owner": "acme"}
        return partial(GitHub, GitHub.configure(**settings, **FAST))


class TestRepositories(OfGitHub):
    entity, rows = "repositories", 9
    since = ("2000-01-01", 9)


class TestProjects(OfGitHub):
    entity, rows = "Project", 5
    since = ("2026-05-29", 3)


class TestTickets(OfGitHub):
    entity, rows = "Ticket", 1_203
    since = ("2000-01-01", 1_203)
