"""Import this first in whatever runs ours for a test: nothing of anybody's own is then read, nor written."""

import os

for name in ("SPYRO_TOKEN_STORE", "SPYRO_SCHEMA_CACHE", "SPYRO_RATE_LIMITS", "SPYRO_WATERMARKS"):
    os.environ[name] = "none"
os.environ["SPYRO_PROGRESS"] = "off"  # what a test does not ask for is not drawn
