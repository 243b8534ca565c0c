"""The first small table by hand, imports included: `requests` and pandas."""

# %%
import sys

import pandas as pd
import requests

ADDRESS, QUESTION, TOKEN = sys.argv[1:4]

# %%
records = []
page = requests.get(
    f"{ADDRESS}/services/data/v67.0/query",
    params={"q": QUESTION},
    headers={"Authorization": f"Bearer {TOKEN}"},
    timeout=60,
).json()
records += page["records"]
frame = pd.DataFrame(records).drop(columns="attributes")
print(len(frame), int(frame["NumberOfEmployees"].sum()))
