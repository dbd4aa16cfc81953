"""Writes manifest.toml, the hashes by which the program knows its model: `python manifest.py FOLDER`."""

import hashlib
import sys
from pathlib import Path

FILES = ["bag.safetensors", "decision.toml", "labels.json", "passages.safetensors", "tokenizer.json", "weights.safetensors"]


def write(folder: Path) -> None:
    lines = ["# The files that belong together; the program refuses a model of which one is another.", "", "[sha256]"]
    lines += [f'"{name}" = "{hashlib.sha256((folder / name).read_bytes()).hexdigest()}"' for name in FILES]
    (folder / "manifest.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
