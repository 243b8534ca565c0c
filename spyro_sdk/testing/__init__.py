"""What the author of a connector tests it with: the suite that all pass, and recorded exchanges.

Who receives webhooks is here too: `signed` makes what a service would send.
"""

from __future__ import annotations

from ..errors import ConfigurationError

try:
    import pytest
except ImportError:
    raise ConfigurationError("spyro_sdk.testing needs pytest: pip install 'spyro-sdk[testing]'") from None

pytest.register_assert_rewrite(f"{__name__}.contract")  # a claim that fails then shows the values it is about

from .cassette import Recorder, Replay, cassette  # noqa: E402
from .contract import ConnectorContract, Make  # noqa: E402
from .delivering import signed  # noqa: E402
from .scrub import Scrub  # noqa: E402

__all__ = ["ConnectorContract", "Make", "Recorder", "Replay", "Scrub", "cassette", "signed"]
