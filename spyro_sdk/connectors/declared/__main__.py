"""Write the JSON Schema of declarations: `python -m spyro_sdk.connectors.declared > rest.schema.json`."""

import json
import sys

from .shape import json_schema

sys.stdout.write(json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n")
