"""Training: teachers of six layers with different seeds, a student of three that learns from their mean and from the labels, and the same student
going on by itself.
"""

import math
import random
import time
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from augment import wear
from network import Batch, Encoder, Labels, Network
from rows import Row

BATCH = 48
# Share of the rows that are worn in each epoch; the others are read as written.
WORN = 0.8
SMOOTHING = 0.05
# How much the heads count beside each other. Flag, kind and entry refine what topic, intent and urgency say.
WEIGHTS = {"topics": 1.0, "intents": 1.0, "urgencies": 1.0, "flags": 0.4, "kinds": 0.5, "entries": 0.5}
# Weight and temperature of the contrastive part: texts that mean the same come together.
CONTRAST, CONTRAST_TEMPERATURE = 0.3, 0.07
# The first label of a row with two.
FIRST_OF_TWO = 0.65
TEACH_TEMPERATURE = 2.0
# What the running mean of the weights keeps in each step: the mean of some hundred steps answers better than the last of them.
KEPT = 0.995
# Half the bits are several times faster on processors that calculate with them, and several times slower on those that only imitate it.
SHORT = torch.cpu._is_avx512_bf16_supported()


@dataclass
class Plan:
    """How one network is trained."""

    epochs: int
    rate: float
    seed: int
    name: str
    # Whether the network ends as the running mean of its weights.
    mean: bool = False


class Target:
    """The labels of a batch, as one distribution for each head; rows that a head says nothing about are left out."""

    def __init__(self, rows: list[Row], labels: Labels):
        self.heads: dict[str, tuple[Tensor, Tensor]] = {}
        given = {
            "topics": [row.topics for row in rows],
            "entries": [(row.entry,) if row.entry else () for row in rows],
            "intents": [(row.intent,) for row in rows],
            "urgencies": [(row.urgency,) for row in rows],
            "flags": [(row.flag,) if row.flag else () for row in rows],
            "kinds": [(row.kind,) if row.kind else () for row in rows],
        }
        for head, names in labels.of().items():
            place = {name: index for index, name in enumerate(names)}
            which = [index for index, labels_of_row in enumerate(given[head]) if labels_of_row]
            wanted = torch.zeros(len(which), len(names))
            for line, index in enumerate(which):
                first, *others = given[head][index]
                wanted[line, place[first]] = FIRST_OF_TWO if others else 1.0
                for other in others:
                    wanted[line, place[other]] += (1 - FIRST_OF_TWO) / len(others)
            self.heads[head] = (torch.tensor(which, dtype=torch.long), wanted)
        # What counts as "the same" for the contrastive part: the most particular thing that is known.
        names = [row.entry or (row.topics[0] if row.topics else "") or row.flag or row.kind or row.intent for row in rows]
        place = {name: index for index, name in enumerate(sorted(set(names)))}
        self.same = torch.tensor([place[name] for name in names])

    def loss(self, outputs: dict[str, Tensor]) -> Tensor:
        total = torch.zeros(())
        for head, (which, wanted) in self.heads.items():
            if len(which):
                total = total + WEIGHTS[head] * F.cross_entropy(outputs[head][which], wanted, label_smoothing=SMOOTHING)
        return total


def contrast(vectors: Tensor, same: Tensor) -> Tensor:
    """Supervised contrastive loss over unit vectors."""
    itself = torch.eye(len(vectors), dtype=torch.bool)
    near = (vectors @ vectors.T / CONTRAST_TEMPERATURE).masked_fill(itself, -1e9)
    share = near - near.logsumexp(1, keepdim=True)
    pairs = (same[:, None] == same[None, :]) & ~itself
    count = pairs.sum(1)
    alone = count == 0
    if alone.all():
        return vectors.sum() * 0
    return -(share.masked_fill(~pairs, 0).sum(1)[~alone] / count[~alone]).mean()


def teach(vectors: Tensor, outputs: dict[str, Tensor], teachers: list[Network], batch: Batch) -> Tensor:
    """How far a student is from what its teachers say in the mean."""
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=SHORT):
        said = [teacher(batch) for teacher in teachers]
    loss = torch.zeros(())
    for head, weight in WEIGHTS.items():
        theirs = torch.stack([F.softmax(outputs_of[head].float() / TEACH_TEMPERATURE, -1) for _, outputs_of in said]).mean(0)
        ours = F.log_softmax(outputs[head] / TEACH_TEMPERATURE, -1)
        loss = loss + weight * F.kl_div(ours, theirs, reduction="batchmean") * TEACH_TEMPERATURE**2
    # The student starts from the first teacher's layers and stays in its space.
    return loss + 4 * (1 - F.cosine_similarity(vectors, said[0][0].float())).mean()


def fit(network: Network, rows: list[Row], labels: Labels, tokenizer: Tokenizer, plan: Plan, teachers: list[Network] = ()) -> Network:
    """Trains the network in place. The token embeddings stay as they are: rare words keep what the base model knows of them."""
    torch.manual_seed(plan.seed)
    draw = random.Random(plan.seed)
    network.encoder.tokens.weight.requires_grad = False
    encoder = [parameter for parameter in network.encoder.parameters() if parameter.requires_grad]
    groups = [{"params": encoder, "lr": plan.rate}, {"params": network.heads.parameters(), "lr": 2e-3}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = plan.epochs * math.ceil(len(rows) / BATCH)
    warm = max(1, steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min((step + 1) / warm, max(0.02, 1 - step / steps)))
    mean = {name: value.clone() for name, value in network.state_dict().items()} if plan.mean else {}
    started = time.monotonic()
    for epoch in range(plan.epochs):
        network.train()
        losses = []
        for texts, members in batches(rows, draw):
            batch, target = Batch.of(tokenizer, texts), Target(members, labels)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=SHORT):
                vectors, outputs = network(batch)
            outputs = {head: output.float() for head, output in outputs.items()}
            loss = target.loss(outputs) + CONTRAST * contrast(vectors.float(), target.same)
            if teachers:
                loss = 0.5 * loss + 0.5 * teach(vectors.float(), outputs, list(teachers), batch)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            for name, value in network.state_dict().items() if mean else ():
                mean[name].lerp_(value, 1 - KEPT)
            losses.append(loss.item())
        print(f"{plan.name} epoch {epoch + 1}/{plan.epochs} loss {sum(losses) / len(losses):.3f} {time.monotonic() - started:.0f} s", flush=True)
    if mean:
        network.load_state_dict(mean)
    return network.eval()


def batches(rows: list[Row], draw: random.Random):
    """The rows once, worn and in a new order, in batches of texts of about the same length."""
    texts = [(wear(row, draw) if draw.random() < WORN else row.text, row) for row in rows]
    draw.shuffle(texts)
    wide = BATCH * 8
    cut = []
    for start in range(0, len(texts), wide):
        near = sorted(texts[start : start + wide], key=lambda pair: len(pair[0]))
        cut += [near[first : first + BATCH] for first in range(0, len(near), BATCH)]
    draw.shuffle(cut)
    for batch in cut:
        yield [text for text, _ in batch], [row for _, row in batch]


def student_of(teacher: Network, labels: Labels, layers: tuple[int, ...]) -> Network:
    """A network that starts from some of the teacher's layers."""
    encoder = Encoder(len(layers))
    state = {name: value for name, value in teacher.encoder.state_dict().items() if not name.startswith("layers.")}
    for ours, theirs in enumerate(layers):
        state |= {f"layers.{ours}.{name}": value for name, value in teacher.encoder.layers[theirs].state_dict().items()}
    encoder.load_state_dict(state)
    student = Network(encoder, labels)
    student.heads.load_state_dict(teacher.heads.state_dict())
    return student


@torch.no_grad()
def read(network: Network, tokenizer: Tokenizer, texts: list[str]) -> tuple[Tensor, dict[str, Tensor]]:
    """(unit vectors, outputs of each head) of many texts, in their order."""
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    vectors: list[Tensor] = [torch.zeros(0)] * len(texts)
    outputs: dict[str, list[Tensor]] = {head: [torch.zeros(0)] * len(texts) for head in network.heads}
    for start in range(0, len(order), 64):
        part = order[start : start + 64]
        found, said = network(Batch.of(tokenizer, [texts[index] for index in part]))
        for line, index in enumerate(part):
            vectors[index] = found[line]
            for head in said:
                outputs[head][index] = said[head][line]
    return torch.stack(vectors), {head: torch.stack(lines) for head, lines in outputs.items()}
