"""SimVG in PyTorch: for each line on stdin every case runs once, the head ten times; {case: {"times", "boxes", "score"}} on stdout.

usage: grounding.py --folder DIR
DIR holds what grounding.mjs wrote: grounding.json with sizes, grounding.safetensors with weights and inputs. Encoder and head are those of
the golden tensors, eager and without gradients; attention is torch's own.
"""

import argparse
import importlib.util
import json
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

TESTS = Path(__file__).parents[1]
BRANCHES = ("token", "decoder", "both")


def script(name, path):
    """Under a name of its own: each imports the script that makes the golden tensors of layers, which is called make too."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


head_golden = script("head_golden", TESTS / "grounding" / "golden" / "make.py")
beit3_golden = script("beit3_golden", TESTS / "models" / "golden" / "make_beit3.py")


def models(sizes, tensors):
    """Both parts with the weights of Fovea's, of its sizes."""
    for module in (head_golden, beit3_golden):
        for name, value in sizes.items():
            setattr(module, name, value)
    head_golden.HEADS, head_golden.C, head_golden.E = sizes["HEAD_HEADS"], sizes["HEAD_C"], sizes["C"]
    beit3_golden.SPLIT = 1 + sizes["ROWS"] * sizes["COLUMNS"]
    parts = []
    for make, prefix in ((beit3_golden.Encoder, "encoder."), (lambda: head_golden.Head(1), "head.")):
        with torch.device("meta"):
            model = make()
        own = {key.removeprefix(prefix): tensors.pop(key) for key in list(tensors) if key.startswith(prefix)}
        model.load_state_dict(own, assign=True)
        parts.append(model.eval())
    return parts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True)
    folder = Path(parser.parse_args().folder)
    tensors = load_file(folder / "grounding.safetensors")
    encoder, head = models(json.loads((folder / "grounding.json").read_text()), tensors)
    pixels, words, mask = (tensors[name] for name in ("pixels", "text", "mask"))

    def encode():
        tokens = encoder(pixels, words, mask)
        split = beit3_golden.SPLIT
        return tokens[:, 0], tokens[:, 1:split], tokens[:, split:], mask

    def run(branch, features):
        token, decoder = head.predict(*features, branch)
        logits, boxes = token or decoder[-1]
        return boxes.flatten().tolist(), logits.softmax(-1)[..., 0].item()

    with torch.inference_mode():
        known = encode()
        for _ in sys.stdin:
            answer = {}
            for branch in BRANCHES:
                for part, features, turns in (("head", lambda: known, 10), ("whole", encode, 1)):
                    times = []
                    for _ in range(turns):
                        start, used = time.perf_counter(), time.process_time()
                        boxes, score = run(branch, features())
                        ms, cpu = time.perf_counter() - start, time.process_time() - used
                        times.append({"ms": 1e3 * ms, "cpu": 1e3 * cpu})
                    answer[f"{part}, {branch}"] = {"times": times, "boxes": boxes, "score": score}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
