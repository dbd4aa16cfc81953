"""Wears a row's text the way people do: slips of the finger, openings, endings, missing marks.

The label never changes. Everything is drawn from the generator that is passed in.
"""

import random
import re

from rows import Row

NEIGHBOURS = {
    "a": "qsz", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk", "k": "jl", "l": "k", "m": "n",
    "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "xs",
}
OPENINGS = [
    "hello", "hi there", "hey nape", "good morning", "quick one", "sorry to bother you", "maybe a silly question", "so", "well", "ok",
    "can i ask something", "asking for my wife", "my english is not so good", "hope this is the right place", "one thing", "and",
    "i have a question", "not sure how to say this", "long time reader", "question from work", "pls",
]
ENDINGS = ["?", "??", ".", "...", "!", "thx", "thank you", "pls", "please", "cheers", "any advice", "do you know", "if thats ok", "hm", "idk", "tia", "in short please"]
# Said along with a question of any kind; it says nothing about the topic and nothing that is a sign of an emergency.
STORIES = [
    "i work in a call centre and sit all day", "ive had migraine since school", "we just moved house", "my sister recommended this bot",
    "i tried a lot already", "im 41 and otherwise healthy", "i drive a lot for work", "i knit in the evenings", "with two small kids at home",
    "im on my phone right now", "night shifts again this week", "i have an old mattress", "my therapist is on holiday",
]
# What people add when they describe an emergency to a massage bot.
WISHES = [
    "can i do a routine now", "would massage help", "should i rub it", "which technique is best", "can we start", "is it ok to press there", "i just want to relax it",
    "give me a short routine", "how long should i massage", "what can i do", "hope it goes away", "is that normal",
]


def wear(row: Row, draw: random.Random) -> str:
    """A worn copy of the row's text."""
    text = row.text
    if row.intent == "red_flag":
        if draw.random() < 0.3:
            text = f"{text}{draw.choice([', ', '. ', ' '])}{draw.choice(WISHES)}"
        if draw.random() < 0.12:
            text = f"{draw.choice(STORIES)}{draw.choice([', ', '. ', ' and '])}{text}"
    elif row.topics and draw.random() < 0.12:
        text = f"{draw.choice(STORIES)}{draw.choice([', ', '. ', ' '])}{text}"
    if draw.random() < 0.12:
        text = f"{draw.choice(OPENINGS)}{draw.choice([' ', ', '])}{text}"
    if draw.random() < 0.18:
        text = f"{text} {draw.choice(ENDINGS)}"
    for _ in range(draw.choice([0, 0, 0, 1, 1, 2])):
        text = slip(text, draw)
    form = draw.random()
    if form < 0.03:
        text = text.upper()
    elif form < 0.15:
        text = re.sub(r"[^\w\s]", "", text)
    return text


def slip(text: str, draw: random.Random) -> str:
    """One slip of the finger, never in the first letter of the text."""
    places = [place for place in range(1, len(text) - 1) if text[place].isalpha()]
    if len(places) < 5:
        return text
    place = draw.choice(places)
    before, letter, after = text[:place], text[place], text[place + 1 :]
    match draw.randrange(5):
        case 0:
            return before + after
        case 1:
            return before + letter + letter + after
        case 2:
            return before + after[0] + letter + after[1:]
        case 3:
            return before + draw.choice(NEIGHBOURS.get(letter.lower(), letter)) + after
        case _:
            return before + letter + draw.choice("aeiou") + after if draw.random() < 0.5 else before + after
