"""Rows in, a network out: `python train.py FOLDER [--hold-out AUTHOR,…] [--go-on-from FOLDER | --student FOLDER] [--teachers N]`.

Leaves FOLDER/student.safetensors and FOLDER/labels.json. With --go-on-from, the student of another folder learns on, from all rows and from
that folder's teachers: new rows cost a quarter of an hour then, and not an hour. With --student it learns on from the teachers of FOLDER, which
are made first. With --alone it learns on without teachers, once for each of the seeds, and the mean of all their weights is kept. A teacher that
lies in FOLDER already is used as it is. The same rows and seeds give the same network on the same machine; other processors round differently.
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
# For a student that goes on alone: few and small steps, so that networks of different seeds stay near enough for the mean of their weights to make sense.
# With many new rows and one seed, --rate takes larger ones.
ALONE_EPOCHS, ALONE_RATE = 2, 1.5e-4
# Which of a teacher's six layers the student starts from.
STUDENT_LAYERS = (0, 2, 5)


def labels() -> Labels:
    """What there is to tell apart."""
    entries = [entry.id for entry in data.entries()]
    return Labels(data.topics(), entries, data.INTENTS, data.URGENCIES, data.FLAGS, data.KINDS)


def training_rows(held_out: set[str], twice: set[str] = frozenset()) -> list[data.Row]:
    """What is trained on: every author but the held-out ones, and the knowledge itself; the rows of some authors two times."""
    kept, _ = data.split(data.read(), held_out)
    return kept + data.of_content() + [row for row in kept if row.author in twice]


def passes(epochs: int) -> int:
    """How often the rows are gone through."""
    return 1 if data.SMALL else epochs


def prepare(threads: int) -> None:
    torch.set_num_threads(threads)
    # Numbers too small to matter take a hundred times as long.
    torch.set_flush_denormal(True)


def teacher(work: Path, held_out: set[str], seed: int, threads: int) -> None:
    prepare(threads)
    torch.manual_seed(seed)
    network = Network(Encoder.base(), labels())
    plan = Plan(passes(TEACHER_EPOCHS), TEACHER_RATE, seed, f"teacher {seed}")
    save(fit(network, training_rows(held_out), labels(), base_tokenizer(), plan), work / f"teacher-{seed}.safetensors")


def student(work: Path, rows: list[data.Row], taught_in: Path, starts_from: Path | None, epochs: int | None, seeds: range) -> None:
    teachers = [load(Network(Encoder.base(), labels()), taught_in / f"teacher-{seed}.safetensors") for seed in seeds]
    torch.manual_seed(0)
    network = student_of(teachers[0], labels(), STUDENT_LAYERS)
    plan = Plan(passes(epochs or STUDENT_EPOCHS), STUDENT_RATE, 0, "student")
    if starts_from:
        load(network, starts_from / "student.safetensors")
        plan = Plan(passes(epochs or MORE_STUDENT_EPOCHS), MORE_STUDENT_RATE, 0, "student")
    save(fit(network, rows, labels(), base_tokenizer(), plan, teachers), work / "student.safetensors")


def alone(work: Path, rows: list[data.Row], go_on_from: Path, seed: int, epochs: int, rate: float, threads: int) -> None:
    prepare(threads)
    network = load(Network(Encoder(len(STUDENT_LAYERS)), labels()), go_on_from / "student.safetensors")
    plan = Plan(passes(epochs), rate, seed, f"alone {seed}", mean=True)
    save(fit(network, rows, labels(), base_tokenizer(), plan), work / f"alone-{seed}.safetensors")


def mean_of(files: list[Path]) -> dict[str, torch.Tensor]:
    """The mean of the weights of networks that went on from the same one."""
    states = [load_file(file) for file in files]
    return {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}


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
    arguments.add_argument("--student", type=Path, help="the folder whose student learns on from the teachers of FOLDER")
    arguments.add_argument("--alone", default="", help="seeds, by comma, with which the student goes on without teachers")
    arguments.add_argument("--epochs", type=int, help="how long the student learns")
    arguments.add_argument("--rate", type=float, default=ALONE_RATE, help="in steps of what size")
    arguments.add_argument("--mean-with", type=Path, help="a folder whose student, gone on from the same one, counts in that mean too")
    arguments.add_argument("--twice", default="", help="authors whose rows the student learns two times, by comma")
    arguments.add_argument("--teachers", type=int, default=2)
    arguments.add_argument("--threads", type=int, default=multiprocessing.cpu_count())
    given = arguments.parse_args()
    work, held_out = given.folder, set(filter(None, given.hold_out.split(",")))
    work.mkdir(parents=True, exist_ok=True)
    (work / "labels.json").write_text(json.dumps(labels().of(), indent=1) + "\n")
    kept = training_rows(held_out, set(given.twice.split(",")))
    if given.alone:
        numbers = [int(number) for number in given.alone.split(",")]
        # One core for each: two that wait for each other are slower than one.
        with multiprocessing.get_context("spawn").Pool(min(len(numbers), given.threads)) as pool:
            pool.starmap(alone, [(work, kept, given.go_on_from, number, given.epochs or ALONE_EPOCHS, given.rate, 1) for number in numbers])
        files = [work / f"alone-{number}.safetensors" for number in numbers]
        files += [given.mean_with / "student.safetensors"] if given.mean_with else []
        save_file(mean_of(files), work / "student.safetensors")
        return
    seeds = range(given.teachers)
    side_by_side = max(1, min(given.teachers, given.threads))
    with multiprocessing.get_context("spawn").Pool(side_by_side) as pool:
        missing = [seed for seed in seeds if not given.go_on_from and not (work / f"teacher-{seed}.safetensors").exists()]
        threads = max(1, given.threads // side_by_side)
        pool.starmap(teacher, [(work, held_out, seed, threads) for seed in missing])
    prepare(given.threads)
    student(work, kept, given.go_on_from or work, given.go_on_from or given.student, given.epochs, seeds)


if __name__ == "__main__":
    main()
