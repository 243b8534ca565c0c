"""What Salesforce sends otherwise than it said is an error of ours, or a value kept as it came."""

from __future__ import annotations

import pyarrow as pa
import pytest

from spyro_sdk.connectors.salesforce.vocabulary import OPPORTUNITY
from spyro_sdk.errors import DecodeError


@pytest.mark.parametrize("name", ["IsClosed", "IsWon"])
def test_a_status_is_not_told_from_what_is_neither_true_nor_false(name: str) -> None:
    flags = {"IsClosed": [True, True], "IsWon": [True, False], name: ["yes", "no"]}
    with pytest.raises(DecodeError, match="something else than true and false"):
        OPPORTUNITY.translated(pa.RecordBatch.from_pydict(flags), ["status"], {})
