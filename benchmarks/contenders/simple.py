"""simple-salesforce: `query_all`, and a DataFrame of its records."""

from __future__ import annotations

from typing import Any

import pandas as pd
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from stopwatch import ADDRESS, QUESTION, look_at, measure


class Plain(HTTPAdapter):
    """Sends over plain http what was meant for https, which is all that simple-salesforce speaks."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send it."""
        request.url = str(request.url).replace("https://", "http://", 1)
        return super().send(request, *args, **options)


def read_all() -> pd.DataFrame:
    """Query it all."""
    with requests.Session() as session:
        session.mount("https://", Plain())
        sf = Salesforce(instance_url=ADDRESS, session_id="token", session=session, version="67.0")
        return pd.DataFrame(sf.query_all(QUESTION)["records"]).drop(columns="attributes")


measure(read_all, look_at)
