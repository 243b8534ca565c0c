"""Take pictures of the cards that a notebook shows, in JupyterLab's light and dark theme.

    python docs/pictures/cards.py docs/pictures/cards

What hangs there is listed in tests/browser/gallery.py. It needs what the tests in a browser need, which
`make browser` brings.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.browser.gallery import cells, visit
from tests.browser.lab import jupyterlab
from tests.browser.notebook import THEMES, Theme, opened, paint, written
from tests.browser.screen import Screen, chromium, screen

SIZE = {"width": 1240, "height": 2400}  # pixels: each card is seen as a whole


def main(folder: Path) -> None:
    """Write `<name>-<theme>.png` for each card and theme; other pictures in the folder are removed."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory() as home, jupyterlab(Path(home)) as lab, chromium() as browser:
        for theme in THEMES:
            with screen(browser, lab) as it:
                it.page.set_viewport_size(SIZE)
                take(it, theme, folder)


def take(there: Screen, theme: Theme, folder: Path) -> None:
    """Write a picture of each card in one theme."""
    path = written(there.lab.folder / f"gallery-{theme}.ipynb", cells(), "ipykernel7")
    notebook = opened(there.page, path, "ipykernel7")
    paint(there.page, theme)
    visit(notebook, lambda it, place: place.screenshot(path=folder / f"{it.name}-{theme}.png"))
    notebook.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
