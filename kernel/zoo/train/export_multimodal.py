"""Write the multimodal encoder under the names of BEiT-3's release, with its words, its card and reference tokens.

    python export_multimodal.py --checkpoint runs/multimodal/last.pt --data DIR --out ../phrase-beit3 \
      --golden ../../../test/zoo/golden/phrase-beit3.safetensors

Weights are stored in half precision; the figures and the reference tokens are those of the rounded weights.
"""
from __future__ import annotations

import argparse
import json
import os

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from model_files import write_json
from multimodal import (
    LENGTH, MEAN, MOST_OBJECTS, SIZE, STD, Encoder, MultimodalModel, MultimodalObjective, PhraseShards, Words, box_of, in_patches, normalise,
    open_phrases, overlap,
)

NAME = "phrase-beit3"
SHARES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
BATCH = 128


class Asked:
    """Every phrase that the layout `refcoco` could have of a split's crowds: the shortest and two others of each object."""

    def __init__(self, data: PhraseShards):
        random = np.random.default_rng(0)
        self.data = data
        self.items: list[tuple[int, dict, str]] = []
        for index, line in enumerate(data.meta):
            for thing in line["objects"]:
                first, others = thing["phrases"][:1], thing["phrases"][1:]
                chosen = [others[i] for i in random.permutation(len(others))[:2]]
                self.items += [(index, thing, phrase) for phrase in first + chosen]

    def boxes(self) -> Tensor:
        return torch.tensor([thing["box"] for _, thing, _ in self.items]) / SIZE


@torch.no_grad()
def tokens_of(model: MultimodalModel, words: Words, asked: Asked) -> tuple[Tensor, Tensor, Tensor]:
    """Likeness of the patches to each phrase, and right and all patches of objects by their category and colour heads."""
    likeness, right = [], torch.zeros(2, 2)
    for start in range(0, len(asked.items), BATCH):
        items = asked.items[start : start + BATCH]
        images, maps = asked.data.batch(np.array([index for index, _, _ in items]))
        ids, mask = words.encode([phrase for _, _, phrase in items])
        tokens = model.encoder(normalise(images), ids, mask)
        likeness.append(model.likeness(tokens))
        patches = tokens[:, 1 : model.encoder.split]
        category = in_patches(maps[:, 2], model.encoder.config["patch"]).mode(2).values
        right[0] += torch.tensor([(model.category(patches).argmax(2) == category)[category > 0].sum(), (category > 0).sum()])
        things = in_patches(maps[:, 0], model.encoder.config["patch"]).mode(2).values
        colors = torch.zeros(len(items), 256, dtype=torch.long)
        for row, (index, _, _) in enumerate(items):
            for thing in asked.data.meta[index]["objects"]:
                colors[row, thing["id"]] = thing["color"]
        color = colors.gather(1, things)
        right[1] += torch.tensor([(model.color(patches).argmax(2) == color)[color > 0].sum(), (color > 0).sum()])
    return torch.cat(likeness), right[0], right[1]


def percent(value: Tensor | float) -> float:
    return round(100 * float(value), 1)


def precision(boxes: Tensor, truth: Tensor) -> float:
    return percent((overlap(boxes, truth) >= 0.5).float().mean())


def chances(asked: Asked, train: PhraseShards) -> dict[str, float]:
    """Prec@0.5 of boxes that know nothing of the phrase."""
    truth = asked.boxes()
    known = [thing["box"] for line in train.meta for thing in line["objects"] if thing["phrases"]]
    mean = (torch.tensor(known).float().mean(0) / SIZE).expand(len(truth), 4)
    same = [len(asked.data.meta[index]["objects"]) for index, _, _ in asked.items]
    return {
        "mean box of the training pictures": precision(mean, truth),
        "true box of an object of the picture at random": percent(np.mean(1 / np.array(same))),
    }


def figures(model: MultimodalModel, words: Words, asked: Asked, share: float | None) -> dict:
    likeness, category, color = tokens_of(model, words, asked)
    truth, side = asked.boxes(), model.encoder.side
    found = {one: precision(box_of(likeness, one, side), truth) for one in SHARES}
    best = max(found, key=found.get) if share is None else share
    peak = likeness.argmax(1)
    x, y = (peak % side + 0.5) / side, (peak.div(side, rounding_mode="floor") + 0.5) / side
    inside = (truth[:, 0] <= x) & (x <= truth[:, 2]) & (truth[:, 1] <= y) & (y <= truth[:, 3])
    return {
        "phrases": len(truth), "share": best, "Prec@0.5 before fine-tuning": found[best],
        "likeliest patch lies in the box": percent(inside.float().mean()),
        "category of patches": percent(category[0] / category[1]), "color of patches": percent(color[0] / color[1]),
    }


def load(path: str, train: PhraseShards) -> tuple[dict, MultimodalModel, Words, int]:
    """The state of a run, its model with rounded weights, the words of the training shards, and the number of pictures that it saw."""
    state = torch.load(path, weights_only=True)
    objective = MultimodalObjective(train, state["args"]["seed"])
    objective.load_state_dict(state["objective"])
    with torch.no_grad():
        for weight in objective.model.encoder.parameters():
            weight.copy_(weight.half().float())
    return state, objective.model.eval(), objective.words, len(objective.few)


def card(state: dict, model: MultimodalModel, measured: dict, words: Words, pictures: int) -> dict:
    args = state["args"]
    config = model.encoder.config
    return {
        "name": NAME,
        "objective": "patches told apart by a phrase, their category, color, parts and the box of their object, and masked words and patches",
        "architecture": {
            "family": "beit3", "width": config["width"], "depth": config["depth"], "heads": config["heads"],
            "hidden": config["hidden"], "patch": config["patch"], "image_size": SIZE, "words": len(words.vocabulary),
            "parameters": sum(p.numel() for p in model.encoder.parameters()),
        },
        "data": {
            "world": "kernel/zoo/train/phrases.ts, split train, seeds from 2,000,000,000", "pictures": pictures,
            "most_objects": MOST_OBJECTS,
        },
        "training": {
            "steps": state["step"], "batch": args["batch"], "rate": args["rate"], "seed": args["seed"],
            "pictures_seen": state["images"], "wall_seconds": round(state["elapsed"]), "threads": args["threads"],
            "precision": args["precision"], "device": "cpu", "torch": state["torch"],
        },
        "grounding": {
            "how": "a box around the patches whose likeness to the object token, sigmoid(scale x cosine + bias), is at least `share` of the "
            "likeliest patch's",
            "scale": float(model.scale.exp()), "bias": float(model.bias),
        },
        "figures": measured,
    }


def config_json(encoder: Encoder) -> dict:
    one = encoder.config
    return {
        "model_type": "beit3", "imgSize": SIZE, "patchSize": one["patch"], "embedDim": one["width"], "depth": one["depth"],
        "numHeads": one["heads"], "hiddenDim": one["hidden"], "vocabSize": one["words"], "textPositions": LENGTH + 2,
    }


@torch.no_grad()
def golden(model: MultimodalModel, words: Words, asked: Asked) -> dict[str, Tensor]:
    """Two pictures with a phrase each, and all tokens."""
    items = [asked.items[0], next(item for item in asked.items if item[0] > 0)]
    images, _ = asked.data.batch(np.array([index for index, _, _ in items]))
    ids, mask = words.encode([phrase for _, _, phrase in items])
    pixels = normalise(images)
    bytes_ = (images * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    tokens = model.encoder(pixels, ids, mask)
    named = {"image": bytes_, "ids": ids.int(), "mask": mask.int(), "tokens": tokens}
    return {name: value.contiguous() for name, value in named.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", default="", help="folder of the model; without it the figures of val are printed")
    parser.add_argument("--golden", default="")
    args = parser.parse_args()
    torch.set_num_threads(1)
    train = open_phrases(args.data, "train")
    state, model, words, pictures = load(args.checkpoint, train)
    asked = {split: Asked(open_phrases(args.data, split)) for split in ("val", "test")}
    # The share of the likeliest patch is chosen on val.
    measured = {"val": figures(model, words, asked["val"], None)}
    print(json.dumps({"step": state["step"], **measured["val"]}))
    if not args.out:
        return
    measured["test"] = figures(model, words, asked["test"], measured["val"]["share"])
    for split in measured:
        measured[split]["chance"] = chances(asked[split], train)
    os.makedirs(args.out, exist_ok=True)
    weights = {f"beit3.{name}": value.half().contiguous() for name, value in model.encoder.state_dict().items()}
    save_file(weights, os.path.join(args.out, "model.safetensors"), metadata={"format": "pt"})
    write_json(args.out, "config.json", config_json(model.encoder))
    preprocessor = {"do_resize": True, "size": {"height": SIZE, "width": SIZE}, "do_rescale": True, "rescale_factor": 1 / 255,
                    "do_normalize": True, "image_mean": MEAN.flatten().tolist(), "image_std": STD.flatten().tolist()}
    write_json(args.out, "preprocessor_config.json", preprocessor)
    write_json(args.out, "tokenizer.json", json.loads(words.to_json()))
    write_json(args.out, "card.json", card(state, model, measured, words, pictures))
    if args.golden:
        save_file(golden(model, words, asked["test"]), args.golden)


if __name__ == "__main__":
    main()
