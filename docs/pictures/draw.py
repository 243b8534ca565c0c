"""Draw what a command prints in a terminal as an SVG picture.

    python docs/pictures/draw.py docs/pictures/demo.svg "make demo" python docs/examples/customers.py

The command runs in a terminal of its own, so that it prints what it prints to a person, progress lines and
all. The picture shows the screen when it has ended: a line that was drawn over shows its last state.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path

COLUMNS = 124
FONT_SIZE, LINE, MARGIN = 13, 18, 18  # pixels
ADVANCE = 0.602  # width of a character by its size, in the usual monospaced fonts
INK, PAPER, DIM, GOOD = "#d8dee9", "#20242c", "#8a94a6", "#8fbf7f"


def main(picture: Path, prompt: str, command: Sequence[str]) -> None:
    """Run the command and write its picture."""
    lines = [f"$ {prompt}", *screen(printed(command))]
    picture.write_text(svg(lines), encoding="utf-8")


def printed(command: Sequence[str]) -> str:
    """Everything that the command writes to its terminal."""
    ours, its = pty.openpty()
    termios.tcsetwinsize(its, (50, COLUMNS))
    child = subprocess.Popen(command, stdin=its, stdout=its, stderr=its)  # noqa: S603 - our own
    os.close(its)
    text = b"".join(_chunks(ours)).decode()
    if status := child.wait():
        sys.exit(f"{' '.join(command)} ended with {status}:\n{text}")
    return text


def _chunks(terminal: int) -> Iterator[bytes]:
    with suppress(OSError):  # how Linux says that nobody writes to a terminal any more
        while chunk := os.read(terminal, 65536):
            yield chunk
    os.close(terminal)


def screen(text: str) -> list[str]:
    """The lines as they stand at the end: what follows a carriage return was written over the line."""
    lines = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text).replace("\r\n", "\n").split("\n")
    shown = [line.rstrip("\r").rpartition("\r")[2].rstrip() for line in lines]
    return "\n".join(shown).strip("\n").split("\n")


def svg(lines: Sequence[str]) -> str:
    """The picture of a terminal with these lines."""
    width = round(2 * MARGIN + COLUMNS * FONT_SIZE * ADVANCE)
    height = 2 * MARGIN + LINE * len(lines)
    rows = "\n".join(
        f'<text x="{MARGIN}" y="{MARGIN + LINE * n + FONT_SIZE}" fill="{_ink(line)}">{escape(line)}</text>'
        for n, line in enumerate(lines)
        if line
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}"'
        f' font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{FONT_SIZE}"'
        ' xml:space="preserve">\n'
        f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>\n{rows}\n</svg>\n'
    )


def _ink(line: str) -> str:
    if line.startswith(("$", "──")):
        return DIM
    return GOOD if line.startswith("  ok") else INK


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
