"""Rows in, a network out: `python train.py FOLDER [--hold-out AUTHOR,…] [--go-on-from FOLDER] [--teachers N]`.

Leaves FOLDER/student.safetensors and FOLDER/labels.json. With --go-on-from, the student of another folder learns on, from all rows and from
that folder's teachers: new rows cost a quarter of an hour then, and not an hour. A teacher that lies in FOLDER already is used as it is. The same
rows and seeds give the same network on the same machine; other processors round differently.
"""

import argparse
import json
import multiprocessing
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import rows as data
from fit import Plan, fit, student_of
from network import Encoder, Labels, Network, base_tokenizer

TEACHER_EPOCHS, TEACHER_RATE = 5, 2e-4
STUDENT_EPOCHS, STUDENT_RATE = 8, 3e-4
# For a student that goes on.
MORE_STUDENT_EPOCHS, MORE_STUDENT_RATE = 6, 2.5e-4
# Which of a teacher's six layers the student starts from.
STUDENT_LAYERS = (0, 2, 5)


def labels() -> Labels:
    """What there is to tell apart."""
    entries = [entry.id for entry in data.entries()]
    return Labels(data.topics(), entries, data.INTENTS, data.URGENCIES, data.FLAGS, data.KINDS)


def training_rows(held_out: set[str]) -> list[data.Row]:
    """What is trained on: every author but the held-out ones, and the knowledge itself."""
    kept, _ = data.split(data.read(), held_out)
    return kept + data.of_content()


def prepare(threads: int) -> None:
    torch.set_num_threads(threads)
    # Numbers too small to matter take a hundred times as long.
    torch.set_flush_denormal(True)


def teacher(work: Path, held_out: set[str], seed: int, threads: int) -> None:
    prepare(threads)
    torch.manual_seed(seed)
    network = Network(Encoder.base(), labels())
    plan = Plan(TEACHER_EPOCHS, TEACHER_RATE, seed, f"teacher {seed}")
    save(fit(network, training_rows(held_out), labels(), base_tokenizer(), plan), work / f"teacher-{seed}.safetensors")


def student(work: Path, held_out: set[str], go_on_from: Path | None, seeds: range) -> None:
    taught_in = go_on_from or work
    teachers = [load(Network(Encoder.base(), labels()), taught_in / f"teacher-{seed}.safetensors") for seed in seeds]
    torch.manual_seed(0)
    network = student_of(teachers[0], labels(), STUDENT_LAYERS)
    plan = Plan(STUDENT_EPOCHS, STUDENT_RATE, 0, "student")
    if go_on_from:
        load(network, go_on_from / "student.safetensors")
        plan = Plan(MORE_STUDENT_EPOCHS, MORE_STUDENT_RATE, 0, "student")
    save(fit(network, training_rows(held_out), labels(), base_tokenizer(), plan, teachers), work / "student.safetensors")


def save(network: Network, file: Path) -> None:
    save_file({name: value.contiguous().clone() for name, value in network.state_dict().items()}, file)


def load(network: Network, file: Path) -> Network:
    network.load_state_dict(load_file(file))
    return network.eval()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--hold-out", default="", help="authors whose rows are left out, by comma")
    arguments.add_argument("--go-on-from", type=Path, help="the folder whose student learns on, and whose teachers teach it")
    arguments.add_argument("--teachers", type=int, default=2)
    arguments.add_argument("--threads", type=int, default=multiprocessing.cpu_count())
    given = arguments.parse_args()
    work, held_out = given.folder, set(filter(None, given.hold_out.split(",")))
    work.mkdir(parents=True, exist_ok=True)
    seeds = range(given.teachers)
    side_by_side = max(1, min(given.teachers, given.threads))
    with multiprocessing.get_context("spawn").Pool(side_by_side) as pool:
        missing = [seed for seed in seeds if not given.go_on_from and not (work / f"teacher-{seed}.safetensors").exists()]
        threads = max(1, given.threads // side_by_side)
        pool.starmap(teacher, [(work, held_out, seed, threads) for seed in missing])
    prepare(given.threads)
    student(work, held_out, given.go_on_from, seeds)
    (work / "labels.json").write_text(json.dumps(labels().of(), indent=1) + "\n")


if __name__ == "__main__":
    main()
