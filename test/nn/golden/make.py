"""Golden tensors for layers, losses and optimisers, computed by PyTorch.

    python test/nn/golden/make.py        # torch 2.13 and transformers 5.23, writes *.safetensors beside itself

Each case is stored under `<case>/`: `x…` inputs, `p.<name>` parameters, `y` the output, `dy` the gradient fed into it,
`dx…` and `dp.<name>` the gradients that come out.
"""

import json
import struct
from pathlib import Path

import torch
from torch import nn
from transformers import (
    get_constant_schedule_with_warmup,
    get_cosine_schedule_with_warmup,
    get_linear_schedule_with_warmup,
)

HERE = Path(__file__).parent
DTYPES = {torch.float32: "F32", torch.int32: "I32"}


def save(name, tensors):
    """safetensors by hand: the format is small, and the package is not needed for anything else."""
    header, parts, at = {}, [], 0
    for key, tensor in tensors.items():
        data = tensor.detach().contiguous().numpy().tobytes()
        header[key] = {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (HERE / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def case(store, name, module, *inputs, call=None):
    """Runs a module forward and backward and stores what went in and came out."""
    for parameter in module.parameters():
        if parameter.dim() == 1:  # zeros and ones hide mistakes
            nn.init.normal_(parameter, 0.5, 0.5)
    tracked = [x.clone().requires_grad_() if x.is_floating_point() else x for x in inputs]
    y = (call or module)(*tracked)
    dy = torch.randn_like(y)
    y.backward(dy)
    for i, x in enumerate(tracked):
        store[f"{name}/x{i}"] = x.detach()
        if x.requires_grad:
            store[f"{name}/dx{i}"] = x.grad
    store[f"{name}/y"], store[f"{name}/dy"] = y, dy
    for key, parameter in module.named_parameters():
        store[f"{name}/p.{key}"] = parameter
        if parameter.grad is not None:
            store[f"{name}/dp.{key}"] = parameter.grad


FUNCTIONS = {
    "gelu": nn.functional.gelu,
    "gelu-tanh": lambda x: nn.functional.gelu(x, approximate="tanh"),
    "silu": nn.functional.silu,
    "relu": nn.functional.relu,
    "normalise": nn.functional.normalize,
}
PICTURES = {
    "pixel-shuffle": lambda x: nn.functional.pixel_shuffle(x, 2),
    "pixel-unshuffle": lambda x: nn.functional.pixel_unshuffle(x, 2),
}


class PatchEmbedding(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Conv2d(3, 5, 2, 2)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class Mlp(nn.Module):
    def __init__(self, activation, features=4):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(features, 4 * features), nn.Linear(4 * features, features)
        self.activation = activation

    def forward(self, x):
        return self.fc2(self.activation(self.fc1(x)))


class SwiGlu(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate_proj, self.up_proj = nn.Linear(4, 6, bias=False), nn.Linear(4, 6, bias=False)
        self.down_proj = nn.Linear(6, 4, bias=False)

    def forward(self, x):
        return self.down_proj(nn.functional.silu(self.gate_proj(x)) * self.up_proj(x))


class Attention(nn.Module):
    """The projections by hand, the attention itself by torch's scaled_dot_product_attention."""

    def __init__(self, features, heads, groups=None, context=None, causal=False, bias=True):
        super().__init__()
        self.heads, self.groups, self.causal = heads, groups or heads, causal
        width = features // heads * self.groups
        self.q_proj = nn.Linear(features, features, bias=bias)
        self.k_proj = nn.Linear(context or features, width, bias=bias)
        self.v_proj = nn.Linear(context or features, width, bias=bias)
        self.out_proj = nn.Linear(features, features, bias=bias)

    def forward(self, x, other=None):
        mask = other if other is not None and other.dtype == torch.int32 else None
        context = x if other is None or mask is not None else other
        q = self.q_proj(x).unflatten(2, (self.heads, -1)).transpose(1, 2)
        k, v = (p(context).unflatten(2, (self.groups, -1)).transpose(1, 2) for p in (self.k_proj, self.v_proj))
        allowed = torch.ones(x.shape[1], context.shape[1], dtype=torch.bool)
        if self.causal:
            allowed = allowed.tril()
        if mask is not None:
            allowed = allowed & mask[:, None, None].bool()
        y = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=allowed, enable_gqa=True)
        return self.out_proj(y.transpose(1, 2).flatten(2))


class LayerScale(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(features))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(8, eps=1e-6), nn.LayerNorm(8, eps=1e-6)
        self.attn, self.mlp = Attention(8, 2), Mlp(nn.functional.gelu, 8)
        self.ls1, self.ls2 = LayerScale(8), LayerScale(8)

    def forward(self, x):
        x = x + self.ls1.gamma * self.attn(self.norm1(x))
        return x + self.ls2.gamma * self.mlp(self.norm2(x))


def losses():
    torch.manual_seed(2)
    store = {}
    f = nn.functional
    logits, classes = torch.randn(6, 5) * 2, torch.tensor([4, 0, 2, 2, 1, 3], dtype=torch.int32)
    holes = torch.tensor([4, -100, 2, -100, 1, 3], dtype=torch.int32)

    def loss(name, function, *inputs):
        case(store, name, nn.Identity(), *inputs, call=function)

    loss("cross-entropy", lambda x, t: f.cross_entropy(x, t.long()), logits, classes)
    loss("cross-entropy-sum", lambda x, t: f.cross_entropy(x, t.long(), reduction="sum"), logits, classes)
    loss("cross-entropy-ignore", lambda x, t: f.cross_entropy(x, t.long()), logits, holes)
    loss("cross-entropy-smooth", lambda x, t: f.cross_entropy(x, t.long(), label_smoothing=0.2), logits, holes)
    pair = torch.randn(4, 5), torch.randn(4, 5)
    loss("mse", f.mse_loss, *pair)
    loss("mse-sum", lambda a, b: f.mse_loss(a, b, reduction="sum"), *pair)
    loss("smooth-l1", lambda a, b: f.smooth_l1_loss(a, b, beta=0.7), *pair)
    loss("l1", f.l1_loss, *pair)
    loss("cosine", lambda a, b: f.cosine_embedding_loss(a, b, torch.ones(4)), *pair)

    def distil(student, teacher):
        teacher = (teacher.detach() / 3).softmax(1)
        return 9 * f.kl_div((student / 3).log_softmax(1), teacher, reduction="batchmean")

    case(store, "distillation", nn.Identity(), pair[0], call=lambda s: distil(s, pair[1]))
    store["distillation/teacher"] = pair[1]

    def info_nce(a, b, t):
        scores = f.normalize(a) @ f.normalize(b).T / t
        own = torch.arange(4)
        return (f.cross_entropy(scores, own) + f.cross_entropy(scores.T, own)) / 2

    loss("info-nce", info_nce, *pair, torch.tensor(0.2))
    save("losses", store)


def layers():
    torch.manual_seed(0)
    store = {}
    case(store, "linear", nn.Linear(5, 7), torch.randn(2, 3, 5))
    case(store, "linear-no-bias", nn.Linear(5, 7, bias=False), torch.randn(4, 5))
    case(store, "layer-norm", nn.LayerNorm(6), torch.randn(2, 3, 6))
    case(store, "layer-norm-eps", nn.LayerNorm(6, eps=0.1), torch.randn(4, 6))
    case(store, "rms-norm", nn.RMSNorm(6, eps=1e-6), torch.randn(2, 3, 6))
    case(store, "embedding", nn.Embedding(5, 3), torch.tensor([[4, 0, 4], [1, 4, 2]], dtype=torch.int32))
    case(store, "patch-embedding", PatchEmbedding(), torch.randn(2, 3, 4, 6))
    case(store, "mlp", Mlp(nn.functional.gelu), torch.randn(2, 3, 4))
    case(store, "mlp-tanh", Mlp(lambda x: nn.functional.gelu(x, approximate="tanh")), torch.randn(2, 3, 4))
    case(store, "swiglu", SwiGlu(), torch.randn(2, 3, 4))
    mask = torch.tensor([[1, 1, 1, 0, 1], [1, 1, 0, 0, 0]], dtype=torch.int32)
    case(store, "attention", Attention(8, 2), torch.randn(2, 5, 8))
    case(store, "attention-causal", Attention(8, 2, causal=True), torch.randn(2, 5, 8))
    case(store, "attention-mask", Attention(8, 2), torch.randn(2, 5, 8), mask)
    case(store, "attention-causal-mask", Attention(8, 2, causal=True), torch.randn(2, 5, 8), mask)
    case(store, "attention-groups", Attention(8, 4, groups=2, bias=False), torch.randn(2, 5, 8))
    case(store, "attention-cross", Attention(8, 2, context=6), torch.randn(2, 3, 8), torch.randn(2, 5, 6))
    case(store, "block", Block(), torch.randn(2, 5, 8))
    for name, function in FUNCTIONS.items():
        case(store, name, nn.Identity(), torch.randn(3, 7) * 2, call=function)
    for name, function in PICTURES.items():
        case(store, name, nn.Identity(), torch.randn(2, 8, 4, 6), call=function)
    save("layers", store)


SIZES = [(3, 4), (2, 2)]


class DeformableAttention(nn.Module):
    """Multi-scale deformable attention by grid_sample, as its release's fallback for machines without CUDA."""

    def __init__(self, features=8, heads=2, levels=2, points=3):
        super().__init__()
        self.heads, self.levels, self.points = heads, levels, points
        self.sampling_offsets = nn.Linear(features, heads * levels * points * 2)
        self.attention_weights = nn.Linear(features, heads * levels * points)
        self.value_proj, self.output_proj = nn.Linear(features, features), nn.Linear(features, features)

    def forward(self, query, values, references):
        b, n, c = query.shape
        split = self.value_proj(values).unflatten(2, (self.heads, -1))
        offsets = self.sampling_offsets(query).view(b, n, self.heads, self.levels, self.points, 2)
        weights = self.attention_weights(query).view(b, n, self.heads, -1).softmax(-1)
        weights = weights.view(b, n, self.heads, self.levels, self.points)
        cells = torch.tensor([[w, h] for h, w in SIZES], dtype=torch.float32)[:, None]
        locations = references[:, :, None, None, None] + offsets / cells
        total, at = 0, 0
        for level, (h, w) in enumerate(SIZES):
            part = split[:, at : at + h * w].permute(0, 2, 3, 1).reshape(b * self.heads, -1, h, w)
            at += h * w
            grid = (2 * locations[:, :, :, level] - 1).transpose(1, 2).flatten(0, 1)
            sampled = nn.functional.grid_sample(part, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
            shares = weights[:, :, :, level].transpose(1, 2).flatten(0, 1)[:, None]
            total = total + (sampled * shares).sum(-1)
        return self.output_proj(total.view(b, c, n).transpose(1, 2))


def deformable():
    torch.manual_seed(3)
    store = {}
    tokens = sum(h * w for h, w in SIZES)
    inputs = torch.randn(2, 5, 8), torch.randn(2, tokens, 8), torch.rand(2, 5, 2)
    case(store, "attention", DeformableAttention(), *inputs)
    shared = torch.randn(2, 5, 8), torch.randn(2, tokens, 8), torch.rand(1, 5, 2)
    case(store, "attention-shared", DeformableAttention(), *shared)
    save("deformable", store)


def optimisers():
    """Parameters after each of five updates with given gradients."""
    torch.manual_seed(1)
    store = {}
    settings = {
        "adamw": lambda p: torch.optim.AdamW(p),
        "adamw-set": lambda p: torch.optim.AdamW(p, lr=0.05, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.3),
        "adamw-groups": lambda p: torch.optim.AdamW(
            [{"params": p[:1], "lr": 0.1, "weight_decay": 0.0}, {"params": p[1:]}], lr=0.01, weight_decay=0.2
        ),
    }
    sgd = {"lr": 0.05, "weight_decay": 0.3, "momentum": 0.8}
    settings |= {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
        "sgd-momentum": lambda p: torch.optim.SGD(p, **sgd),
        "sgd-nesterov": lambda p: torch.optim.SGD(p, **sgd, nesterov=True),
        "sgd-groups": lambda p: torch.optim.SGD(
            [{"params": p[:1], "lr": 0.1, "weight_decay": 0.0}, {"params": p[1:]}], **sgd, nesterov=True
        ),
        "adam-amsgrad": lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.9, 0.98), eps=1e-9, amsgrad=True),
        "adamw-amsgrad": lambda p: torch.optim.AdamW(p, lr=0.05, betas=(0.8, 0.5), weight_decay=0.3, amsgrad=True),
    }
    for name, make in settings.items():
        parameters = [nn.Parameter(torch.randn(3, 4)), nn.Parameter(torch.randn(5))]
        optimiser = make(parameters)
        for i, parameter in enumerate(parameters):
            store[f"{name}/start.{i}"] = parameter.detach().clone()
        for step in range(5):
            for i, parameter in enumerate(parameters):
                # A gradient that shrinks shows what AMSGrad remembers.
                scale = 10 ** (2 - step if "amsgrad" in name else step - 2)
                parameter.grad = torch.randn_like(parameter) * scale
                store[f"{name}/grad.{step}.{i}"] = parameter.grad.clone()
            optimiser.step()
            for i, parameter in enumerate(parameters):
                store[f"{name}/after.{step}.{i}"] = parameter.detach().clone()
    save("optimizers", store)


def training():
    """Learning rates, clipped gradients, moving averages."""
    torch.manual_seed(4)
    store = {}

    def rates(make, count=20):
        optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
        schedule, seen = make(optimiser), []
        for _ in range(count):
            seen.append(schedule.get_last_lr()[0])
            optimiser.step()
            schedule.step()
        return torch.tensor(seen)

    store["rates/constant"] = rates(lambda o: get_constant_schedule_with_warmup(o, 4))
    store["rates/linear"] = rates(lambda o: get_linear_schedule_with_warmup(o, 3, 20))
    store["rates/cosine"] = rates(lambda o: get_cosine_schedule_with_warmup(o, 3, 20))
    store["rates/cosine-final"] = rates(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 20, eta_min=0.1))
    for limit in (0.5, 100.0):
        parameters = [nn.Parameter(torch.zeros(3, 4)), nn.Parameter(torch.zeros(5))]
        for i, parameter in enumerate(parameters):
            parameter.grad = torch.randn_like(parameter)
            store[f"clip-{limit:g}/grad.{i}"] = parameter.grad.clone()
        store[f"clip-{limit:g}/norm"] = nn.utils.clip_grad_norm_(parameters, limit)
        for i, parameter in enumerate(parameters):
            store[f"clip-{limit:g}/clipped.{i}"] = parameter.grad.clone()
    layer = nn.Linear(3, 2)
    averaged = torch.optim.swa_utils.AveragedModel(layer, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.8))
    averaged.update_parameters(layer)  # the first call copies
    for step in range(4):
        for key, parameter in layer.named_parameters():
            if step:
                nn.init.normal_(parameter)
            store[f"ema/model.{step}.{key}"] = parameter.detach().clone()
        if step:
            averaged.update_parameters(layer)
        for key, parameter in averaged.module.named_parameters():
            store[f"ema/average.{step}.{key}"] = parameter.detach().clone()
    save("training", store)


if __name__ == "__main__":
    layers()
    deformable()
    losses()
    optimisers()
    training()
    print(*(f"{path.name} {path.stat().st_size}" for path in sorted(HERE.glob("*.safetensors"))), sep="\n")
