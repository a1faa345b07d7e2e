"""Golden tensors of SimVG's head and losses, computed by PyTorch and SciPy from the formulas of arXiv 2409.17531.

    python test/grounding/golden/make.py        # torch 2.13, scipy 1.17; writes head.safetensors, assign.json and generalized.json
"""

import json
import math
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "nn" / "golden"))
import make as nn_golden  # noqa: E402

E, C, HEADS, B, L, ROWS, COLUMNS = 6, 8, 2, 2, 5, 2, 3
GENERATOR, DECODER = 6, 10


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(C, C) for _ in range(4))

    def forward(self, q, k, v, mask=None):
        q, k, v = self.q_proj(q), self.k_proj(k), self.v_proj(v)
        q, k, v = (t.unflatten(2, (HEADS, -1)).transpose(1, 2) for t in (q, k, v))
        keep = None if mask is None else mask.bool()[:, None, None, :]
        return self.out_proj(F.scaled_dot_product_attention(q, k, v, keep).transpose(1, 2).flatten(2))


class Layer(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.self_attn, self.cross_attn = Attention(), Attention()
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(C), nn.LayerNorm(C), nn.LayerNorm(C)
        self.mlp = nn.Module()
        self.mlp.fc1, self.mlp.fc2 = nn.Linear(C, hidden), nn.Linear(hidden, C)

    def forward(self, x, query, memory, key_pos, mask):
        x = self.norm1(x + self.self_attn(x + query, x + query, x))
        x = self.norm2(x + self.cross_attn(x + query, memory + key_pos, memory, mask))
        return self.norm3(x + self.mlp.fc2(F.relu(self.mlp.fc1(x))))


class Decoder(nn.Module):
    def __init__(self, layers, hidden):
        super().__init__()
        self.layers = nn.ModuleList(Layer(hidden) for _ in range(layers))
        self.norm = nn.LayerNorm(C)

    def forward(self, query, memory, key_pos, mask=None):
        x, outputs = torch.zeros_like(query), []
        for layer in self.layers:
            x = layer(x, query, memory, key_pos, mask)
            outputs.append(self.norm(x))
        return outputs


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.classes = nn.Linear(C, 2)
        self.box = nn.ModuleList([nn.Linear(C, C), nn.Linear(C, C), nn.Linear(C, 4)])

    def forward(self, x):
        hidden = F.relu(self.box[1](F.relu(self.box[0](x))))
        return self.classes(x), self.box[2](hidden).sigmoid()


def interleaved(angle):
    """Sines in even channels, cosines in odd ones, of angles [..., C / 2]."""
    return torch.stack((angle.sin(), angle.cos()), -1).flatten(-2)


def text_positions(count, legacy):
    frequency = torch.exp(torch.arange(0, C, 2) * (-math.log(10_000) / C))
    if legacy:
        frequency = frequency.int()
    return interleaved(torch.arange(count).float()[:, None] * frequency)[None]


def grid_positions(rows, columns):
    ones = torch.ones(1, rows, columns)
    y, x = ones.cumsum(1), ones.cumsum(2)
    y, x = (2 * math.pi * t / (t.flatten(1).max() + 1e-6) for t in (y, x))
    frequency = 10_000 ** (-torch.arange(0, C // 2, 2).float() / (C // 2))
    return torch.cat([interleaved(t[..., None] * frequency) for t in (y, x)], -1).flatten(1, 2)


class Head(nn.Module):
    def __init__(self, queries, token_layers=1, legacy=False):
        super().__init__()
        self.legacy = legacy
        self.image_proj, self.text_proj, self.object_proj = (nn.Linear(E, C) for _ in range(3))
        self.query_init = nn.Embedding(queries, C)
        self.generator, self.decoder = Decoder(2, GENERATOR), Decoder(3, DECODER)
        self.token_mlp = nn.ModuleList(nn.Linear(C, C) for _ in range(token_layers))
        self.token_heads, self.decoder_heads = Heads(), Heads()

    def pool(self, words, mask):
        if self.legacy:
            rows = [torch.max(one[~m.int().eq(0).int(), :], 0).values for one, m in zip(words, mask)]
            return torch.stack(rows)[:, None]
        return words.masked_fill(mask.eq(0)[..., None], -torch.inf).amax(1, keepdim=True)

    def predict(self, obj, image, text, mask, branch="both"):
        words = self.text_proj(text)
        start = self.query_init.weight[None].expand(len(text), -1, -1)
        generated = self.generator(start, words, text_positions(text.shape[1], self.legacy), mask)[-1]
        query = generated + self.pool(words, mask) + start
        token = self.predict_token(obj, query) if branch != "decoder" else None
        return token, self.predict_decoder(image, query) if branch != "token" else []

    def predict_token(self, obj, query):
        token = self.object_proj(obj)[:, None] + query
        for i, layer in enumerate(self.token_mlp):
            token = layer(F.relu(token) if i else token)
        return self.token_heads(token)

    def predict_decoder(self, image, query):
        outputs = self.decoder(query, self.image_proj(image), grid_positions(ROWS, COLUMNS))
        return [self.decoder_heads(x) for x in outputs]

    def forward(self, obj, image, text, mask):
        token, decoder = self.predict(obj, image, text, mask)
        return torch.cat([t.flatten() for pair in (token, *decoder) for t in pair])


def corners(box):
    return torch.cat([box[..., :2] - box[..., 2:] / 2, box[..., :2] + box[..., 2:] / 2], -1)


def overlaps(a, b):
    """IoU and generalized IoU of every pair of boxes with corners."""
    area = [((t[:, 2] - t[:, 0]) * (t[:, 3] - t[:, 1])) for t in (a, b)]
    inner = (torch.minimum(a[:, None, 2:], b[:, 2:]) - torch.maximum(a[:, None, :2], b[:, :2])).clamp(min=0).prod(-1)
    union = area[0][:, None] + area[1] - inner
    outer = (torch.maximum(a[:, None, 2:], b[:, 2:]) - torch.minimum(a[:, None, :2], b[:, :2])).prod(-1)
    return inner / union, inner / union - (outer - union) / outer


def linear_sum_assignment(cost):
    from scipy.optimize import linear_sum_assignment as assign  # The layers alone, which the benchmark takes, need no SciPy.

    return assign(cost)


def match(logits, boxes, target):
    cost = -logits.softmax(-1)[:, :1] + 5 * torch.cdist(boxes, target, p=1)
    cost = cost - 2 * overlaps(corners(boxes), corners(target))[1]
    return linear_sum_assignment(cost.detach().numpy())


def set_loss(prediction, targets):
    logits, boxes = prediction
    pairs = [match(l, b, t) for l, b, t in zip(logits, boxes, targets)]
    classes = torch.ones(logits.shape[:2], dtype=torch.long)
    for one, (queries, _) in zip(classes, pairs):
        one[torch.as_tensor(queries)] = 0
    loss = F.cross_entropy(logits.transpose(1, 2), classes, torch.tensor([1, 0.1]))
    count = max(1, sum(len(t) for t in targets))
    for own, (queries, order), target in zip(boxes, pairs, targets):
        if len(queries) == 0:
            continue
        found, truth = own[torch.as_tensor(queries)], target[torch.as_tensor(order)]
        overlap = overlaps(corners(found), corners(truth))[1].diagonal()
        loss = loss + 5 * F.l1_loss(found, truth, reduction="sum") / count + 2 * (1 - overlap).sum() / count
    return loss, pairs


def weight_of(prediction, pairs, targets):
    logits, boxes = (t.detach() for t in prediction)
    quality = []
    for scores, own, (queries, order), target in zip(logits.softmax(-1)[..., 0], boxes, pairs, targets):
        for q, t in zip(queries, order):
            quality.append(scores[q] * overlaps(corners(own[q : q + 1]), corners(target[t : t + 1]))[0][0, 0])
    return torch.stack(quality).mean() if quality else torch.tensor(0.0)


def total_loss(token, decoder, targets, balance=None):
    losses = [set_loss(layer, targets) for layer in decoder]
    pairs = losses[-1][1]
    weight = weight_of(decoder[-1], pairs, targets) if balance is None else torch.tensor(balance)
    taught = [boxes.detach()[torch.as_tensor(queries, dtype=torch.long)] for boxes, (queries, _) in zip(decoder[-1][1], pairs)]
    loss = sum(loss for loss, _ in losses)
    loss = loss + 2 * (1 - weight) * set_loss(token, targets)[0] + weight * set_loss(token, taught)[0]
    return loss, weight


def box_of(count):
    center = 0.3 + 0.4 * torch.rand(count, 2)
    return torch.cat([center, 0.15 + 0.3 * torch.rand(count, 2)], 1)


def inputs():
    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], dtype=torch.int32)
    return torch.randn(B, E), torch.randn(B, ROWS * COLUMNS, E), torch.randn(B, L, E), mask


class WithLoss(nn.Module):
    def __init__(self, head, targets, balance=None):
        super().__init__()
        self.head, self.targets, self.balance = head, targets, balance

    def parameters(self, recurse=True):
        return self.head.parameters(recurse)

    def named_parameters(self, *args, **options):
        return self.head.named_parameters(*args, **options)

    def forward(self, *tensors):
        loss, self.weight = total_loss(*self.head.predict(*tensors), self.targets, self.balance)
        return loss


def keep(store, name, weight, targets):
    store[f"{name}/weight"] = weight.float().reshape(1)
    for i, target in enumerate(targets):
        store[f"{name}/target{i}"] = target.reshape(-1, 4)


def lcg(state):
    while True:
        state = (state * 1664525 + 1013904223) % 2**32
        yield state / 2**32


def assignments():
    """Columns that SciPy gives to rows of 1,000 matrices of a generator that both languages have."""
    numbers, cases = lcg(7), []
    for _ in range(1000):
        rows, columns = (1 + int(next(numbers) * 12) for _ in range(2))
        cost = [[next(numbers) * 4 - 2 for _ in range(columns)] for _ in range(rows)]
        found = linear_sum_assignment(cost)
        cases.append([rows, columns, *(int(c) for pair in zip(*found) for c in pair)])
    return cases


def generalized():
    """Expressions with boxes, scores and targets, with their F1 by pairs of the largest overlap first, and the scores of the set."""
    cases, exact, silent, empty = [], 0, 0, 0
    for i in range(120):
        targets = corners(box_of(i % 4)).round(decimals=3)
        extra = corners(box_of(i % 3)).round(decimals=3)
        moved = (targets + 0.06 * torch.randn_like(targets)).round(decimals=3)
        boxes = torch.cat([moved[: len(moved) - (i % 5 == 0)], extra])
        scores = torch.rand(len(boxes)).mul(0.6).add(0.4 - 0.1 * (len(targets) == 0)).round(decimals=2)
        chosen = boxes[scores >= 0.7]
        hits = 0
        if len(targets) and len(chosen):
            overlap = overlaps(chosen.double(), targets.double())[1]
            while overlap.max() >= 0.5:
                row, column = divmod(int(overlap.argmax()), len(targets))
                overlap[row], overlap[:, column] = -2, -2
                hits += 1
        wrong, missed = len(chosen) - hits, len(targets) - hits
        f1 = 2 * hits / (2 * hits + wrong + missed) if len(targets) else float(len(chosen) == 0)
        exact += f1 == 1
        empty += len(targets) == 0
        silent += len(targets) == 0 and len(chosen) == 0
        cases.append({"boxes": rounded(boxes), "scores": rounded(scores), "targets": rounded(targets), "f1": f1})
    return {"cases": cases, "f1": exact / len(cases), "noTargetAccuracy": silent / empty}


def rounded(tensor):
    return json.loads(json.dumps(tensor.tolist()), parse_float=lambda text: round(float(text), 4))


def main():
    torch.manual_seed(0)
    store = {}
    for name, head in {
        "head": Head(1),
        "head-queries": Head(3, token_layers=2),
        "head-legacy": Head(1, legacy=True),
        "head-no-mlp": Head(2, token_layers=0),
    }.items():
        nn_golden.case(store, name, head, *inputs())
    through = WithLoss(Head(3), [box_of(2), box_of(1)])
    nn_golden.case(store, "loss-through", through, *inputs())
    keep(store, "loss-through", through.weight, through.targets)
    for name, queries, counts, balance in (
        ("loss", 1, (1, 1), None),
        ("loss-queries", 4, (2, 1), None),
        ("loss-some-empty", 3, (0, 2), None),
        ("loss-empty", 3, (0, 0), None),
        ("loss-crowded", 1, (2, 1), None),
        ("loss-fixed", 1, (1, 1), 0.5),
        ("loss-truth", 1, (1, 1), 0.0),
        ("loss-taught", 1, (1, 1), 1.0),
    ):
        targets = [box_of(count) for count in counts]
        predictions = []
        for _ in range(4):
            predictions += [torch.randn(B, queries, 2), torch.stack([box_of(queries) for _ in range(B)])]
        nn_golden.case(
            store,
            name,
            nn.Identity(),
            *predictions,
            call=lambda *p, t=targets, b=balance: total_loss(p[:2], [p[2:4], p[4:6], p[6:8]], t, b)[0],
        )
        keep(store, name, total_loss(predictions[:2], [predictions[6:8]], targets, balance)[1], targets)
    a, b = corners(box_of(40)), corners(box_of(40) + torch.tensor([0.1, -0.05, 0, 0]))
    for i, name in enumerate(("iou", "giou")):
        nn_golden.case(store, name, nn.Identity(), a, b, call=lambda a, b, i=i: overlaps(a, b)[i].diagonal())
    logits, classes = torch.randn(7, 3), torch.tensor([0, 1, 2, 2, -100, 1, 0])
    for name, options in {
        "entropy": {},
        "entropy-smooth": {"label_smoothing": 0.2},
        "entropy-sum": {"reduction": "sum"},
    }.items():
        weight = torch.tensor([1, 0.1, 2.5])
        nn_golden.case(
            store,
            name,
            nn.Identity(),
            logits,
            classes.int(),
            call=lambda x, y: F.cross_entropy(x, y.long(), weight, **options),
        )
    nn_golden.HERE = HERE
    nn_golden.save("head", {key: value for key, value in store.items() if value is not None})
    (HERE / "generalized.json").write_text(json.dumps(generalized()))
    (HERE / "assign.json").write_text(json.dumps(assignments()))


if __name__ == "__main__":
    main()
