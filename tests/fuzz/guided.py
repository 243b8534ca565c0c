"""Fuzzing that is guided by which lines an input reaches: libFuzzer, by way of atheris.

python -m tests.fuzz.guided NAME COUNT SEED FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["spyro_sdk", "email", "tomllib", "yaml", "json", "urllib"]):
    from tests.fuzz.edits import LONGEST
    from tests.fuzz.seeds import SEEDS, pieces
    from tests.fuzz.targets import TARGETS

    for seed in SEEDS[sys.argv[1]]:  # what is imported late is seen as well
        TARGETS[sys.argv[1]](seed)

SLOWEST = 20  # seconds that one input may take
MEMORY = 3000  # MB
WORD = 64  # bytes, as libFuzzer has it


def corpus(name: str, folder: Path) -> Path:
    """A folder of the inputs to begin with."""
    place = folder / f"{name}.seeds"
    place.mkdir()
    for number, seed in enumerate(SEEDS[name]):
        (place / str(number)).write_bytes(seed)
    return place


def dictionary(name: str, folder: Path) -> Path:
    """A file of the words that the target's parser knows."""
    words = ["".join(f"\\x{byte:02x}" for byte in piece) for piece in pieces(name) if len(piece) <= WORD]
    place = folder / f"{name}.words"
    place.write_text("".join(f'"{word}"\n' for word in words))
    return place


def main(name: str, count: str, seed: str, folder: Path) -> None:
    options = {
        "runs": count,
        "seed": seed,
        "max_len": LONGEST,
        "len_control": 0,
        "timeout": SLOWEST,
        "rss_limit_mb": MEMORY,
        "dict": dictionary(name, folder),
        "exact_artifact_path": folder / name,
        "verbosity": 0,
        "print_final_stats": 1,
    }
    flags = [f"-{option}={value}" for option, value in options.items()]
    atheris.Setup([sys.argv[0], *flags, str(corpus(name, folder))], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:4], Path(sys.argv[4]))
