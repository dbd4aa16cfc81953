"""Heads learn on while the network stays as it is: `python heads.py FOLDER OUT --newest AUTHOR,… [--hold-out AUTHOR,…]`.

Reads FOLDER/student.safetensors and labels.json, leaves the same in OUT. Rows that the network has not learnt, those of the newest authors, show what its
heads make too much of; a sample of the others keeps them from forgetting. It takes minutes where a pass through the network takes an hour.
"""

import argparse
import random
import shutil
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

import rows as data
from fit import Target, read
from network import SCALE, Encoder, Network, base_tokenizer
from train import STUDENT_LAYERS, labels, load, prepare, save, training_rows

# Which heads. On rows held out, the others gained nothing by it, and the gate lost what its weights were fitted on.
HEADS = ("topics",)
SAMPLE = 4000
# What a weight pays for moving away from where it was.
RIDGE = 1e-3
STEPS = 60


def learn(head: torch.nn.Linear, seen: Tensor, wanted: Tensor) -> None:
    """Moves a head to the least loss near where it was."""
    start = [parameter.detach().clone() for parameter in head.parameters()]
    optimiser = torch.optim.LBFGS(head.parameters(), max_iter=STEPS, line_search_fn="strong_wolfe")

    def closure():
        optimiser.zero_grad()
        moved = sum(((now - before) ** 2).sum() for now, before in zip(head.parameters(), start))
        loss = F.cross_entropy(head(seen), wanted) + RIDGE * moved
        loss.backward()
        return loss

    optimiser.step(closure)


def make(work: Path, out: Path, newest: set[str], held_out: set[str]) -> None:
    kept = training_rows(held_out)
    new = [row for row in kept if row.author in newest]
    others = [row for row in kept if row.author not in newest]
    rows = new + random.Random(0).sample(others, min(SAMPLE, len(others)))
    network = load(Network(Encoder(len(STUDENT_LAYERS)), labels()), work / "student.safetensors")
    vectors, _ = read(network, base_tokenizer(), [row.text for row in rows])
    target = Target(rows, labels())
    for name in HEADS:
        which, wanted = target.heads[name]
        learn(network.heads[name], vectors[which] * SCALE, wanted)
    out.mkdir(parents=True, exist_ok=True)
    save(network, out / "student.safetensors")
    shutil.copy(work / "labels.json", out / "labels.json")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--newest", required=True, help="authors whose rows the network has not learnt, by comma")
    arguments.add_argument("--hold-out", default="", help="authors whose rows are left out, by comma")
    given = arguments.parse_args()
    prepare(torch.get_num_threads())
    make(given.folder, given.out, set(given.newest.split(",")), set(filter(None, given.hold_out.split(","))))
