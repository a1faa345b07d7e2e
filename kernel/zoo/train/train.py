"""Train an encoder of the zoo on rendered shards.

    python train.py parts --data DIR --out runs/parts --minutes 35
    python train.py clip --data DIR --out runs/clip --warm-start runs/parts/last.pt --minutes 25
    python train.py mae --data DIR --out runs/mae --minutes 20
    python train.py multimodal --data DIR --out runs/multimodal --minutes 32

The learning rate follows a cosine to the end of `--steps`, or of `--minutes` of wall time. The state is saved every
two minutes, and a run that was cut off goes on from there when the same command is given again.
"""
from __future__ import annotations

import argparse
import json
import math
import os
import time

import torch

from data import Shards, open_shards
from clip_objective import ClipObjective, LargeClipObjective, SigmoidObjective
from distil import DistilObjective
from multimodal import MultimodalObjective, open_phrases
from objectives import MaeObjective, PartsObjective
from supervised import CategoryObjective, PromptObjective, PyramidObjective

WARM = {"clip": ClipObjective, "clip192": LargeClipObjective, "siglip": SigmoidObjective}
COLD = {
    "parts": PartsObjective, "category": CategoryObjective, "pyramid": PyramidObjective, "masks": PromptObjective,
    "dino": DistilObjective, "multimodal": MultimodalObjective,
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("objective", choices=[*COLD, *WARM, "mae"])
    parser.add_argument("--data", required=True, help="folder of the shards")
    parser.add_argument("--out", required=True, help="folder of the run")
    parser.add_argument("--minutes", type=float, default=0, help="wall time of the schedule")
    parser.add_argument("--steps", type=int, default=0, help="steps of the schedule, instead of --minutes")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--decay", type=float, default=0.05)
    parser.add_argument("--warmup", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--precision", choices=["bfloat16", "float32"], default="bfloat16", help="of products")
    parser.add_argument("--warm-start", default="", help="checkpoint of a run whose weights are taken over")
    parser.add_argument("--warm-text", default="", help="checkpoint of a run whose text tower is taken over")
    return parser.parse_args()


def make_objective(args: argparse.Namespace, data: Shards) -> torch.nn.Module:
    if args.objective == "mae":
        return MaeObjective(data, args.seed, depth=6)
    if args.objective in WARM:
        return WARM[args.objective](data, args.seed, args.warm_start, args.warm_text)
    return COLD[args.objective](data, args.seed)


def make_optimiser(objective: torch.nn.Module, args: argparse.Namespace) -> torch.optim.AdamW:
    """AdamW without decay on vectors (biases, norms) and on embeddings of positions."""
    trained = [(n, p) for n, p in objective.named_parameters() if p.requires_grad]
    matrices = [p for n, p in trained if p.ndim > 1 and "position" not in n and "token" not in n]
    chosen = {id(p) for p in matrices}
    others = [p for n, p in trained if id(p) not in chosen]
    groups = [{"params": matrices, "weight_decay": args.decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=args.rate, betas=(0.9, 0.98))


class Run:
    """The loop, its clock and its checkpoints."""

    def __init__(self, args: argparse.Namespace):
        self.args = args
        is_multimodal = args.objective == "multimodal"
        self.data = open_phrases(args.data, "train") if is_multimodal else open_shards(args.objective, args.data, "train")
        self.objective = make_objective(args, self.data)
        self.optimiser = make_optimiser(self.objective, args)
        self.step, self.elapsed, self.images = 0, 0.0, 0
        self.path = os.path.join(args.out, "last.pt")
        os.makedirs(args.out, exist_ok=True)
        if os.path.exists(self.path):
            self.restore()

    def restore(self) -> None:
        state = torch.load(self.path, weights_only=True)
        self.objective.load_state_dict(state["objective"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.elapsed, self.images = state["step"], state["elapsed"], state["images"]

    def save(self) -> None:
        state = dict(
            objective=self.objective.state_dict(), optimiser=self.optimiser.state_dict(), step=self.step,
            elapsed=self.elapsed, images=self.images, args=vars(self.args), torch=str(torch.__version__),
            train_images=len(self.data),
        )
        torch.save(state, self.path + ".part")
        os.replace(self.path + ".part", self.path)

    def progress(self) -> float:
        if self.args.steps:
            return self.step / self.args.steps
        return self.elapsed / (self.args.minutes * 60)

    def set_rate(self) -> None:
        warm = min(1.0, (self.step + 1) / self.args.warmup)
        rate = self.args.rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, self.progress()))))
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group.get("factor", 1.0)

    def train_step(self) -> dict[str, float]:
        self.set_rate()
        self.objective.progress = self.progress()
        batch = self.objective.prepare(self.args.batch)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.args.precision == "bfloat16"):
            losses = self.objective.loss(*batch)
        total = sum(losses.values())
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.objective.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        self.images += self.args.batch
        return {name: float(value.detach()) for name, value in losses.items()}

    def train(self) -> None:
        self.objective.train()
        saved = time.perf_counter()
        while self.progress() < 1:
            began = time.perf_counter()
            losses = self.train_step()
            self.elapsed += time.perf_counter() - began
            if self.step % 25 == 0:
                self.log(losses)
            if time.perf_counter() - saved > 120:
                self.data.refresh()
                self.save()
                saved = time.perf_counter()
        self.save()

    def log(self, losses: dict[str, float]) -> None:
        line = dict(step=self.step, seconds=round(self.elapsed), rate=self.images / self.elapsed, **losses)
        with open(os.path.join(self.args.out, "log.jsonl"), "a") as file:
            file.write(json.dumps(line) + "\n")


def main() -> None:
    args = arguments()
    if bool(args.minutes) == bool(args.steps):
        raise SystemExit("train: give either --minutes or --steps")
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    Run(args).train()


if __name__ == "__main__":
    main()
