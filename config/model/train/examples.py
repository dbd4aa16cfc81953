"""What the exported network says of some texts, computed here, for tests/encoder.rs to compare: `python examples.py MODEL > tests/encoder/examples.jsonl`.

Reads the exported files, not the trained ones: what is compared is the arithmetic, not the rounding to bytes.
"""

import json
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer

from bag import Read
from export import unfolded
from network import Batch, Encoder, Labels, Network

TEXTS = [
    "how long should i stroke before kneading",
    "nek stif evry mornign wat can i do??",
    "ice?",
    "my arm went numb and my words come out wrong",
    "how do I crack my own neck",
    "thanks, that felt good 🙏",
    "Ist Massage während einer Aura in Ordnung? ÄÖÜ ß 日本語",
    "yesterday I drove nine hours to my sister, slept on her sofa, and since then the muscle between neck and shoulder is hard as wood; is it better to knead it or to press one spot and hold, and for how long?",
]
# Numbers of the vector that are compared.
FIRST = 16


def exported(model: Path) -> tuple[Network, Tokenizer]:
    """The network and the tokenizer that lie in the folder of a model."""
    state = {name: torch.from_numpy(value) for name, value in unfolded(model).items()}
    labels = Labels(**json.loads((model / "labels.json").read_text(encoding="utf-8")))
    layers = 1 + max(int(name.split(".")[2]) for name in state if name.startswith("encoder.layers."))
    encoder = Encoder(layers, len(state["encoder.tokens.weight"]), len(state["encoder.positions.weight"]))
    network = Network(encoder, labels)
    network.load_state_dict(state)
    return network.eval(), Tokenizer.from_file(str(model / "tokenizer.json"))


if __name__ == "__main__":
    network, tokenizer = exported(Path(sys.argv[1]))
    bag = Read(Path(sys.argv[1]))
    for text in TEXTS:
        with torch.no_grad():
            vector, outputs = network(Batch.of(tokenizer, [text]))
        shares = {head: [round(share, 6) for share in output[0].softmax(-1).tolist()] for head, output in outputs.items()}
        first = [round(number, 6) for number in vector[0, :FIRST].tolist()]
        by_words = [round(share, 6) for share in bag.shares(text, "topics")]
        line = {"text": text, "vector": first, "intents": shares["intents"], "topics": shares["topics"], "topics_by_words": by_words}
        print(json.dumps(line, ensure_ascii=False))
