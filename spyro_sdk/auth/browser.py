"""Opens a browser, where there is a screen for it."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Mapping
from typing import Final

SCREENS: Final = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")
"""Variables of which one is set where a browser can be opened, but for Windows and macOS."""


def opened(
    address: str,
    environ: Mapping[str, str],
    platform: str,
    browse: Callable[[str], bool] = webbrowser.open,
) -> bool:
    """Open a browser; return whether that seems to have worked. One for terminals would only take ours."""
    has_screen = platform in ("win32", "darwin") or any(environ.get(it) for it in SCREENS)
    try:
        return has_screen and browse(address)
    except (webbrowser.Error, OSError):
        return False
