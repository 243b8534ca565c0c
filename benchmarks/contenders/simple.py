"""simple-salesforce, and a DataFrame: by `query_all`, or by `bulk2` with so many seconds before it looks."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from stopwatch import ACTION, ADDRESS, QUESTION, look_at, measure


class Plain(HTTPAdapter):
    """Sends over plain http what was meant for https, which is all that simple-salesforce speaks."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send it."""
        request.url = str(request.url).replace("https://", "http://", 1)
        return super().send(request, *args, **options)


def by_rest(sf: Salesforce) -> pd.DataFrame:
    """Query it all."""
    return pd.DataFrame(sf.query_all(QUESTION)["records"]).drop(columns="attributes")


def by_bulk(sf: Salesforce, wait: float) -> pd.DataFrame:
    """Run a job, read its results."""
    results = sf.bulk2.Account.query(QUESTION, wait=wait)
    return pd.concat([pd.read_csv(io.StringIO(result)) for result in results], ignore_index=True)


def read_all() -> pd.DataFrame:
    """Sign in, and read."""
    with requests.Session() as session:
        session.mount("https://", Plain())
        sf = Salesforce(instance_url=ADDRESS, session_id="token", session=session, version="67.0")
        return by_rest(sf) if ACTION == "query_all" else by_bulk(sf, float(ACTION))


measure(read_all, look_at)
