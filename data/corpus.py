"""The corpus: training, development and hidden sentences, disjoint by construction.

A fixed hash of the source sentence decides which part a sentence may be in, whatever seed or
salt made it: see `part`.
"""

import argparse
import hashlib
import random
from pathlib import Path
from typing import NamedTuple

from data.grammar import generate
from data.pairs import Pair, save_pairs

SEED = 4
TRAIN = 30_000
DEV = 600


class Corpus(NamedTuple):
    """What students get."""

    train: list[Pair]
    dev: list[Pair]


def part(source: str) -> str:
    """Return "train", "dev" or "hidden", the one part in which `source` may stand.

    The first byte of the SHA-256 of the sentence decides: 0–191 train, 192–207 dev, 208–255
    hidden.
    """
    byte = hashlib.sha256(source.encode("utf-8")).digest()[0]
    return "train" if byte < 192 else "dev" if byte < 208 else "hidden"


def build(seed: int = SEED) -> Corpus:
    """Return `TRAIN` training and `DEV` development pairs, every source once, same for a seed."""
    wanted = {"train": TRAIN, "dev": DEV}
    found = _draw(random.Random(seed), wanted)
    return Corpus(found["train"], found["dev"])


def hidden_pairs(salt: str, count: int) -> list[Pair]:
    """Return `count` pairs, every source once, that depend on `salt` alone.

    None of them stands in the train or dev part of any seed's corpus.
    """
    if count < 0:
        raise ValueError(f"count is {count!r}; expected an integer of at least 0")
    seed = int.from_bytes(hashlib.sha256(salt.encode("utf-8")).digest(), "big")
    return _draw(random.Random(seed), {"hidden": count})["hidden"]


def _draw(rng: random.Random, wanted: dict[str, int]) -> dict[str, list[Pair]]:
    """Return as many pairs of each part as `wanted` says."""
    found: dict[str, list[Pair]] = {name: [] for name in wanted}
    seen: set[str] = set()
    while any(len(found[name]) < count for name, count in wanted.items()):
        pair = generate(rng)
        name = part(pair.source)
        if pair.source in seen or len(found.get(name, ())) >= wanted.get(name, 0):
            continue
        seen.add(pair.source)
        found[name].append(pair)
    return found


def main(arguments: list[str] | None = None) -> None:
    """Write train.tsv and dev.tsv into a folder."""
    parser = argparse.ArgumentParser(prog="python -m data.corpus", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="where to write train.tsv and dev.tsv")
    folder: Path = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    corpus = build()
    for name, pairs in corpus._asdict().items():
        save_pairs(folder / f"{name}.tsv", pairs)
        print(f"{folder / name}.tsv: {len(pairs)} pairs")


if __name__ == "__main__":
    main()
