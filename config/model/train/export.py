"""From a trained network to the files that Nape carries: weights in bytes, a tokenizer with a smaller vocabulary, the labels.

`python export.py FOLDER OUT [--vocabulary N]` reads FOLDER/student.safetensors and labels.json. A matrix is kept as bytes, value = (byte - 128) * scale of
its row; everything else as 32-bit floats.
"""

import argparse
import json
import re
import shutil
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

import rows as data
from network import LONGEST, base_folder

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
TOKENS = "encoder.tokens.weight"
POSITIONS = "encoder.positions.weight"


def kept_tokens(vocabulary: dict[str, int], size: int) -> list[int]:
    """The ids to keep, sorted: what the rows use, single characters, endings, then English words by their rank in the vocabulary."""
    tokenizer = Tokenizer.from_file(str(base_folder() / "tokenizer.json"))
    keep = {vocabulary[name] for name in SPECIAL}
    for encoded in tokenizer.encode_batch([row.text for row in data.read() + data.of_content()], add_special_tokens=False):
        keep.update(encoded.ids)
    plain = {token: number for token, number in vocabulary.items() if re.fullmatch(r"(##)?[!-~]+", token)}
    bare = lambda token: token.removeprefix("##")
    keep |= {number for token, number in plain.items() if len(bare(token)) == 1}
    keep |= {number for token, number in plain.items() if token.startswith("##") and bare(token).isalpha() and len(bare(token)) <= 4}
    for token, number in sorted(plain.items(), key=lambda pair: pair[1]):
        if len(keep) >= size:
            break
        if bare(token).isalpha():
            keep.add(number)
    return sorted(keep)


def cut_tokenizer(keep: list[int]) -> dict:
    """The base tokenizer with these tokens only, numbered anew in their old order."""
    tokenizer = json.loads((base_folder() / "tokenizer.json").read_text(encoding="utf-8"))
    names = {number: token for token, number in tokenizer["model"]["vocab"].items()}
    number = {names[old]: new for new, old in enumerate(keep)}
    tokenizer["model"]["vocab"] = number
    for added in tokenizer["added_tokens"]:
        added["id"] = number[added["content"]]
    marks = tokenizer["post_processor"]
    if marks["type"] == "TemplateProcessing":
        for name, mark in marks["special_tokens"].items():
            mark["ids"] = [number[name]]
    else:
        marks["cls"][1], marks["sep"][1] = number["[CLS]"], number["[SEP]"]
    tokenizer["padding"] = tokenizer["truncation"] = None
    return tokenizer


def to_bytes(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(bytes, scale of each row)."""
    scale = np.maximum(np.abs(matrix).max(axis=1), 1e-12) / 127
    return (np.clip(np.round(matrix / scale[:, None]), -127, 127) + 128).astype(np.uint8), scale.astype(np.float32)


def export(work: Path, out: Path, size: int) -> None:
    vocabulary = json.loads((base_folder() / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    keep = kept_tokens(vocabulary, size)
    out.mkdir(parents=True, exist_ok=True)
    (out / "tokenizer.json").write_text(json.dumps(cut_tokenizer(keep), ensure_ascii=False), encoding="utf-8")
    shutil.copy(work / "labels.json", out / "labels.json")
    weights = load_file(work / "student.safetensors")
    weights[TOKENS] = weights[TOKENS][keep]
    weights[POSITIONS] = weights[POSITIONS][:LONGEST]
    written = {}
    for name, value in sorted(weights.items()):
        if value.ndim == 2 and not name.startswith("heads."):
            written[name], written[f"{name}.scale"] = to_bytes(value)
        else:
            written[name] = value.astype(np.float32)
    save_file(written, out / "weights.safetensors")
    print(f"{out}: {len(keep)} tokens, {(out / 'weights.safetensors').stat().st_size / 1e6:.1f} MB of weights")


def unfolded(model: Path) -> dict[str, np.ndarray]:
    """The exported weights of a model by name, as floats again."""
    given = load_file(model / "weights.safetensors")
    floats = lambda name, value: (value.astype(np.float32) - 128) * given[f"{name}.scale"][:, None] if value.dtype == np.uint8 else value
    return {name: floats(name, value) for name, value in given.items() if not name.endswith(".scale")}


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--vocabulary", type=int, default=20_000)
    given = arguments.parse_args()
    export(given.folder, given.out, given.vocabulary)
