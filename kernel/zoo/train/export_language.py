"""Write the language model as a folder of Hugging Face, with its card and reference logits.

    python export_language.py --checkpoint runs/language/last.pt --data DIR --out ../reading-llama \
      --golden ../../../test/zoo/golden/reading-llama.safetensors

`DIR` holds `val.jsonl` and `test.jsonl` of `kernel/dist/zoo/train/readings.js`. Weights are stored in half precision; the
card's figures and the reference logits are those of the rounded weights.
"""
from __future__ import annotations

import argparse
import os

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import LlamaForCausalLM

from language import Readings, accuracy, make_model
from model_files import write_json
from tokenizer import PAD, UNKNOWN

NAME = "reading-llama"


def tokenizer_json(vocabulary: dict[str, int]) -> dict:
    return {
        "version": "1.0",
        "truncation": None,
        "padding": {
            "strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0,
            "pad_type_id": 0, "pad_token": PAD,
        },
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": UNKNOWN},
    }


def percent(figures: dict[str, float]) -> dict[str, float]:
    return {kind: round(100 * value, 1) for kind, value in figures.items()}


def card(state: dict, model: LlamaForCausalLM, splits: dict[str, Readings]) -> dict:
    args = state["args"]
    return {
        "name": NAME,
        "objective": "next word of a scene in words and of questions about it, above all the answers",
        "architecture": {
            "family": "llama", "width": model.config.hidden_size, "depth": model.config.num_hidden_layers,
            "heads": model.config.num_attention_heads, "vocabulary": len(state["vocabulary"]),
            "parameters": sum(p.numel() for p in model.parameters()),
        },
        "data": {"world": "kernel/zoo/train/readings.ts, split train, seed 0 and up", "scenes": state["scenes"]},
        "training": {
            "steps": state["step"], "batch": args["batch"], "rate": args["rate"], "seed": args["seed"],
            "processor_seconds": round(state["elapsed"]), "threads": args["threads"], "precision": "float32",
            "device": "cpu", "torch": torch.__version__, "warm_start": args.get("warm_start", "") != "",
        },
        "figures": {
            split: {"scenes": len(data.encoded), "right answers, percent": percent(accuracy(model, data, len(data.encoded)))}
            for split, data in splits.items()
        },
    }


@torch.no_grad()
def golden(model: LlamaForCausalLM, data: Readings) -> dict[str, torch.Tensor]:
    """Ids of one reading with questions, and the logits after each word."""
    ids, _, _ = data.sequence(0, np.random.default_rng(0))
    row = torch.tensor([ids])
    return {"ids": row.int(), "logits": model(input_ids=row).logits.contiguous()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--golden", required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    state = torch.load(args.checkpoint, weights_only=True)
    model = make_model(len(state["vocabulary"]))
    model.load_state_dict({name: value.half().float() for name, value in state["model"].items()})
    model.eval()
    names = ("val", "test")
    splits = {split: Readings(os.path.join(args.data, f"{split}.jsonl"), state["vocabulary"]) for split in names}
    os.makedirs(args.out, exist_ok=True)
    weights = {name: value.half().contiguous() for name, value in model.state_dict().items() if name != "lm_head.weight"}
    save_file(weights, os.path.join(args.out, "model.safetensors"), metadata={"format": "pt"})
    config = {**model.config.to_diff_dict(), "architectures": ["LlamaForCausalLM"], "torch_dtype": "float16"}
    write_json(args.out, "config.json", config)
    write_json(args.out, "tokenizer.json", tokenizer_json(state["vocabulary"]))
    write_json(args.out, "card.json", card(state, model, splits))
    save_file(golden(model, splits["val"]), args.golden)


if __name__ == "__main__":
    main()
