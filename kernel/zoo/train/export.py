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
from torch.nn import functional as F

from clip_objective import ClipObjective, LargeClipObjective, SigmoidObjective
from data import MEAN, STD, Shards, normalise, open_shards
from distil import PROTOTYPES
from models import CategoryModel, ConvResidual, ConvUnit, DistilModel, Encoder, MaeModel, PartsModel, PromptModel
from objectives import CATEGORIES, GRID, PARTS
from pyramid import Pyramid, PyramidModel

OPSET = 17
UNTRAINED_SEED = 7
# What the cards call the precision of a training.
PRECISIONS = {"bfloat16": "bfloat16 autocast", "float32": "float32"}
SMALLEST_HALF = 1024

OBJECTIVES = {
    "parts": "dense part types and dense template coordinates (supervised by the renderer's maps)",
    "clip": "image-text contrast with hard negatives and category-only captions, started from parts-hybrid",
    "mae": "masked autoencoding of normalised patches, without labels",
    "category": "which categories the image shows, nothing about where",
    "siglip": "image-text pairs, each true or false by a sigmoid; towers started from category-hybrid and from clip-vit's text",
    "masks": "masks of the object and of the part under a point, and boundaries, without class names",
    "pyramid": "part types at stride 4 from all stages, categories from the last one",
    "dino": "self-distillation between two crops, of images and of patches, without labels",
    "clip192": "the objective of clip-vit on images of 192 pixels, both towers started from clip-vit",
    "untrained": "none: random weights, batch-norm statistics from training images; a control",
}


TEXT_RUNS = {"clip": ClipObjective, "clip192": LargeClipObjective, "siglip": SigmoidObjective}
MODELS = {
    "parts": lambda: PartsModel(PARTS, CATEGORIES * GRID * GRID + 1),
    "mae": lambda: MaeModel(depth=6),
    "category": lambda: CategoryModel(CATEGORIES, depth=3),
    "masks": lambda: PromptModel(depth=3),
    "pyramid": lambda: PyramidModel(PARTS, CATEGORIES),
    "dino": lambda: DistilModel(PROTOTYPES, depth=3),
}

# The one whose speed and figures the benchmark quotes; all others are stored in half precision.
FULL_PRECISION = ("parts",)
LEAST_COSINE = 0.999


def build(run: str, checkpoint: str, data: Shards) -> tuple[nn.Module, nn.Module | None, dict]:
    """The image encoder (with its projection, for those with text), the objective of those with text or None, and the
    checkpoint's record. The weights are those of the files: batch norms fused and weights rounded, but for `FULL_PRECISION`."""
    if run == "untrained":
        return *settle(run, untrained(data), None), {}
    state = torch.load(checkpoint, weights_only=True)
    if run in TEXT_RUNS:
        objective = TEXT_RUNS[run](data, 0)
        objective.load_state_dict(state["objective"])
        return *settle(run, objective.image, objective), state
    model = MODELS[run]()
    kept = {name.removeprefix("model."): value for name, value in state["objective"].items() if name.startswith("model.")}
    model.load_state_dict(kept)
    return *settle(run, model.encoder, None), state


def settle(run: str, model: nn.Module, objective: nn.Module | None) -> tuple[nn.Module, nn.Module | None]:
    if run in FULL_PRECISION:
        return model, objective
    encoder = model.encoder if hasattr(model, "encoder") else model
    pixels = torch.randn(4, 3, encoder.size, encoder.size, generator=torch.Generator().manual_seed(0))
    before = last_state(encoder, pixels)
    for module in (model, objective):
        if module is not None:
            round_weights(module.eval())
    cosine = float(F.cosine_similarity(before, last_state(encoder, pixels), dim=-1).min())
    print(f"{run}: after rounding, the least cosine of a token with itself is {cosine:.6f}")
    if cosine < LEAST_COSINE:
        raise SystemExit(f"export: half precision changes {run} too much, {cosine}")
    return model, objective


@torch.no_grad()
def last_state(encoder: nn.Module, pixels: Tensor) -> Tensor:
    return encoder.eval().hidden_states(pixels)[-1]


def round_weights(model: nn.Module) -> None:
    """Fuse batch norms into their convolutions, then round large weights to half precision."""
    for module in list(model.modules()):
        if isinstance(module, (ConvUnit, ConvResidual)) and isinstance(module.norm, nn.BatchNorm2d):
            module.conv = nn.utils.fusion.fuse_conv_bn_eval(module.conv, module.norm)
            module.norm = nn.Identity()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.numel() >= SMALLEST_HALF:
                weight.copy_(weight.half().float())


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
    alone = isinstance(model, (Encoder, Pyramid))
    outputs = ["last_hidden_state"] if alone else ["last_hidden_state", "image_embeds"]
    size = model.size if alone else model.encoder.size
    export(model, (torch.randn(2, 3, size, size),), path, ["pixel_values"], outputs, {"pixel_values": {0: "batch"}})


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
    halve_weights(graph.graph)
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


def halve_weights(graph: onnx.GraphProto) -> None:
    """Store large weights that half precision holds exactly as such, each behind a Cast."""
    casts = []
    for weight in graph.initializer:
        value = onnx.numpy_helper.to_array(weight)
        if value.dtype != np.float32 or value.size < SMALLEST_HALF or (value.astype(np.float16) != value).any():
            continue
        name = weight.name
        weight.CopyFrom(onnx.numpy_helper.from_array(value.astype(np.float16), f"{name}_half"))
        casts.append(onnx.helper.make_node("Cast", [weight.name], [name], to=onnx.TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])


def preprocessor(size: int) -> dict:
    return {
        "image_processor_type": "ViTImageProcessor", "do_resize": True, "size": {"height": size, "width": size},
        "resample": 3, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
        "image_mean": list(MEAN), "image_std": list(STD),
    }


def grid_of(encoder: nn.Module) -> dict:
    """The grid of patches, or those of a pyramid's stages."""
    if isinstance(encoder, Pyramid):
        return {"strides": [4, 8, 16, 32], "grids": [[32, 32], [16, 16], [8, 8], [4, 4]]}
    return {"patch_size": 8, "grid": [encoder.size // 8, encoder.size // 8]}


def card(name: str, run: str, encoder: nn.Module, model: nn.Module, state: dict, figures: dict) -> dict:
    args = state.get("args", {})
    config = encoder.config
    return {
        "name": name,
        "objective": OBJECTIVES[run],
        "architecture": {
            **config, "image_size": encoder.size, **grid_of(encoder), "prefix_tokens": int(config["cls"]),
            "parameters": sum(p.numel() for p in model.parameters()),
            "weights": "float32" if run in FULL_PRECISION else "float16, computed in float32",
        },
        "data": {
            "world": f"kernel/data/world, {encoder.size} pixels",
            "train": {"split": "train", "seeds": [0, state.get("train_images", 0)]},
            "val": {"split": "val", "pairs": "data.world.writeSpair, seed 0, 210 images, 420 pairs"},
            "test": {"split": "test", "pairs": "data.world.writeSpair, seed 0, 420 images, 840 pairs",
                     "captions": "seeds 0..999"},
        },
        "training": {
            "steps": state.get("step", 0), "batch": args.get("batch", 0), "images_seen": state.get("images", 0),
            "wall_seconds": round(state.get("elapsed", 0)), "threads": args.get("threads", 0),
            "rate": args.get("rate", 0), "seed": args.get("seed", UNTRAINED_SEED), "precision": PRECISIONS[args.get("precision", "bfloat16")],
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
    model, objective, state = build(args.run, args.checkpoint, open_shards(args.run, args.data, "train"))
    encoder = model.encoder if hasattr(model, "encoder") else model
    export_image(model, os.path.join(args.out, "model.onnx"))
    write_json(os.path.join(args.out, "preprocessor_config.json"), preprocessor(encoder.size))
    figures = {}
    if args.figures:
        with open(args.figures) as file:
            figures = json.load(file)
    name = os.path.basename(os.path.normpath(args.out))
    described = card(name, args.run, encoder, model, state, figures)
    if objective is not None:
        export_text(objective.text, os.path.join(args.out, "text.onnx"))
        with open(os.path.join(args.out, "tokenizer.json"), "w") as file:
            file.write(objective.tokenizer.to_json() + "\n")
        described["text"] = {
            **objective.text.config, "parameters": sum(p.numel() for p in objective.text.parameters()),
            "logit_scale": float(objective.scale.exp()),
            **({"logit_bias": float(objective.bias)} if args.run == "siglip" else {}),
            "categories": objective.categories,
        }
    write_json(os.path.join(args.out, "card.json"), described)


if __name__ == "__main__":
    main()
