"""Easy questions about part of a scene in words, in the phrases of the world: what a small reader learns first."""
from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from numpy.random import Generator

PLURALS = {"bus": "buses", "butterfly": "butterflies", "fish": "fish"}


@dataclass(frozen=True)
class Told:
    """One object of a reading."""

    text: str
    column: int
    row: int
    size: int
    colour: str
    category: str
    parts: frozenset[str]


def told(text: str) -> Told:
    column, row, size, colour, _, category, *rest = text.split()
    number = lambda word: int(re.sub(r"\D", "", word))
    return Told(text, number(column), number(row), number(size), colour, category, frozenset(rest[1:]))


def article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


class Driller:
    """Draws questions about some objects; a coin decides every answer of yes or no."""

    def __init__(self, objects: list[Told]):
        self.categories = sorted({one.category for one in objects})
        self.colours = sorted({one.colour for one in objects})
        shown = Counter((one.category, part) for one in objects for part in one.parts)
        self.parts = sorted({part for _, part in shown})
        self.of = {name: {part for category, part in shown if category == name} for name in self.categories}

    def ask(self, objects: list[Told], random: Generator) -> tuple[str, str]:
        kinds = [self.category, self.coloured, self.count, self.colour, self.what, self.part]
        kinds += [self.relation, self.larger] if len(objects) > 1 else []
        while True:
            found = kinds[random.integers(len(kinds))](objects, random)
            if found:
                return found

    def category(self, objects, random):
        yes = random.random() < 0.5
        there = {one.category for one in objects}
        legal = [name for name in self.categories if (name in there) == yes]
        return f"is there {article(legal[random.integers(len(legal))])}?", "yes" if yes else "no"

    def coloured(self, objects, random):
        yes = random.random() < 0.5
        one = objects[random.integers(len(objects))]
        own = {other.colour for other in objects if other.category == one.category}
        legal = [name for name in self.colours if name not in own]
        colour = one.colour if yes else legal[random.integers(len(legal))]
        return f"is there {article(f'{colour} {one.category}')}?", "yes" if yes else "no"

    def count(self, objects, random):
        name = self.categories[random.integers(len(self.categories))]
        if random.random() < 0.7:
            name = objects[random.integers(len(objects))].category
        number = sum(one.category == name for one in objects)
        return (f"how many {PLURALS.get(name, name + 's')} are there?", str(number)) if number < 5 else None

    def name(self, one: Told, objects: list[Told]) -> str | None:
        if sum(other.category == one.category for other in objects) == 1:
            return f"the {one.category}"
        alike = sum((other.category, other.colour) == (one.category, one.colour) for other in objects)
        return f"the {one.colour} {one.category}" if alike == 1 else None

    def alone(self, one: Told, objects: list[Told]) -> str | None:
        alike = sum(other.colour == one.colour for other in objects)
        return f"the {one.colour} object" if alike == 1 else None

    def colour(self, objects, random):
        one = objects[random.integers(len(objects))]
        name = self.name(one, objects)
        return (f"what colour is {name}?", one.colour) if name == f"the {one.category}" else None

    def what(self, objects, random):
        one = objects[random.integers(len(objects))]
        name = self.alone(one, objects)
        return (f"what is {name}?", one.category) if name else None

    def part(self, objects, random):
        one = objects[random.integers(len(objects))]
        name = self.alone(one, objects)
        yes = random.random() < 0.5
        legal = sorted(one.parts) if yes else [part for part in self.parts if part not in self.of[one.category]]
        if not name or not legal:
            return None
        return f"does {name} have {article(legal[random.integers(len(legal))])}?", "yes" if yes else "no"

    def pair(self, objects, random):
        first, second = random.permutation(len(objects))[:2]
        a, b = objects[first], objects[second]
        return a, b, self.name(a, objects), self.name(b, objects)

    def relation(self, objects, random):
        a, b, name_a, name_b = self.pair(objects, random)
        across = random.random() < 0.5
        lead = b.column - a.column if across else b.row - a.row
        if not (name_a and name_b) or abs(lead) < 2:
            return None
        near, far = ("left of", "right of") if across else ("above", "below")
        asked = near if random.random() < 0.5 else far
        return f"is {name_a} {asked} {name_b}?", "yes" if (asked == near) == (lead > 0) else "no"

    def larger(self, objects, random):
        a, b, name_a, name_b = self.pair(objects, random)
        if not (name_a and name_b) or a.size == b.size:
            return None
        return f"is {name_a} larger than {name_b}?", "yes" if a.size > b.size else "no"
