"""Write an encoder of the zoo: model.onnx, preprocessor_config.json, card.json and, for the text tower, text.onnx and
tokenizer.json.

    python export.py --data SHARDS --run parts --checkpoint runs/parts/last.pt --figures figures.json --out ../parts-hybrid
    python export.py --data SHARDS --run untrained --figures figures.json --out ../untrained-hybrid
"""
from __future__ import annotations

import argparse
import json
import os

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from clip_objective import ClipObjective
from data import MEAN, SIZE, STD, Shards, normalise
from models import Encoder, MaeModel, PartsModel
from objectives import CATEGORIES, GRID, PARTS

OPSET = 17
UNTRAINED_SEED = 7

OBJECTIVES = {
    "parts": "dense part types and dense template coordinates (supervised by the renderer's maps)",
    "clip": "image-text contrast with hard negatives and category-only captions, started from parts-hybrid",
    "mae": "masked autoencoding of normalised patches, without labels",
    "untrained": "none: random weights, batch-norm statistics from training images; a control",
}


def build(run: str, checkpoint: str, data: Shards) -> tuple[nn.Module, nn.Module | None, dict]:
    """The image encoder (with its projection, for clip), the clip objective or None, and the checkpoint's record."""
    if run == "untrained":
        return untrained(data), None, {}
    state = torch.load(checkpoint, weights_only=True)
    if run == "clip":
        objective = ClipObjective(data, 0)
        objective.load_state_dict(state["objective"])
        return objective.image, objective, state
    model = MaeModel(depth=6) if run == "mae" else PartsModel(PARTS, CATEGORIES * GRID * GRID + 1)
    model.load_state_dict({name.removeprefix("model."): value for name, value in state["objective"].items()})
    return model.encoder, None, state


def untrained(data: Shards) -> Encoder:
    """Random weights; the batch norms of the stem take their statistics from 512 training images."""
    torch.manual_seed(UNTRAINED_SEED)
    encoder = Encoder().train()
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        for start in range(0, 512, 64):
            encoder.embed(normalise(data.images(np.arange(start, start + 64))))
    return encoder.eval()


def export_image(model: nn.Module, path: str) -> None:
    outputs = ["last_hidden_state"] if isinstance(model, Encoder) else ["last_hidden_state", "image_embeds"]
    export(model, (torch.randn(2, 3, SIZE, SIZE),), path, ["pixel_values"], outputs, {"pixel_values": {0: "batch"}})


def export_text(model: nn.Module, path: str) -> None:
    ids = torch.ones(2, 7, dtype=torch.long)
    axes = {name: {0: "batch", 1: "words"} for name in ("input_ids", "attention_mask")}
    export(model, (ids, ids), path, ["input_ids", "attention_mask"], ["text_embeds"], axes)


def export(model: nn.Module, inputs: tuple[Tensor, ...], path: str, names: list[str], outputs: list[str], axes: dict) -> None:
    axes = {**axes, **{name: {0: "batch"} for name in outputs}}
    torch.onnx.export(
        model.eval(), inputs, path, input_names=names, output_names=outputs, dynamic_axes=axes, opset_version=OPSET,
        dynamo=False,
    )
    graph = onnx.load(path)
    inline_identities(graph.graph)
    onnx.checker.check_model(graph)
    onnx.save(graph, path)


def inline_identities(graph: onnx.GraphProto) -> None:
    """Give equal weights their own initialisers again; the exporter shares them through Identity nodes."""
    weights = {weight.name: weight for weight in graph.initializer}
    for node in [node for node in graph.node if node.op_type == "Identity" and node.input[0] in weights]:
        copy = onnx.TensorProto()
        copy.CopyFrom(weights[node.input[0]])
        copy.name = node.output[0]
        weights[copy.name] = copy
        graph.initializer.append(copy)
        graph.node.remove(node)


def preprocessor() -> dict:
    return {
        "image_processor_type": "ViTImageProcessor", "do_resize": True, "size": {"height": SIZE, "width": SIZE},
        "resample": 3, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
        "image_mean": list(MEAN), "image_std": list(STD),
    }


def card(name: str, run: str, encoder: Encoder, model: nn.Module, state: dict, figures: dict) -> dict:
    args = state.get("args", {})
    config = encoder.config
    return {
        "name": name,
        "objective": OBJECTIVES[run],
        "architecture": {
            **config, "image_size": SIZE, "patch_size": 8, "grid": [16, 16], "prefix_tokens": int(config["cls"]),
            "parameters": sum(p.numel() for p in model.parameters()),
        },
        "data": {
            "world": "kernel/data/world, 128 pixels",
            "train": {"split": "train", "seeds": [0, state.get("train_images", 0)]},
            "val": {"split": "val", "pairs": "world.writeSpair, seed 0, 210 images, 420 pairs"},
            "test": {"split": "test", "pairs": "world.writeSpair, seed 0, 420 images, 840 pairs",
                     "captions": "seeds 0..999"},
        },
        "training": {
            "steps": state.get("step", 0), "batch": args.get("batch", 0), "images_seen": state.get("images", 0),
            "wall_seconds": round(state.get("elapsed", 0)), "threads": args.get("threads", 0),
            "rate": args.get("rate", 0), "seed": args.get("seed", UNTRAINED_SEED), "precision": "bfloat16 autocast",
            "device": "cpu", "torch": state.get("torch", str(torch.__version__)),
        },
        "figures": figures.get(run, {}),
        "baselines": figures.get("baselines", {}),
    }


def write_json(path: str, value: object) -> None:
    with open(path, "w") as file:
        file.write(json.dumps(value, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True, choices=sorted(OBJECTIVES))
    parser.add_argument("--checkpoint", default="")
    parser.add_argument("--data", required=True, help="folder of the shards, for the vocabulary")
    parser.add_argument("--figures", default="", help="what evaluate.py wrote")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    model, objective, state = build(args.run, args.checkpoint, Shards(args.data, "train"))
    export_image(model, os.path.join(args.out, "model.onnx"))
    write_json(os.path.join(args.out, "preprocessor_config.json"), preprocessor())
    figures = {}
    if args.figures:
        with open(args.figures) as file:
            figures = json.load(file)
    encoder = model if isinstance(model, Encoder) else model.encoder
    name = os.path.basename(os.path.normpath(args.out))
    described = card(name, args.run, encoder, model, state, figures)
    if objective is not None:
        export_text(objective.text, os.path.join(args.out, "text.onnx"))
        with open(os.path.join(args.out, "tokenizer.json"), "w") as file:
            file.write(objective.tokenizer.to_json() + "\n")
        described["text"] = {
            **objective.text.config, "parameters": sum(p.numel() for p in objective.text.parameters()),
            "logit_scale": float(objective.scale.exp()), "categories": objective.categories,
        }
    write_json(os.path.join(args.out, "card.json"), described)


if __name__ == "__main__":
    main()
