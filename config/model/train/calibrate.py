"""Weights and thresholds of everything that is decided with the encoder's readings: `python calibrate.py CASES ROWS SECTION_CASES SECTION_ROWS OUT`.

CASES are what `nape model cases` says of the messages of ROWS, line by line. The rows must be of authors whom the network has not learnt from:
on its own rows it is surer than it ever will be. SECTION_CASES and SECTION_ROWS are those of an author who names the section that answers; the network
may have learnt them, since no head learns sections. OUT is decision.toml.
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import rows as data

SIGN_TOPIC, SIGN_NEAREST, SIGN_COVERAGE = 3, 4, 5
# Columns of `gate_score` that the score of the gate is made of.
SCORES = 4
# Weights stay near zero where the rows say nothing.
RIDGE = 0.02
# What evidence is worth before any row is seen, in the order of src/answer/weights.rs: heads and nearness first, words to tell entries of a topic apart. The rows of
# the calibration were written entry by entry, with the words of the entry at hand; without this they would make too much of words.
RANK_PRIOR = {
    "topic": 1.0, "entry": 0.5, "nearest": 1.0, "second": 0.0, "likeness": 0.5, "next_likeness": 0.0,
    "words": 0.3, "coverage": 0.3, "led_to_entry": 0.0, "led_to_topic": 0.0, "own": 0.0,
    "topic_by_words": 0.5,
}
RANK_RIDGE = 3.0
# As in src/answer/learned.rs: how much of the logarithm of its number of entries is taken from a topic.
CROWD = 0.5
# The parts of the questions that may be taken for something else, by which thresholds are cut.
LOST_QUESTIONS = 0.025
LOST_TO_UNKNOWN = 0.008
# What a missed flag costs in the fit of the gate, when a false alarm costs 1.
MISSED_FLAG = 2.0
# From these probabilities of that fit on a flag is asked about, and raised at once: where a miss costs two and a half false alarms, and where eight of
# ten are flags. They are costs and not parts of the look-alikes: how many of those would be alarms depends on how hard their author tried.
DOUBT_FROM = 1 / (1 + 2.5 / MISSED_FLAG)
RAISE_FROM = 1 / (1 + 0.25 / MISSED_FLAG)
# What it costs to ask back, when a wrong answer costs 1: it saves no step, and the right one is offered most of the time.
ASK_BACK_COST = 0.35
# What it costs to read a section that wasn't needed, when it costs 1 to miss the one that was.
SECTION_COST = 0.15
# Of answers without others beside them, the part that must be right.
SURE = 0.92


def fit(features: np.ndarray, loss_of, start: np.ndarray, ridge: float = RIDGE, towards: np.ndarray | float = 0.0, steps: int = 400) -> np.ndarray:
    """The weights with the least loss, from `start`, by L-BFGS; what the rows say nothing of stays `towards`."""
    weights = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    values, prior = torch.tensor(features, dtype=torch.float64), torch.as_tensor(towards, dtype=torch.float64)
    optimiser = torch.optim.LBFGS([weights], max_iter=steps, line_search_fn="strong_wolfe")

    def closure():
        optimiser.zero_grad()
        loss = loss_of(values, weights) + ridge * ((weights - prior) ** 2).mean()
        loss.backward()
        return loss

    optimiser.step(closure)
    return weights.detach().numpy()


def logistic(features: np.ndarray, holds: np.ndarray, weight: np.ndarray | None = None, ridge_free: int = 0) -> np.ndarray:
    """Weights of a logistic regression; the first feature is the constant."""
    wanted = torch.tensor(holds, dtype=torch.float64)
    importance = torch.tensor(weight if weight is not None else np.ones(len(holds)), dtype=torch.float64)
    loss = lambda values, weights: F.binary_cross_entropy_with_logits(values @ weights, wanted, importance)
    return fit(features, loss, np.zeros(features.shape[1]))


def odds(share):
    inside = np.clip(share, 1e-5, 1 - 1e-5)
    return np.log(inside / (1 - inside))


def probability(value):
    return 1 / (1 + np.exp(-value))


class Set:
    """Rows with what is known about each."""

    def __init__(self, cases: list[dict], rows: list[data.Row]):
        self.rows = rows
        entries = data.entries()
        self.ids = [entry.id for entry in entries]
        self.sections = {entry.id: [name for name, _ in entry.sections] for entry in entries}
        self.topics = np.array([entry.topic for entry in entries])
        sizes = {name: count for name, count in zip(*np.unique(self.topics, return_counts=True))}
        # What is taken from each entry because its topic has others.
        self.crowd = CROWD * np.log([sizes[topic] for topic in self.topics])
        self.evidence = np.array([case["answer"]["evidence"] for case in cases])
        self.signs = np.array([case["answer"]["signs"] for case in cases])
        self.smalltalk = np.array([case["answer"]["intents"][3] for case in cases])
        self.section_scores = [case["answer"]["sections"] for case in cases]
        self.rules = np.array([case["rules"] for case in cases])
        self.always = np.array([case["always"] for case in cases])
        self.windows = [case["gate"] for case in cases]
        self.clauses = [case["clauses"] for case in cases]
        self.intent = np.array([row.intent for row in rows])
        self.look_alike = np.array([bool(row.look_alike) for row in rows])
        self.question = np.array([row.intent == "answer" and bool(row.topics) and not row.look_alike for row in rows])

    def right_entries(self, index: int) -> np.ndarray:
        """Which entries answer a row, as shares: the entry itself if the row names one, else all of its topics."""
        row = self.rows[index]
        if row.entry:
            # Another entry of the same topic is half right.
            wanted = 0.25 * np.isin(self.topics, row.topics)
            wanted[self.ids.index(row.entry)] = 1.0
            return wanted
        return np.isin(self.topics, row.topics).astype(float)


def rank_weights(cases: Set) -> np.ndarray:
    """Weights of the evidence: the right topics, and of them the right entry, get the greatest share."""
    asked = np.flatnonzero([bool(row.topics) for row in cases.rows])
    entries = torch.tensor(np.array([cases.right_entries(index) for index in asked]))
    crowd = torch.tensor(cases.crowd)
    topics = torch.tensor(np.array([np.isin(cases.topics, cases.rows[index].topics) for index in asked]).astype(float))

    def loss(values, weights):
        shares = (values @ weights - crowd).softmax(-1)
        missed = lambda wanted: -torch.log((shares * wanted).sum(-1).clamp_min(1e-9))
        return (missed(topics) + missed(entries)).mean()

    return fit(cases.evidence[asked], loss, np.array(list(RANK_PRIOR.values())), RANK_RIDGE, np.array(list(RANK_PRIOR.values())))


def topic_shares(cases: Set, rank: np.ndarray):
    """(share of the first topic, share of the next, coverage of its first entry, the first topic, topics in order) for each row."""
    scores = cases.evidence @ rank - cases.crowd
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    names = np.unique(cases.topics)
    by_topic = np.stack([shares[:, cases.topics == name].sum(-1) for name in names], -1)
    order = np.argsort(-by_topic, -1)
    lines = np.arange(len(shares))
    first, second = order[:, 0], order[:, 1]
    best = np.array([np.argmax(np.where(cases.topics == names[topic], share, -1)) for topic, share in zip(first, shares)])
    return by_topic[lines, first], by_topic[lines, second], cases.evidence[lines, best, 7], names[first], names[order]


def gate_score(cases: Set) -> np.ndarray:
    """For each row (log odds of the intent and of urgency in the worst window, by how much the worst clause exceeds their sum, log odds of the intent by the
    words alone, and of the worse of both the shares of emergency and of today)."""
    nothing = dict(intent=-11.5, by_words=-11.5, urgent=-11.5, emergency=0, same_day=0)
    total = lambda one: one["intent"] + one["urgent"]
    lines = []
    for windows, clauses in zip(cases.windows, cases.clauses):
        window, clause = max(windows, key=total, default=nothing), max(clauses, key=total, default=nothing)
        excess = max(0.0, total(clause) - total(window))
        plainest = clause if excess > 0 else window
        by_words = max(window["by_words"], plainest["by_words"])
        lines.append([window["intent"], window["urgent"], excess, by_words, plainest["emergency"], plainest["same_day"]])
    return np.array(lines)


def cut(scores: np.ndarray, most: float) -> float:
    """The lowest threshold that at most this part of the scores reaches."""
    if not len(scores):
        return 1.0
    allowed = int(math.floor(most * len(scores)))
    return float(np.sort(scores)[::-1][min(allowed, len(scores) - 1)] + 1e-6)


def first_sure(confidence: np.ndarray, right: np.ndarray) -> float:
    """The lowest confidence from which on enough answers are right."""
    order = np.argsort(-confidence)
    part = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(part >= SURE)
    return float(confidence[order][enough[-1]]) if len(enough) else 1.0


def calibrate(cases: Set, sectioned: Set) -> tuple[dict, dict, list[str]]:
    """(weights of answering, thresholds of the gate, lines that say how well it fits)."""
    said = []
    flags = cases.intent == "red_flag"

    # The gate first: what it takes never reaches the answers.
    gate = gate_score(cases)
    rules = np.stack([cases.rules == name for name in ("raised", "doubtful", "about", "check_in")], -1).astype(float)
    features = np.column_stack([np.ones(len(flags)), gate[:, :SCORES], rules])
    weights = logistic(features, flags, np.where(flags, MISSED_FLAG, 1.0))
    danger = probability(features @ weights)
    # What the fixed list raises is an alarm whatever the weights are.
    danger[cases.always] = 1.0
    caught = flags & (danger >= DOUBT_FROM)
    said.append(f"red flags caught {caught.sum() / flags.sum():.4f} of {flags.sum()}, raised {(flags & (danger >= RAISE_FROM)).sum() / flags.sum():.4f}")
    for name, those in (("look-alikes", cases.look_alike & ~flags), ("questions", cases.question)):
        taken = those & (danger >= DOUBT_FROM)
        said.append(f"alarms on {name} {taken.sum() / max(1, those.sum()):.4f} of {those.sum()}")
    emergency = np.array([row.urgency == "emergency" for row in cases.rows])
    # All but two of a hundred emergencies are said as such.
    emergency_from = float(np.clip(np.quantile(gate[flags & emergency, SCORES], 0.015), 0.2, 0.6))
    said.append(f"emergency_from {emergency_from:.3f}: of other flags said as emergency {(gate[flags & ~emergency, SCORES] >= emergency_from).mean():.3f}")

    rank = rank_weights(cases)
    first, second, coverage, topic, order = topic_shares(cases, rank)
    asked = cases.question
    right = np.array([topic[index] in cases.rows[index].topics for index in range(len(cases.rows))])
    three = np.array([bool(set(order[index, :3]) & set(cases.rows[index].topics)) for index in range(len(cases.rows))])
    said.append(f"top-1 {right[asked].mean():.4f}, top-3 {three[asked].mean():.4f} of {asked.sum()} questions")

    signs = cases.signs.copy()
    signs[:, SIGN_TOPIC] = odds(first)
    signs[:, SIGN_COVERAGE] = coverage
    reached = ~flags & (cases.intent != "smalltalk")
    outside = cases.intent == "out_of_scope"
    features = np.column_stack([np.ones(len(signs)), signs])
    scope = logistic(features[reached], outside[reached])
    out = probability(features @ scope)
    answerable = reached & ~outside & (asked | cases.look_alike)
    out_from = float(np.clip(cut(out[answerable & asked], LOST_QUESTIONS), 0.2, 0.8))
    real = outside & ~cases.look_alike
    said.append(f"out of scope refused {(out[real] >= out_from).mean():.4f} of {real.sum()} at {out_from:.3f}, questions refused {(out[asked] >= out_from).mean():.4f}")

    sure = np.column_stack([np.ones(len(first)), odds(first), first - second, -odds(out), coverage])
    sure_weights = logistic(sure[reached], (right & ~outside)[reached])
    confidence = probability(sure @ sure_weights)
    open_ = reached & (out < out_from)
    answer_from = ASK_BACK_COST
    offer_from = min(float(np.quantile(confidence[open_ & asked], LOST_TO_UNKNOWN)), answer_from / 2)
    sure_from = first_sure(confidence[reached & (confidence >= answer_from)], (right & ~outside)[reached & (confidence >= answer_from)])
    answered = open_ & asked & (confidence >= answer_from)
    said.append(f"answered {answered.sum() / asked.sum():.3f}, right of these {right[answered].mean():.4f}; sure from {sure_from:.3f}: {(answered & (confidence >= sure_from)).sum() / asked.sum():.3f}; offered {(open_ & asked & (confidence >= offer_from)).sum() / asked.sum() - answered.sum() / asked.sum():.3f}; unknown below {offer_from:.3f}")
    said.append(f"out of scope not answered, refusals and unknown together: {1 - (open_ & real & (confidence >= offer_from)).sum() / real.sum():.4f}")

    chat = cases.intent == "smalltalk"
    small_from = float(np.clip(cut(cases.smalltalk[asked], 0.002), 0.4, 0.95))
    said.append(f"small talk seen {(cases.smalltalk[chat] >= small_from).mean() if chat.any() else 0:.3f} of {chat.sum()} at {small_from:.3f}")

    section = section_weights(sectioned, said)
    answer = {
        "rank": rank, "sure": sure_weights, "scope": scope, "out_of_scope_from": out_from, "smalltalk_from": small_from,
        "answer_from": answer_from, "sure_from": sure_from, "offer_from": offer_from, "section": section,
    }
    thresholds = {
        "score": weights[: SCORES + 1], **dict(zip(("raised", "doubtful", "about", "check_in"), weights[SCORES + 1 :])),
        "raise_from": RAISE_FROM, "doubt_from": DOUBT_FROM, "emergency_from": emergency_from,
    }
    return answer, thresholds, said


def section_weights(cases: Set, said: list[str]) -> np.ndarray:
    """[cosine of a section, its share of the words, constant of the short answer, cosine of the head]."""
    lines, wanted = [], []
    for index, row in enumerate(cases.rows):
        if not row.entry or not cases.sections[row.entry]:
            continue
        head, sections = cases.section_scores[index][cases.ids.index(row.entry)]
        if len(sections) != len(cases.sections[row.entry]):
            continue
        lines.append(([[0.0, 0.0, 1.0, head]] + [[cosine, share, 0.0, 0.0] for cosine, share in sections]))
        wanted.append(0 if not row.section else 1 + cases.sections[row.entry].index(row.section))
    if not lines:
        return np.array([1.0, 0.5, 0.1, 1.0])
    longest = max(map(len, lines))
    values = np.zeros((len(lines), longest, 4))
    real = np.zeros((len(lines), longest), bool)
    for number, line in enumerate(lines):
        values[number, : len(line)], real[number, : len(line)] = line, True
    wanted_at, mask = torch.tensor(wanted), torch.tensor(real)
    # The scale of the scores is free, so that a softmax over them can be as sharp as it must be.
    loss = lambda features, weights: F.cross_entropy((features @ weights).masked_fill(~mask, -1e9), wanted_at)
    weights = fit(values, loss, np.array([10.0, 2.0, 1.0, 10.0]))
    # The short answer is said anyhow; a section beside it costs some reading, one that is missing costs the answer.
    weights[2] += math.log(SECTION_COST / (1 - SECTION_COST))
    chosen = np.where(real, values @ weights, -1e9).argmax(-1)
    wants, shows = np.array(wanted) > 0, chosen > 0
    said.append(f"section: shown beside {shows.mean():.3f} of {len(lines)} answers; wanted {wants.mean():.3f}, of these shown {(chosen == np.array(wanted))[wants].mean():.3f}")
    return weights


def to_toml(answer: dict, gate: dict) -> str:
    value = lambda given: "[" + ", ".join(f"{one:.4f}" for one in given) + "]" if np.ndim(given) else f"{given:.5f}"
    lines = ["# Weights and thresholds, fitted by config/model/train/calibrate.py; src/answer/weights.rs and src/safety/learned.rs say what they mean.", ""]
    for name, table in (("answer", answer), ("gate", gate)):
        lines += [f"[{name}]"] + [f"{key} = {value(given)}" for key, given in table.items()] + [""]
    return "\n".join(lines).rstrip() + "\n"


def read(cases: Path, rows: Path) -> Set:
    known, ids = set(data.topics()), {entry.id: entry for entry in data.entries()}
    read_rows = [data.parse(line, "", known, ids) for line in rows.read_text(encoding="utf-8").splitlines()]
    return Set([json.loads(line) for line in cases.read_text(encoding="utf-8").splitlines()], read_rows)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("cases", type=Path)
    arguments.add_argument("rows", type=Path)
    arguments.add_argument("section_cases", type=Path)
    arguments.add_argument("section_rows", type=Path)
    arguments.add_argument("out", type=Path)
    given = arguments.parse_args()
    torch.manual_seed(0)
    answer, gate, said = calibrate(read(given.cases, given.rows), read(given.section_cases, given.section_rows))
    print("\n".join(said))
    given.out.write_text(to_toml(answer, gate), encoding="utf-8")
