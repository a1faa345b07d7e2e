"""Put figures into the cards, and write the tables of ../README.md from the cards, between its two markers.

    python report.py [--figures figures.json]
"""
from __future__ import annotations

import argparse
import glob
import json
import os

ZOO = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BEGIN, END = "<!-- figures -->", "<!-- /figures -->"


def row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def number(value: float) -> str:
    return f"{value:.1f}"


def correspondence(cards: list[dict]) -> list[str]:
    lines = [row("encoder or baseline", "PCK@0.1", "PCK@0.05", "layer", "matcher"), row("---", "---:", "---:", "---", "---")]
    for card in cards:
        best = card["figures"]["correspondence"]
        matcher = best["match"] + (", mean-centred" if best["centered"] else "")
        lines.append(row(f"`{card['name']}`", number(best["pck0.1"]), number(best["pck0.05"]), f"`{best['layer']}`", matcher))
    lines += [row(name, number(value), "", "", "") for name, value in cards[0]["baselines"].items()]
    return lines


def probes(cards: list[dict]) -> list[str]:
    lines = [
        row("encoder", "category, 14 ways", "layer", "parts, mean IoU", "layer"), row("---", "---:", "---", "---:", "---"),
    ]
    for card in cards:
        found = card["figures"]["probes"]
        cells = [cell for probe in ("category", "parts_miou") for cell in (number(found[probe]["test"]), f"`{found[probe]['layer']}`")]
        lines.append(row(f"`{card['name']}`", *cells))
    return lines


def retrieval(cards: list[dict]) -> list[str]:
    lines = [row("encoder", "measure", "figure", "chance"), row("---", "---", "---:", "---:")]
    for card in cards:
        found = card["figures"].get("retrieval")
        if found is None:
            continue
        name, chance = f"`{card['name']}`", number(found["chance_hard_negative"])
        recall = found["recall_at_1_of_100_with_hard_negatives"]
        lines.append(row(name, "image to text, R@1 of 100 with hard negatives", number(recall), number(found["chance_recall"])))
        lines.append(row(name, "zero-shot category, 14 ways", number(found["zero_shot_category"]), number(found["chance_category"])))
        for kind, value in found["right_before_hard_negative"].items():
            lines.append(row(name, f"right caption before the one with another {kind}", number(value), chance))
    return lines


def megabytes(name: str) -> float:
    return sum(os.path.getsize(path) for path in glob.glob(os.path.join(ZOO, name, "*.onnx"))) / 1e6


def training(cards: list[dict]) -> list[str]:
    lines = [
        row("encoder", "objective", "parameters", "steps x batch", "minutes", "MB"),
        row("---", "---", "---:", "---:", "---:", "---:"),
    ]
    for card in cards:
        run = card["training"]
        size = f"{card['architecture']['parameters'] / 1e6:.2f} M"
        lines.append(row(f"`{card['name']}`", card["objective"], size, f"{run['steps']} x {run['batch']}", number(run["wall_seconds"] / 60), number(megabytes(card["name"]))))
    return lines


NAMES = {
    "parts": "parts-hybrid", "clip": "clip-vit", "untrained": "untrained-hybrid", "mae": "mae-vit",
    "category": "category-hybrid", "masks": "masks-hybrid", "pyramid": "parts-pyramid", "dino": "dino-hybrid",
    "siglip": "siglip-hybrid", "clip192": "clip-vit-192",
}


def refresh(figures: dict) -> None:
    """Write what evaluate.py measured into the cards that are there."""
    for run, name in NAMES.items():
        path = os.path.join(ZOO, name, "card.json")
        if run not in figures or not os.path.exists(path):
            continue
        with open(path) as file:
            card = json.load(file)
        card.update(figures=figures[run], baselines=figures["baselines"])
        with open(path, "w") as file:
            file.write(json.dumps(card, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figures", default="", help="what evaluate.py wrote")
    args = parser.parse_args()
    if args.figures:
        with open(args.figures) as file:
            refresh(json.load(file))
    cards = []
    for file in sorted(glob.glob(os.path.join(ZOO, "*", "card.json"))):
        with open(file) as text:
            card = json.load(text)
        if "correspondence" in card["figures"]:  # the language model has figures of its own
            cards.append(card)
    cards.sort(key=lambda card: -card["figures"]["correspondence"]["pck0.1"])
    path = os.path.join(ZOO, "README.md")
    with open(path) as file:
        before, rest = file.read().split(BEGIN)
    after = rest.split(END)[1]
    tables = "\n\n".join("\n".join(table) for table in (correspondence(cards), probes(cards), retrieval(cards), training(cards)))
    with open(path, "w") as file:
        file.write(f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}")


if __name__ == "__main__":
    main()
