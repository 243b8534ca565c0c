"""The first small table by spyro_sdk, imports included."""

# %%
import sys

import spyro_sdk as spyro

ADDRESS, _, TOKEN = sys.argv[1:4]

sf = spyro.connect("salesforce", base_url=ADDRESS, access_token=TOKEN, progress=False)

# %%
frame = sf.fetch("Account").to_pandas()
print(len(frame), int(frame["NumberOfEmployees"].sum()))
