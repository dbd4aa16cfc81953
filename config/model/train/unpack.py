"""The student again, from the files that the program carries: `python unpack.py FOLDER [--model DIR]`.

Leaves FOLDER/student.safetensors and labels.json as `train.py` does, so that it can go on from there without the networks on the way: new rows
cost a few passes then, and no teachers. Token vectors are those of the base package, as no training moves them; the other matrices are bytes
unfolded, and so rounded.
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file
from safetensors.torch import save_file

from export import POSITIONS, TOKENS
from network import LONGEST, Encoder

CARRIED = Path(__file__).resolve().parents[1]


def unfolded(model: Path) -> dict[str, torch.Tensor]:
    """The weights of a model by name, in floats."""
    kept = load_file(model / "weights.safetensors")
    weights = {}
    for name, value in kept.items():
        if name.endswith(".scale"):
            continue
        if value.dtype == np.uint8:
            value = (value.astype(np.float32) - 128) * kept[f"{name}.scale"][:, None]
        weights[name] = torch.from_numpy(value.copy())
    return weights


def unpack(model: Path, out: Path) -> None:
    weights, base = unfolded(model), Encoder.base()
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
