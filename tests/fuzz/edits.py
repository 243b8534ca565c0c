"""How bytes are damaged: a few edits of a seed, drawn by a die, or by Hypothesis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

LONGEST: Final = 1 << 12  # bytes of what an edit leaves
ODD: Final = (
    *(b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\n", b"\r\n", b" ", b"\t", b'"', b"'", b"\\", b"%"),
    *(b"-", b"+", b".", b",", b";", b":", b"=", b"&", b"?", b"#", b"/", b"@", b"<", b">", b"*", b"|", b"~"),
    *(b"(", b")", b"[", b"]", b"{", b"}", b"[" * 1200, b"{" * 40, b"9" * 25, b"9" * 400, b"9" * 4500),
    *(b"0", b"1", b"-1", b"1e400", b"1e-400", b"NaN", b"Infinity", b"null", b"true", b"false", b"\\ud800"),
)
"""What most parsers stumble over."""


@dataclass(frozen=True)
class Edit:
    """One change of a text, whose places are counted round and round."""

    kind: int
    place: int
    length: int
    piece: bytes

    def of(self, text: bytes) -> bytes:
        """The text, changed."""
        at = self.place % (len(text) + 1)
        stop = at + self.length % 64
        match self.kind % 7:
            case 0:
                changed = text[:at] + self.piece + text[at:]
            case 1:
                changed = text[:at] + self.piece + text[at + len(self.piece) :]
            case 2:
                changed = text[:at] + text[stop:]
            case 3:
                changed = text[:at] + text[at:stop] * 3 + text[stop:]
            case 4:
                changed = text[:at]
            case 5:
                changed = text[:at] + bytes(byte ^ 1 << self.length % 8 for byte in text[at : at + 1])
                changed += text[at + 1 :]
            case _:
                changed = text[:at] + bytes([self.length % 256]) + text[at + 1 :]
        return changed[: 2 * LONGEST]


def edited(seed: bytes, edits: Sequence[Edit]) -> bytes:
    """The seed after all edits."""
    for edit in edits:
        seed = edit.of(seed)
    return seed


def drawn(dice: Random, seeds: Sequence[bytes], pieces: Sequence[bytes]) -> bytes:
    """One of the seeds, or of two the beginning and the end, with a few edits."""
    seed = dice.choice(seeds)
    if dice.random() < 0.2:
        other = dice.choice(seeds)
        seed = seed[: dice.randrange(len(seed) + 1)] + other[dice.randrange(len(other) + 1) :]
    count = dice.choice((1, 1, 2, 2, 3, 5, 8))
    return edited(seed, [_edit(dice, pieces) for _ in range(count)])


def _edit(dice: Random, pieces: Sequence[bytes]) -> Edit:
    piece = dice.choice(pieces) if dice.random() < 0.7 else dice.randbytes(dice.randrange(1, 5))
    return Edit(dice.randrange(7), dice.randrange(1 << 16), dice.randrange(256), piece)
