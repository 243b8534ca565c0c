"""One faulty line for all tests of the matrix."""

from collections.abc import Iterator

import pytest

from .service import Chaos, serving


@pytest.fixture(scope="session")
def chaos() -> Iterator[Chaos]:
    with serving() as service:
        yield service
