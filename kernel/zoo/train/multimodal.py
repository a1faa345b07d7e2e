"""A small multimodal encoder of BEiT-3's shape (arXiv 2208.10442), its data, and what it learns from pictures and phrases.

Of three quarters of the pictures all is shown, with a phrase that means one object: patches are told apart by their likeness to the
object token, into those of the object and the others. In the last quarter patches and words are masked and predicted from the others, as
in BEiT-3. In all pictures patches say category, colour, parts and the box of the object they lie on. No box is predicted from a phrase.
"""
from __future__ import annotations

import json
import os

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data import Shards, augment
from objectives import CATEGORIES, PARTS

SIZE, STEP = 96, 4
CELLS = SIZE // STEP
COLORS = 10
LENGTH = 20
START, PAD, END, UNKNOWN, MASK = range(5)
FRAME = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]

# Statistics of ImageNet, the default of `grounding.batches`.
MEAN = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
STD = torch.tensor([0.229, 0.224, 0.225])[:, None, None]

BACKGROUND_WEIGHT = 0.2
MOST_OBJECTS = 3
MASKED_SHARE, MASKED_PATCHES, MASKED_WORDS = 0.25, 0.4, 0.3


class PhraseShards(Shards):
    """Shards of `kernel/zoo/train/phrases.ts`."""

    def __init__(self, folder: str, split: str):
        super().__init__(folder, split, SIZE)

    def refresh(self) -> None:
        self.record = self.pixels + 3 * CELLS**2
        super().refresh()

    def batch(self, indices: np.ndarray) -> tuple[Tensor, Tensor]:
        """RGB in [0, 1] [B, 3, 96, 96] and maps of objects, parts and categories [B, 3, 24, 24]."""
        raw = self.records(indices)
        rgb = torch.from_numpy(np.ascontiguousarray(raw[:, : self.pixels]).reshape(-1, SIZE, SIZE, 3))
        maps = raw[:, self.pixels :].reshape(-1, 3, CELLS, CELLS).astype(np.int64)
        return rgb.permute(0, 3, 1, 2).float().div_(255), torch.from_numpy(maps)


def open_phrases(folder: str, split: str) -> PhraseShards:
    return PhraseShards(os.path.join(folder, "phrases"), split)


def normalise(images: Tensor) -> Tensor:
    return (images - MEAN) / STD


class Words:
    """One id for each word, in BEiT-3's frame."""

    def __init__(self, vocabulary: dict[str, int]):
        self.vocabulary = vocabulary

    @classmethod
    def of(cls, texts: list[str]) -> "Words":
        found = sorted({word for text in texts for word in text.split()})
        return cls({word: i for i, word in enumerate([*FRAME, *found])})

    def encode(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        """Ids and mask [B, L], padded to the longest."""
        rows = [[START, *(self.vocabulary.get(w, UNKNOWN) for w in text.split()[: LENGTH - 2]), END] for text in texts]
        longest = max(map(len, rows))
        ids = torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])
        return ids, (ids != PAD).long()

    def to_json(self) -> str:
        frame = {"type": "RobertaProcessing", "cls": ["<s>", START], "sep": ["</s>", END], "trim_offsets": True,
                 "add_prefix_space": False}
        return json.dumps({
            "version": "1.0", "truncation": None, "padding": None, "added_tokens": [],
            "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": frame,
            "decoder": None, "model": {"type": "WordLevel", "vocab": self.vocabulary, "unk_token": "<unk>"},
        }, indent=1)


Pair = tuple[Tensor, Tensor]


class Multiway(nn.Module):
    """Layer A for the tokens of the picture, layer B for those of the text."""

    def __init__(self, make):
        super().__init__()
        self.A, self.B = make(), make()

    def forward(self, pair: Pair) -> Pair:
        return self.A(pair[0]), self.B(pair[1])


class Attention(nn.Module):
    """Attention of all tokens to all; the three projections of a way are one product."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (
            Multiway(lambda: nn.Linear(width, width)) for _ in range(4)
        )
        self.inner_attn_ln = Multiway(lambda: nn.LayerNorm(width))

    def projected(self, x: Tensor, way: str) -> Tensor:
        three = [getattr(one, way) for one in (self.q_proj, self.k_proj, self.v_proj)]
        return F.linear(x, torch.cat([one.weight for one in three]), torch.cat([one.bias for one in three]))

    def forward(self, pair: Pair, keep: Tensor) -> Pair:
        both = torch.cat([self.projected(x, way) for x, way in zip(pair, "AB")], 1)
        q, k, v = both.unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, keep[:, None, None, :]).transpose(1, 2).flatten(2)
        image, text = mixed.split([one.shape[1] for one in pair], 1)
        return self.out_proj(self.inner_attn_ln((image, text)))


class FeedForward(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.fc1, self.ffn_layernorm, self.fc2 = nn.Linear(width, hidden), nn.LayerNorm(hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.ffn_layernorm(F.gelu(self.fc1(x))))


class Layer(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.self_attn = Attention(width, heads)
        self.self_attn_layer_norm = Multiway(lambda: nn.LayerNorm(width))
        self.ffn = Multiway(lambda: FeedForward(width, hidden))
        self.final_layer_norm = Multiway(lambda: nn.LayerNorm(width))

    def forward(self, pair: Pair, keep: Tensor) -> Pair:
        pair = added(pair, self.self_attn(self.self_attn_layer_norm(pair), keep))
        return added(pair, self.ffn(self.final_layer_norm(pair)))


def added(a: Pair, b: Pair) -> Pair:
    return a[0] + b[0], a[1] + b[1]


class Encoder(nn.Module):
    """Names are those of BEiT-3's release. Pixels [B, 3, 96, 96], ids and mask [B, L] -> tokens [B, 1 + N + L, width]."""

    def __init__(
        self, words: int, width: int = 96, depth: int = 4, heads: int = 4, hidden: int = 160, patch: int = 12,
    ):
        super().__init__()
        self.config = dict(words=words, width=width, depth=depth, heads=heads, hidden=hidden, patch=patch)
        self.side = SIZE // patch
        self.split = 1 + self.side**2
        self.text_embed = nn.Embedding(words, width)
        self.vision_embed = nn.Module()
        self.vision_embed.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.vision_embed.cls_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.vision_embed.proj = nn.Conv2d(3, width, patch, patch)
        self.encoder = nn.Module()
        self.encoder.embed_positions = nn.Module()
        # The first two rows of both tables are not used, as in the release.
        self.encoder.embed_positions.A = nn.Embedding(2 + self.split, width)
        self.encoder.embed_positions.B = nn.Embedding(2 + LENGTH, width)
        self.encoder.layers = nn.ModuleList(Layer(width, heads, hidden) for _ in range(depth))
        self.encoder.layer_norm = Multiway(lambda: nn.LayerNorm(width))
        for table in (self.text_embed, self.encoder.embed_positions.A, self.encoder.embed_positions.B):
            nn.init.normal_(table.weight, std=0.3)
        with torch.no_grad():
            self.encoder.embed_positions.A.weight[3:] = 0.5 * sine_positions(self.side, width)

    def forward(self, pixels: Tensor, ids: Tensor, mask: Tensor, hidden: Tensor | None = None) -> Tensor:
        patches = self.vision_embed.proj(pixels).flatten(2).transpose(1, 2)
        if hidden is not None:
            patches = torch.where(hidden[..., None], self.vision_embed.mask_token.to(patches.dtype), patches)
        first = self.vision_embed.cls_token.expand(len(patches), -1, -1).to(patches.dtype)
        places = self.encoder.embed_positions
        image = torch.cat([first, patches], 1) + places.A.weight[2 : 2 + self.split]
        text = (self.text_embed(ids) + places.B.weight[2 : 2 + ids.shape[1]]) * mask[..., None]
        keep = torch.cat([torch.ones(len(ids), self.split, dtype=torch.bool), mask.bool()], 1)
        pair = (image, text)
        for layer in self.encoder.layers:
            pair = layer(pair, keep)
        return torch.cat(self.encoder.layer_norm(pair), 1)


class MultimodalModel(nn.Module):
    """The encoder with the heads that train it; only the encoder is kept."""

    def __init__(self, words: int, **config):
        super().__init__()
        self.encoder = Encoder(words, **config)
        width, patch = self.encoder.config["width"], self.encoder.config["patch"]
        self.category, self.color = nn.Linear(width, CATEGORIES + 1), nn.Linear(width, COLORS + 1)
        self.parts, self.box = nn.Linear(width, PARTS), nn.Linear(width, 4)
        self.words, self.pixels = nn.Linear(width, words), nn.Linear(width, 3 * patch**2)
        self.scale, self.bias = nn.Parameter(torch.tensor(2.5)), nn.Parameter(torch.tensor(-4.0))

    def likeness(self, tokens: Tensor) -> Tensor:
        """Logit of each patch to lie on what the phrase means: its cosine with the object token, scaled. [B, N]"""
        unit = F.normalize(tokens[:, : self.encoder.split].float(), dim=-1)
        return (unit[:, 1:] @ unit[:, 0, :, None])[..., 0] * self.scale.exp() + self.bias


def in_patches(maps: Tensor, patch: int) -> Tensor:
    """Maps [B, 24, 24] to the cells of each patch, [B, N, cells]."""
    count = patch // STEP
    cells = maps.unflatten(2, (-1, count)).unflatten(1, (-1, count))
    return cells.permute(0, 1, 3, 2, 4).flatten(3).flatten(1, 2)


def shares(cells: Tensor, classes: int) -> Tensor:
    """Share of each class among the cells of a patch, [B, N, classes]."""
    return F.one_hot(cells, classes).float().mean(2)


def soft_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross entropy with soft targets, of which the background (0) weighs less."""
    weights = torch.full((target.shape[-1],), 1.0)
    weights[0] = BACKGROUND_WEIGHT
    weighted = target * weights
    return -(weighted * logits.float().log_softmax(-1)).sum() / weighted.sum()


def sine_positions(side: int, width: int) -> Tensor:
    """Sines of rows and columns, [side², width]; learnt further from there."""
    rates = 1 / 100 ** (torch.arange(width // 4) / (width // 4))
    angles = torch.arange(side)[:, None] * rates
    waves = torch.cat([angles.sin(), angles.cos()], 1)
    both = [waves[:, None].expand(-1, side, -1), waves[None].expand(side, -1, -1)]
    return torch.cat(both, 2).flatten(0, 1)


def draw_phrase(phrases: list[str], random: np.random.Generator) -> str:
    """The shortest phrase in one of three cases, as often as the layout `refcoco` has it."""
    return phrases[0] if len(phrases) == 1 or random.random() < 1 / 3 else phrases[random.integers(1, len(phrases))]


class MultimodalObjective(nn.Module):
    def __init__(self, data: PhraseShards, seed: int, **config):
        super().__init__()
        self.data = data
        self.progress = 0.0
        texts = [line["caption"] for line in data.meta]
        texts += [phrase for line in data.meta for thing in line["objects"] for phrase in thing["phrases"]]
        self.words = Words.of(texts)
        # Objects of larger groups are smaller than two patches.
        self.few = np.array([i for i, line in enumerate(data.meta) if 0 < len(line["objects"]) <= MOST_OBJECTS])
        self.model = MultimodalModel(len(self.words.vocabulary), **config)
        self.numpy = np.random.default_rng(seed)
        self.generator = torch.Generator().manual_seed(seed)

    def prepare(self, batch: int) -> tuple[Tensor, ...]:
        indices = self.numpy.choice(self.few, batch)
        images, maps = self.data.batch(indices)
        pixels = normalise(augment(images, self.generator, hue=False))
        texts, targets = [], []
        color = torch.zeros(batch, 256, dtype=torch.long)
        boxes = torch.zeros(batch, 256, 4)
        for row, index in enumerate(indices):
            line = self.data.meta[index]
            for thing in line["objects"]:
                color[row, thing["id"]] = thing["color"]
                left, top, right, bottom = (edge / SIZE for edge in thing["box"])
                boxes[row, thing["id"]] = torch.tensor([left + right, top + bottom, 2 * (right - left), 2 * (bottom - top)]) / 2
            named = [thing for thing in line["objects"] if thing["phrases"]]
            thing = named[self.numpy.integers(len(named))] if named else None
            texts.append(draw_phrase(thing["phrases"], self.numpy) if thing else line["caption"])
            targets.append(thing["id"] if thing else 0)
        masked = int(batch * MASKED_SHARE)
        for row in range(masked):
            targets[row] = 0
            if self.numpy.random() < 0.5:
                texts[row] = self.data.meta[indices[row]]["caption"]
        ids, mask = self.words.encode(texts)
        return pixels, maps, ids, mask, torch.tensor(targets), color, boxes, self.hide(masked, ids, mask)

    def hide(self, masked: int, ids: Tensor, mask: Tensor) -> Tensor:
        """Patches [B, N] and words [B, L] that are hidden, side by side; only in the first `masked` rows."""
        patches, words = self.model.encoder.side**2, ids.shape[1]
        chance = torch.rand(len(ids), patches + words, generator=self.generator)
        hidden = torch.cat([chance[:, :patches] < MASKED_PATCHES, chance[:, patches:] < MASKED_WORDS], 1)
        hidden[:, patches:] &= (ids > MASK) & mask.bool()
        hidden[masked:] = False
        return hidden

    def loss(self, pixels, maps, ids, mask, targets, color, boxes, hidden) -> dict[str, Tensor]:
        model, encoder = self.model, self.model.encoder
        patch, count = encoder.config["patch"], encoder.side**2
        hidden_patches, hidden_words = hidden.split([count, ids.shape[1]], 1)
        tokens = encoder(pixels, torch.where(hidden_words, MASK, ids), mask, hidden_patches)
        patches, words = tokens[:, 1 : 1 + count], tokens[:, 1 + count :]
        things, parts, category = (in_patches(one, patch) for one in maps.unbind(1))
        losses = {
            "category": soft_loss(model.category(patches), shares(category, CATEGORIES + 1)),
            "color": 0.5 * soft_loss(model.color(patches), shares(color.gather(1, things.flatten(1)).view_as(things), COLORS + 1)),
            "parts": 0.5 * soft_loss(model.parts(patches), shares(parts, PARTS)),
            "box": self.box_loss(patches, things, boxes),
            "phrase": self.phrase_loss(tokens, things, targets),
        }
        if hidden_patches.any():
            true = F.pixel_unshuffle(pixels, patch).flatten(2).transpose(1, 2)[hidden_patches]
            losses["pixels"] = 0.3 * F.mse_loss(model.pixels(patches[hidden_patches]).float(), true)
        if hidden_words.any():
            losses["words"] = 0.3 * F.cross_entropy(model.words(words[hidden_words]).float(), ids[hidden_words])
        return losses

    def box_loss(self, patches: Tensor, things: Tensor, boxes: Tensor) -> Tensor:
        """Centre and size of the object that most of a patch shows, as shares of the picture."""
        thing = things.mode(2).values
        shown = thing > 0
        truth = boxes.gather(1, thing[..., None].expand(-1, -1, 4))[shown]
        return 5 * F.l1_loss(self.model.box(patches[shown]).float(), truth)

    def phrase_loss(self, tokens: Tensor, things: Tensor, targets: Tensor) -> Tensor:
        """Cross entropy and dice of the patches that lie on the object of the phrase."""
        asked = targets > 0
        logits = self.model.likeness(tokens[asked])
        truth = (things[asked] == targets[asked][:, None, None]).float().mean(2)
        chance = logits.sigmoid()
        dice = 1 - (2 * (chance * truth).sum(1) + 1) / (chance.sum(1) + truth.sum(1) + 1)
        return 4 * F.binary_cross_entropy_with_logits(logits, truth) + dice.mean()


def box_of(likeness: Tensor, share: float, side: int) -> Tensor:
    """Box around the patches that are at least `share` as likely as the likeliest, in shares of the picture. [B, 4]"""
    chance = likeness.sigmoid().view(-1, side, side)
    inside = chance >= share * chance.amax((1, 2), keepdim=True)
    edges = []
    for lines in (inside.any(1), inside.any(2)):
        edges += [lines.float().argmax(1), side - lines.flip(1).float().argmax(1)]
    return torch.stack([edges[0], edges[2], edges[1], edges[3]], 1) / side


def overlap(a: Tensor, b: Tensor) -> Tensor:
    """IoU of boxes [B, 4]."""
    size = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0)
    both = size.prod(1)
    return both / ((a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - both)
