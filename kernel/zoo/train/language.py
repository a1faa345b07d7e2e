"""Train the small causal language model that the multimodal task starts from: it reads a scene in words and answers
questions about it.

    python language.py --data DIR --out runs/language --minutes 30

`DIR` holds `train.jsonl` and `val.jsonl` from `kernel/dist/zoo/train/readings.js`. A sequence is a reading followed by
questions with their answers; all words are predicted, answers count far more: four in five words are drawn at random and
teach nothing. It begins with drills about few objects. The architecture is that of Llama with the names of `transformers`, so
the weights load there, and adapters of PEFT fit.
"""
from __future__ import annotations

import argparse
import json
import math
import os
import re
import time

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM

from drills import Driller, told
from tokenizer import PAD, UNKNOWN

END = "[END]"
IGNORED = -100
WORDS_WEIGHT = 0.01  # of a word that is no answer
DRILL = 0.5  # of the training: ever fewer drills, about ever more objects
DRILLS = 8  # questions of a drill
MOST = 4  # objects of a drill


def words(text: str) -> list[str]:
    """As the pre-tokenizer `Whitespace`: words and signs."""
    return re.findall(r"\w+|[^\w\s]+", text.lower())


class Readings:
    """Scenes in words with their questions, as ids."""

    def __init__(self, file: str, vocabulary: dict[str, int] | None = None):
        with open(file) as lines:
            self.scenes = [json.loads(line) for line in lines]
        self.vocabulary = vocabulary or vocabulary_of(self.scenes)
        self.encoded = [self.encode_scene(scene) for scene in self.scenes]
        self.told = [[told(part) for part in scene["reading"].split(" ; ")] for scene in self.scenes]
        self.driller = Driller([one for objects in self.told for one in objects])

    def ids(self, text: str) -> list[int]:
        unknown = self.vocabulary[UNKNOWN]
        return [self.vocabulary.get(word, unknown) for word in words(text)]

    def encode_scene(self, scene: dict) -> tuple[list[list[int]], list[tuple[str, list[int], int]]]:
        objects = [self.ids(part) for part in scene["reading"].split(" ; ")]
        questions = [(q["type"], self.ids(q["question"]), self.vocabulary[q["answer"]]) for q in scene["questions"]]
        return objects, questions

    def sequence(self, index: int, random: np.random.Generator, count: int | None = None) -> tuple[list[int], list[int], list[str]]:
        """Ids, places of the answers, and the types of the questions."""
        objects, questions = self.encoded[index]
        separator = self.vocabulary[";"]
        row = [self.vocabulary["objects"]]
        for i in random.permutation(len(objects)):
            row += [*objects[i], separator]
        places, types = [], []
        for i in random.permutation(len(questions))[:count]:
            kind, question, answer = questions[i]
            row += [*question, answer]
            places.append(len(row) - 1)
            types.append(kind)
        return [*row, self.vocabulary[END]], places, types

    def drill(self, index: int, random: np.random.Generator, most: int) -> tuple[list[int], list[int], list[str]]:
        """A sequence about a few objects of a scene."""
        own = self.told[index]
        objects = [own[i] for i in random.permutation(len(own))[: random.integers(1, most + 1)]]
        row = self.ids("objects" + "".join(f" {one.text} ;" for one in objects))
        places = []
        for _ in range(DRILLS):
            question, answer = self.driller.ask(objects, random)
            row += [*self.ids(question), self.vocabulary[answer]]
            places.append(len(row) - 1)
        return [*row, self.vocabulary[END]], places, []


def vocabulary_of(scenes: list[dict]) -> dict[str, int]:
    found = {word for scene in scenes for word in words(scene["reading"].replace(";", " "))}
    for scene in scenes:
        for question in scene["questions"]:
            found.update(words(question["question"]), [question["answer"]])
    # Places and sizes that no scene of the sample has.
    found.update(f"{name}{i}" for name, most in (("column", 16), ("row", 16), ("size", 20)) for i in range(most))
    return {word: i for i, word in enumerate([PAD, UNKNOWN, END, "objects", ";", *sorted(found - {";", "objects"})])}


def batch_of(data: Readings, size: int, random: np.random.Generator, progress: float) -> tuple[Tensor, Tensor]:
    """Ids [B, T] and the weight of each as a target [B, T]."""
    done = min(1, progress / DRILL)
    indices = random.integers(0, len(data.encoded), size)
    if random.random() > done:
        rows = [data.drill(int(i), random, 1 + int(done * MOST)) for i in indices]
    else:
        rows = [data.sequence(int(i), random) for i in indices]
    longest = max(len(ids) for ids, _, _ in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    weights = torch.zeros(len(rows), longest)
    for i, (row, places, _) in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        weights[i, 1 : len(row)] = WORDS_WEIGHT
        weights[i, places] = 1
    return ids, weights


def loss_of(model: LlamaForCausalLM, ids: Tensor, weights: Tensor) -> Tensor:
    logits = model(input_ids=ids).logits[:, :-1].float()
    losses = cross_entropy(logits.reshape(-1, logits.shape[-1]), ids[:, 1:].reshape(-1), reduction="none")
    flat = weights[:, 1:].reshape(-1)
    return (losses * flat).sum() / flat.sum()


@torch.no_grad()
def accuracy(model: LlamaForCausalLM, data: Readings, scenes: int = 400) -> dict[str, float]:
    """Share of right answers by type, one question a sequence."""
    model.eval()
    random = np.random.default_rng(0)
    right: dict[str, list[bool]] = {}
    for index in range(min(scenes, len(data.encoded))):
        ids, places, types = data.sequence(index, random, 1)
        logits = model(input_ids=torch.tensor([ids])).logits[0, places[0] - 1]
        right.setdefault(types[0], []).append(int(logits.argmax()) == ids[places[0]])
    model.train()
    figures = {kind: float(np.mean(found)) for kind, found in sorted(right.items())}
    return {**figures, "all": float(np.mean([x for found in right.values() for x in found]))}


def make_model(vocabulary: int) -> LlamaForCausalLM:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary, hidden_size=128, intermediate_size=352, num_hidden_layers=4, num_attention_heads=4,
            num_key_value_heads=4, max_position_embeddings=256, tie_word_embeddings=True, rms_norm_eps=1e-6,
            pad_token_id=0, bos_token_id=None, eos_token_id=2, attention_bias=False,
        )
    )


def train(args: argparse.Namespace) -> None:
    data = Readings(os.path.join(args.data, "train.jsonl"))
    held_out = Readings(os.path.join(args.data, "val.jsonl"), data.vocabulary)
    torch.manual_seed(args.seed)
    model = make_model(len(data.vocabulary))
    if args.warm_start:
        model.load_state_dict(torch.load(args.warm_start, weights_only=True)["model"])
    optimiser = torch.optim.AdamW(model.parameters(), lr=args.rate, betas=(0.9, 0.98), weight_decay=0.05)
    path = os.path.join(args.out, "last.pt")
    os.makedirs(args.out, exist_ok=True)
    step, elapsed = 0, 0.0
    if os.path.exists(path):
        state = torch.load(path, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        step, elapsed = state["step"], state["elapsed"]

    def save() -> None:
        state = dict(model=model.state_dict(), optimiser=optimiser.state_dict(), step=step, elapsed=elapsed,
                     vocabulary=data.vocabulary, args=vars(args), scenes=len(data.encoded))
        torch.save(state, path + ".part")
        os.replace(path + ".part", path)

    while elapsed < 60 * args.minutes:
        began = time.process_time()
        random = np.random.default_rng([args.seed, step])
        progress = elapsed / (60 * args.minutes)
        rate = args.rate * min(1, (step + 1) / 100) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        ids, weights = batch_of(data, args.batch, random, progress)
        loss = loss_of(model, ids, weights)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        elapsed += time.process_time() - began
        if step % 250 == 0:
            line = dict(step=step, seconds=round(elapsed), loss=float(loss.detach()), **accuracy(model, held_out))
            with open(os.path.join(args.out, "log.jsonl"), "a") as file:
                file.write(json.dumps(line) + "\n")
            save()
    save()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of the readings")
    parser.add_argument("--out", required=True, help="folder of the run")
    parser.add_argument("--warm-start", default="", help="last.pt of another run")
    parser.add_argument("--minutes", type=float, default=30, help="of processor time")
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    train(args)


if __name__ == "__main__":
    main()
