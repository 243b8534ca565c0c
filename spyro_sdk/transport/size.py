"""No answer is bigger than it may be."""

from __future__ import annotations

from ..config import ConnectorConfig
from ..errors import LimitError
from ..http import Request, redacted


def check_size(size: int, config: ConnectorConfig, request: Request) -> None:
    """Raise `LimitError` where so many bytes of an answer are more than `max_body`."""
    if size > config.max_body:
        raise LimitError(
            f"{config.name} answers {request.method} {redacted(request.url)} with more than"
            f" {config.max_body:,} bytes",
            connector=config.name,
            hint="ask for fewer columns or a smaller page_size, or connect with a bigger max_body",
        )
