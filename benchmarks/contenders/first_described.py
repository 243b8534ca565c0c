"""The first small table by hand, imports included; which columns there are, is asked, as spyro_sdk does."""

# %%
import sys

import pandas as pd
import requests

ADDRESS, _, TOKEN = sys.argv[1:4]
API = f"{ADDRESS}/services/data/v67.0"

# %%
session = requests.Session()
session.headers["Authorization"] = f"Bearer {TOKEN}"
described = session.get(f"{API}/sobjects/Account/describe", timeout=60).json()
columns = ", ".join(field["name"] for field in described["fields"])
question = f"SELECT {columns} FROM Account ORDER BY Id"  # noqa: S608  # names of columns
page = session.get(f"{API}/query", params={"q": question}, timeout=60).json()
frame = pd.DataFrame(page["records"]).drop(columns="attributes")
print(len(frame), int(frame["NumberOfEmployees"].sum()))
