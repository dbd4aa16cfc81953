"""The training rows: what they are made of, how they are read and checked, how they are split by author."""

import json
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONTENT = HERE.parents[1] / "content"

INTENTS = ["answer", "red_flag", "out_of_scope", "smalltalk"]
# From none upwards, so that an index is also a rank.
URGENCIES = ["none", "see_doctor", "same_day", "emergency"]
KINDS = ["manipulation", "rule_change", "abuse", "medication_dose", "diagnosis", "other_treatment", "other_body_part", "unrelated"]
FLAGS = [f"RF{number:02}" for number in range(1, 30)]
# For a run that only shows that everything goes through: every so many-th row of an author is read.
SMALL = int(os.environ.get("NAPE_TRAIN_SMALL") or 0)
# Bodies of text that are written by the same hand stay on the same side of a split.
CONTENT_AUTHOR = "content"


@dataclass(frozen=True)
class Row:
    """A message and what it means. `topics` best first; what is empty is not known or doesn't apply."""

    text: str
    intent: str
    author: str
    topics: tuple[str, ...] = ()
    entry: str = ""
    section: str = ""
    flag: str = ""
    urgency: str = "none"
    kind: str = ""
    # The class of a harmless message that looks like a red flag.
    look_alike: str = ""


@dataclass(frozen=True)
class Entry:
    """A knowledge entry, as far as training reads it."""

    id: str
    topic: str
    title: str
    questions: tuple[str, ...]
    short: str
    # Heading and text of each section.
    sections: tuple[tuple[str, str], ...]


def entries() -> list[Entry]:
    """The knowledge, sorted by id."""
    found = []
    for file in sorted((CONTENT / "knowledge" / "en").glob("*.md")):
        _, head, body = file.read_text(encoding="utf-8").split("+++\n", 2)
        meta = tomllib.loads(head)
        short, *parts = re.split(r"^## ", body, flags=re.M)
        sections = tuple((part.split("\n", 1)[0].strip(), part.split("\n", 1)[1].strip()) for part in parts)
        found.append(Entry(meta["id"], meta["topic"], meta["title"], tuple(meta["questions"]), short.strip(), sections))
    return found


def topics() -> list[str]:
    """The topics, sorted."""
    groups = tomllib.loads((CONTENT / "knowledge" / "topics.toml").read_text(encoding="utf-8"))
    return sorted(f"{group}.{name}" for group, names in groups.items() for name in names)


def plain(text: str) -> str:
    """Lower case words and digits only: what makes two rows the same."""
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def read(folder: Path = HERE / "rows") -> list[Row]:
    """Every row of every author, each text once, the first author's first. Stops at the first row that is wrong."""
    known_topics, known_entries = set(topics()), {entry.id: entry for entry in entries()}
    rows, seen = [], set()
    for file in sorted(folder.glob("*/*.jsonl")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if SMALL and number % SMALL:
                continue
            try:
                row = parse(line, file.parent.name, known_topics, known_entries)
            except (ValueError, KeyError) as error:
                raise SystemExit(f"{file.relative_to(folder)}:{number}: {error}; correct the row or remove it") from error
            same = plain(row.text) or row.text
            if same not in seen:
                seen.add(same)
                rows.append(row)
    return rows


def parse(line: str, author: str, known_topics: set[str], known_entries: dict[str, Entry]) -> Row:
    """One row. A ValueError says what is wrong with it."""
    given = json.loads(line)
    unknown = set(given) - {"text", "intent", "topics", "entry", "section", "flag", "urgency", "kind", "class"}
    check(not unknown, f"unknown keys {sorted(unknown)}")
    row = Row(
        text=given["text"].strip(),
        intent=given["intent"],
        author=author,
        topics=tuple(given.get("topics", ())),
        entry=given.get("entry", ""),
        section=given.get("section", ""),
        flag=given.get("flag", ""),
        urgency=given.get("urgency", "none"),
        kind=given.get("kind", ""),
        look_alike=given.get("class", ""),
    )
    check(bool(row.text), "the text is empty")
    check(row.intent in INTENTS, f"`{row.intent}` is no intent; one of {INTENTS}")
    check(set(row.topics) <= known_topics, f"{set(row.topics) - known_topics} is no topic of topics.toml")
    check(not row.topics or row.intent == "answer", "only an answer has topics")
    check(not row.entry or row.entry in known_entries, f"there is no entry `{row.entry}`")
    if row.section:
        check(row.section in [name for name, _ in known_entries[row.entry].sections], f"`{row.entry}` has no section `{row.section}`")
    check(row.urgency in URGENCIES, f"`{row.urgency}` is no urgency; one of {URGENCIES}")
    check((row.intent == "red_flag") == (row.urgency != "none"), "a red flag has an urgency, and nothing else has one")
    check(not row.flag or row.flag in FLAGS and row.intent == "red_flag", f"`{row.flag}` is no flag, or this is no red flag")
    check(not row.kind or row.kind in KINDS and row.intent == "out_of_scope", f"`{row.kind}` is no kind, or this is not out of scope")
    return row


def check(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)


def of_content() -> list[Row]:
    """The knowledge itself as rows: titles, questions, short answers and the first lines of sections."""
    rows = []
    for entry in entries():
        row = lambda text, section="": Row(text, "answer", CONTENT_AUTHOR, (entry.topic,), entry.id, section)
        rows += [row(entry.title)] + [row(question) for question in entry.questions] + [row(beginning(entry.short))]
        rows += [row(f"{name}. {beginning(text)}", name) for name, text in entry.sections]
    return rows


def beginning(text: str) -> str:
    """The first words of a text: what it is about stands there, and long rows take long to train."""
    return " ".join(text.split()[:20])


def split(rows: list[Row], held_out: set[str]) -> tuple[list[Row], list[Row]]:
    """(rows of the other authors, rows of the held-out authors)."""
    return [row for row in rows if row.author not in held_out], [row for row in rows if row.author in held_out]
