"""Golden tensors of students of several teachers, computed by PyTorch from the formulas of arXiv 2410.14633.

    python test/sak/golden/make.py        # torch 2.13; writes sak.safetensors beside itself
"""

import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "nn" / "golden"))
import make as nn_golden  # noqa: E402

C, DEPTH, HEADS, PATCH, SIDE = 8, 2, 2, 4, 12
TEACHERS = {"dino": 8, "clip": 6}
TASKS = {"semseg": 3, "depth": 1}
LEVELS = (0, 2)  # the stem, and the last block


def case(store, name, module, *inputs, call=None):
    """Runs a module, with its buffers as they were before; a scale of exactly 1 would hide mistakes."""
    for parameter in module.parameters():
        nn.init.normal_(parameter, 0.4 if parameter.dim() == 1 else 0, 0.5)
    buffers = {key: buffer.clone() for key, buffer in module.named_buffers() if "num_batches" not in key}
    weights = {key: parameter.detach().clone() for key, parameter in module.named_parameters()}
    nn_golden.case(store, name, Frozen(module), *inputs, call=call)
    for key in [key for key in store if key.startswith((f"{name}/p.", f"{name}/dp."))]:
        store[key.replace("p.inner.", "p.")] = store.pop(key)
    for key, value in weights.items():
        store[f"{name}/p.{key}"] = value
    for key, buffer in buffers.items():
        store[f"{name}/p.{key}"] = buffer
        store[f"{name}/after.{key}"] = dict(module.named_buffers())[key].clone()


class Frozen(nn.Module):
    """A module whose one-dimensional weights the shared `case` must not draw again."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def parameters(self, recurse=True):
        return iter(())

    def forward(self, *inputs):
        return self.inner(*inputs)


class Adapter(nn.Module):
    def __init__(self, width=C):
        super().__init__()
        self.down, self.up = nn.Linear(width, width // 4), nn.Linear(width // 4, width)
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return x + self.scale * self.up(F.gelu(self.down(x)))


class TeacherPath(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.adapters = nn.ModuleList(Adapter() for _ in range(DEPTH + 1))
        self.norms = nn.ModuleList(nn.LayerNorm(C) for _ in LEVELS)
        self.aligners = nn.ModuleList(nn.Linear(C, width) for _ in LEVELS if width != C)

    def levels(self, streams):
        r = self.adapters[0](streams[0])
        rungs = [r]
        for i in range(DEPTH):
            r = self.adapters[i + 1](r + streams[i + 1])
            rungs.append(r)
        return [norm(rungs[level]) for norm, level in zip(self.norms, LEVELS)]

    def align(self, features):
        return [aligner(f) for aligner, f in zip(self.aligners, features)] if len(self.aligners) else features

    def forward(self, *streams):
        return torch.stack(self.align(self.levels(streams)), 1)


class Router(nn.Module):
    def __init__(self, experts, noisy=True, top_k=None):
        super().__init__()
        self.noisy, self.top_k = noisy, top_k
        self.fc1, self.norm = nn.Linear(C, C // 2), nn.LayerNorm(C // 2)
        self.fc2 = nn.Linear(C // 2, (2 if noisy else 1) * experts)

    def forward(self, z, noise=None):
        logits = self.fc2(F.gelu(self.norm(self.fc1(z)))).mean(1)
        if self.noisy:
            logits, spread = logits.chunk(2, -1)
            if noise is not None:
                logits = logits + noise * (F.softplus(spread) + 0.01)
        if self.top_k:
            best = logits.topk(self.top_k, -1).indices
            logits = torch.full_like(logits, -torch.inf).scatter(-1, best, logits.gather(-1, best))
        return logits.softmax(-1)


class Head(nn.Module):
    def __init__(self, outputs, width=C):
        super().__init__()
        self.projections = nn.ModuleList(nn.Linear(C, width // 4) for _ in LEVELS)
        self.conv = nn.Conv2d(len(LEVELS) * width // 4, width, 3, padding=1)
        self.bn = nn.BatchNorm2d(width)
        self.classifier = nn.Conv2d(width, outputs, 1)

    def forward(self, *levels, size=(SIDE, SIDE + PATCH)):
        grid = (size[0] // PATCH, size[1] // PATCH)
        maps = [p(x).transpose(1, 2).unflatten(2, grid) for p, x in zip(self.projections, levels)]
        maps = [F.interpolate(m, (size[0] // 4, size[1] // 4), mode="bilinear") for m in maps]
        hidden = F.gelu(self.bn(self.conv(torch.cat(maps, 1))))
        return F.interpolate(self.classifier(hidden), size, mode="bilinear")


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.proj = nn.Linear(C, 3 * C), nn.Linear(C, C)

    def forward(self, x):
        q, k, v = (t.unflatten(2, (HEADS, -1)).transpose(1, 2) for t in self.qkv(x).chunk(3, -1))
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(C, 2 * C), nn.Linear(2 * C, C)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(C, 1e-6), nn.LayerNorm(C, 1e-6)
        self.attn, self.mlp = Attention(), Mlp()

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Conv2d(3, C, PATCH, PATCH)


class Stem(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch_embed = PatchEmbed()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, C))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + (SIDE // PATCH) ** 2, C))
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))

    def forward(self, x):
        tokens = self.patch_embed.proj(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), tokens], 1) + self.pos_embed
        streams = [x]
        for block in self.blocks:
            streams.append(block(streams[-1]))
        return [stream[:, 1:] for stream in streams]


class Sak(nn.Module):
    def __init__(self, mor=True):
        super().__init__()
        self.stem = Stem()
        self.paths = nn.ModuleDict({name: TeacherPath(width) for name, width in TEACHERS.items()})
        experts = len(TEACHERS) + 1
        routers = {task: nn.ModuleList(Router(experts) for _ in LEVELS) for task in TASKS}
        self.routers = nn.ModuleDict(routers if mor else {})
        self.heads = nn.ModuleDict({task: Head(outputs) for task, outputs in TASKS.items()})

    def features(self, x):
        streams = self.stem(x)
        return [streams[level] for level in LEVELS], {name: p.levels(streams) for name, p in self.paths.items()}

    def predict(self, z, paths):
        outputs = []
        for task, head in self.heads.items():
            mixed = []
            for i, tokens in enumerate(z):
                experts = [tokens] + [levels[i] for levels in paths.values()]
                w = self.routers[task][i](tokens) if task in self.routers else torch.ones(len(tokens), len(experts))
                mixed.append(sum(w[:, e, None, None] * one for e, one in enumerate(experts)))
            outputs.append(head(*mixed, size=(SIDE, SIDE)))
        return outputs

    def forward(self, x):
        return torch.cat(self.predict(*self.features(x)), 1)


def kd(student, teacher, grids, token=False, weights=(0.9, 0.1), relational=0.0):
    """Loss of one level; grids of student and teacher may differ, the lower one is resized."""
    maps = [x.transpose(1, 2).unflatten(2, grid) for x, grid in zip((student, teacher), grids)]
    if grids[0] != grids[1]:
        if grids[0][0] < grids[1][0]:
            maps[0] = F.interpolate(maps[0], grids[1], mode="bilinear")
        else:
            maps[1] = F.interpolate(maps[1], grids[0], mode="bilinear")
    rows = [m.flatten(2).transpose(1, 2) for m in maps]
    flat = [r.flatten(0, 1) if token else r.flatten(1) for r in rows]
    loss = weights[0] * F.cosine_embedding_loss(*flat, torch.ones(len(flat[0])))
    loss = loss + weights[1] * F.smooth_l1_loss(*rows)
    if relational:
        near = [F.normalize(r, dim=-1) @ F.normalize(r, dim=-1).transpose(1, 2) for r in rows]
        loss = loss + relational * F.mse_loss(*near)
    return loss


class Distilled(nn.Module):
    """Both teachers at both levels, and the task outputs, as stage 2 adds them up."""

    def __init__(self):
        super().__init__()
        self.stem = Stem()
        self.paths = nn.ModuleDict({name: TeacherPath(width) for name, width in TEACHERS.items()})

    def forward(self, x, *teachers):
        streams = self.stem(x)
        aligned = [f for path in self.paths.values() for f in path.align(path.levels(streams))]
        grids = [(3, 3), (3, 3)], [(3, 3), (3, 3)], [(3, 3), (4, 2)], [(3, 3), (2, 5)]
        return sum(kd(f, t.detach(), g) + 0 * t.sum() for f, t, g in zip(aligned, teachers, grids))


LOSSES = {
    "kd-map": {},
    "kd-token": {"token": True, "weights": (0.5, 0.5)},
    "kd-relational": {"relational": 2.0},
}
GRIDS = {"equal": ((3, 4), (3, 4)), "lower": ((2, 3), (4, 4)), "higher": ((4, 3), (2, 5))}

if __name__ == "__main__":
    torch.manual_seed(14)
    store = {}
    streams = [torch.randn(2, 5, C) for _ in range(DEPTH + 1)]
    case(store, "adapter", Adapter(), torch.randn(2, 3, C))
    case(store, "path", TeacherPath(C), *streams)
    case(store, "path-aligned", TeacherPath(6), *streams)
    z = torch.randn(3, 5, C)
    case(store, "router", Router(4), z)
    case(store, "router-noise", Router(4), z, torch.randn(3, 4))
    case(store, "router-plain", Router(4, noisy=False), z)
    case(store, "router-sparse", Router(4, top_k=2), z)
    head = [torch.randn(2, 12, C) for _ in LEVELS]
    case(store, "head", Head(3), *head)
    case(store, "head-eval", Head(3).eval(), *head)
    for name in ("up", "down"):
        grid = {"up": (7, 6), "down": (2, 3)}[name]
        nn_golden.case(store, f"resize-{name}", nn.Identity(), torch.randn(2, 3, 4, 5),
                       call=lambda x, grid=grid: F.interpolate(x, grid, mode="bilinear"))
    for name, options in LOSSES.items():
        for kind, grids in GRIDS.items():
            inputs = [torch.randn(2, h * w, 5) for h, w in grids]
            nn_golden.case(store, f"{name}-{kind}", nn.Identity(), *inputs,
                           call=lambda s, t, grids=grids, options=options: kd(s, t.detach(), grids, **options) + 0 * t.sum())
    pixels = torch.randn(2, 3, SIDE, SIDE)
    case(store, "model", Sak().eval(), pixels)
    case(store, "model-sum", Sak(mor=False).eval(), pixels)
    teachers = [torch.randn(2, n, w) for n, w in ((9, 8), (9, 8), (8, 6), (10, 6))]
    case(store, "distilled", Distilled(), pixels, *teachers)
    nn_golden.HERE = HERE
    nn_golden.save("sak", store)
