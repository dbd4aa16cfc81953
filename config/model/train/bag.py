"""The second opinion on topic and intent: a linear classifier of words, pairs of words and pieces of words.

`python bag.py OUT [--hold-out AUTHOR,…]` writes OUT/bag.safetensors. `src/encoder/bag.rs` reads it and computes the same thing. Nothing is drawn by
chance: the same rows give the same file.
"""

import argparse
import hashlib
import math
import re
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from torch import Tensor

import rows as data
from fit import FIRST_OF_TWO

# Letters of a piece of a word, a space before and after the word included.
PIECES = range(3, 6)
# What fewer rows hold is chance.
LEAST_ROWS = 5
# How much the rows count against small weights.
TRUST = 8.0
STEPS = 60
KEY = 8
# As in src/encoder/bag.rs.
HEADS = ("topics", "intents")


def words(text: str) -> list[str]:
    """Runs of plain letters and digits in lower case; an apostrophe joins."""
    return re.findall(r"[a-z0-9]+", re.sub(r"['’]", "", text.lower()))


def blocks(text: str) -> tuple[Counter, Counter]:
    """How often each word and pair of neighbours comes, and each piece of a word."""
    found = words(text)
    wholes = [f"w {word}" for word in found] + [f"w {one} {next_}" for one, next_ in zip(found, found[1:])]
    padded = [f" {word} " for word in found]
    pieces = [f"c {word[at : at + size]}" for word in padded for size in PIECES for at in range(len(word) - size + 1)]
    return Counter(wholes), Counter(pieces)


def key(feature: str) -> bytes:
    """The beginning of its hash, by which the program knows a feature."""
    return hashlib.sha256(feature.encode()).digest()[:KEY]


class Features:
    """The features that are known, in the order of their keys, and how rare each is."""

    def __init__(self, texts: list[str]):
        holders = Counter(feature for text in texts for block in blocks(text) for feature in block)
        self.names = sorted((name for name, count in holders.items() if count >= LEAST_ROWS), key=key)
        self.place = {name: place for place, name in enumerate(self.names)}
        self.rarity = np.array([math.log((1 + len(texts)) / (1 + holders[name])) + 1 for name in self.names], np.float32)

    def of(self, text: str) -> dict[int, float]:
        """What each feature of a text counts; the squares of a block add up to 1."""
        seen = {}
        for block in blocks(text):
            weighed = {self.place[name]: (1 + math.log(count)) * self.rarity[self.place[name]] for name, count in block.items() if name in self.place}
            length = math.sqrt(sum(weight**2 for weight in weighed.values()))
            seen |= {place: weight / length for place, weight in weighed.items()}
        return seen

    def matrix(self, texts: list[str]) -> Tensor:
        """Texts x features."""
        lines = [self.of(text) for text in texts]
        ends = torch.tensor([0] + list(np.cumsum([len(line) for line in lines])))
        places = torch.tensor([place for line in lines for place in line])
        values = torch.tensor([value for line in lines for value in line.values()], dtype=torch.float32)
        return torch.sparse_csr_tensor(ends, places, values, (len(texts), len(self.names)))


def wanted(rows: list[data.Row], head: str, labels: list[str]) -> Tensor:
    """Rows x labels: what each row is, as shares."""
    shares = torch.zeros(len(rows), len(labels))
    for line, row in enumerate(rows):
        first, *others = row.topics if head == "topics" else (row.intent,)
        shares[line, labels.index(first)] = FIRST_OF_TWO if others else 1.0
        for other in others:
            shares[line, labels.index(other)] += (1 - FIRST_OF_TWO) / len(others)
    return shares


def regression(features: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
    """(weights, bias) of the multinomial logistic regression, by L-BFGS. Its gradient is written out: a sparse product has none of its own."""
    weights = torch.zeros(features.shape[1], shares.shape[1], requires_grad=True)
    bias = torch.zeros(shares.shape[1], requires_grad=True)
    turned = features.to_sparse_coo().t().coalesce().to_sparse_csr()
    scale = 1 / (TRUST * len(shares))
    optimiser = torch.optim.LBFGS([weights, bias], max_iter=STEPS, history_size=8, line_search_fn="strong_wolfe")

    @torch.no_grad()
    def closure():
        logs = (features @ weights + bias).log_softmax(-1)
        apart = TRUST * (logs.exp() - shares)
        weights.grad, bias.grad = scale * (turned @ apart + weights), scale * apart.sum(0)
        return scale * (0.5 * (weights**2).sum() - TRUST * (shares * logs).sum())

    optimiser.step(closure)
    return weights.detach(), bias.detach()


def to_bytes(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(bytes, scale of each label)."""
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-12) / 127
    return (np.clip(np.round(weights / scale), -127, 127) + 128).astype(np.uint8), scale.astype(np.float32)


def make(out: Path, held_out: set[str]) -> None:
    kept, _ = data.split(data.read(), held_out)
    kept += data.of_content()
    features = Features([row.text for row in kept])
    file = {"keys": np.array([list(key(name)) for name in features.names], np.uint8), "rarity": features.rarity}
    for head, labels, rows in (("topics", data.topics(), [row for row in kept if row.topics]), ("intents", data.INTENTS, kept)):
        weights, bias = regression(features.matrix([row.text for row in rows]), wanted(rows, head, labels))
        file[f"{head}.weight"], file[f"{head}.scale"] = to_bytes(weights.numpy())
        file[f"{head}.bias"] = bias.numpy()
    out.mkdir(parents=True, exist_ok=True)
    save_file(file, out / "bag.safetensors")
    print(f"{out}: {len(features.names)} features of {len(kept)} rows, {(out / 'bag.safetensors').stat().st_size / 1e6:.1f} MB", flush=True)


class Read:
    """The file again, for `examples.py`."""

    def __init__(self, model: Path):
        self.file = load_file(model / "bag.safetensors")
        self.features = Features([])
        self.features.rarity = self.file["rarity"]
        self.keys = {bytes(one): place for place, one in enumerate(self.file["keys"])}

    def shares(self, text: str, head: str) -> list[float]:
        """What a head gives to its labels."""
        self.features.place = {name: self.keys[key(name)] for block in blocks(text) for name in block if key(name) in self.keys}
        weights = (self.file[f"{head}.weight"].astype(np.float32) - 128) * self.file[f"{head}.scale"]
        scores = self.file[f"{head}.bias"] + sum(value * weights[place] for place, value in self.features.of(text).items())
        return torch.tensor(scores).softmax(-1).tolist()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--hold-out", default="", help="authors whose rows are left out, by comma")
    given = arguments.parse_args()
    make(given.out, set(filter(None, given.hold_out.split(","))))
