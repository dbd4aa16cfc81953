"""The student again, from the files that the program carries: `python unpack.py FOLDER [--model DIR]`.

Leaves FOLDER/student.safetensors and labels.json as `train.py` does, so that it can go on from there without the networks on the way: new rows
cost a few passes then, and no teachers. Token vectors are those of the base package, as no training moves them; the other matrices are bytes
unfolded, and so rounded.
"""

import argparse
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

from export import POSITIONS, TOKENS, unfolded
from network import LONGEST, Encoder

CARRIED = Path(__file__).resolve().parents[1]


def unpack(model: Path, out: Path) -> None:
    weights, base = {name: torch.from_numpy(value) for name, value in unfolded(model).items()}, Encoder.base()
    weights[TOKENS] = base.tokens.weight.detach().clone()
    # Longer texts than the program reads in one go are never trained on.
    positions = base.positions.weight.detach().clone()
    positions[:LONGEST] = weights[POSITIONS]
    weights[POSITIONS] = positions
    out.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in weights.items()}, out / "student.safetensors")
    shutil.copy(model / "labels.json", out / "labels.json")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--model", type=Path, default=CARRIED)
    given = arguments.parse_args()
    unpack(given.model, given.folder)
