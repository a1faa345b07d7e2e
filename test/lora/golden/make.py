"""Golden tensors of adapted layers: LoRA and DoRA by PEFT, Dual-LoRA and mixtures by plain PyTorch from their formulas.

    python test/lora/golden/make.py      # torch 2.13, peft 0.21.2; writes branches.safetensors beside itself

Each case holds `x0`, `y`, `dy`, `dx0`, parameters `p.<name>` and their gradients `dp.<name>`, under our names.
"""

from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F
from transformers.pytorch_utils import Conv1D

HERE = Path(__file__).parent
IN, OUT, R, SCALING = 6, 7, 4, 1.5


class Model(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.proj = {"linear": nn.Linear, "embedding": nn.Embedding}.get(kind, lambda i, o: Conv1D(o, i))(IN, OUT)

    def forward(self, x):
        return self.proj(x)


class Dual(nn.Module):
    """y = W0 x + b0 + s B (gate(T x) * LN(A x)); softmax-blocks: a softmax over the 2 blocks of 2 units."""

    def __init__(self, gate, norm):
        super().__init__()
        self.base, self.gate = nn.Linear(IN, OUT), gate
        self.A, self.B = nn.Linear(IN, R, bias=False), nn.Linear(R, OUT, bias=False)
        self.T = nn.Linear(IN, R, bias=False) if gate != "none" else None
        self.norm = nn.LayerNorm(R) if norm else None

    def forward(self, x):
        skill = self.A(x)
        if self.norm is not None:
            skill = self.norm(skill)
        if self.gate == "relu":
            skill = torch.relu(self.T(x)) * skill
        elif self.gate == "sigmoid":
            skill = torch.sigmoid(self.T(x)) * skill
        elif self.gate == "softmax-blocks":
            t = self.T(x)
            first, second = t[..., :2], t[..., 2:]
            total = first.exp() + second.exp()
            skill = torch.cat([first.exp() / total, second.exp() / total], -1) * skill
        return self.base(x) + SCALING * self.B(skill)


class Mixture(nn.Module):
    """y = W0 x + b0 + s sum over experts of g_k(x) B_k A_k x, one expert after the other."""

    EXPERTS = 3

    def __init__(self, router):
        super().__init__()
        self.base, self.kind = nn.Linear(IN, OUT), router
        self.router = nn.Linear(IN, self.EXPERTS, bias=False)
        self.A = nn.ModuleList(nn.Linear(IN, R, bias=False) for _ in range(self.EXPERTS))
        self.B = nn.ModuleList(nn.Linear(R, OUT, bias=False) for _ in range(self.EXPERTS))

    def forward(self, x):
        logits = self.router(x)
        if self.kind == "softmax":
            weights = logits.softmax(-1)
        elif self.kind == "top-k":
            best, where = logits.topk(2, -1)
            weights = torch.zeros_like(logits).scatter(-1, where, best.softmax(-1))
        else:
            weights = F.relu(logits)
        y = self.base(x)
        for k in range(self.EXPERTS):
            y = y + SCALING * weights[..., k : k + 1] * self.B[k](self.A[k](x))
        return y


def run(store, name, model, parameters):
    """Forward and backward once; `parameters` are pairs of our name and a tensor, base ones without a gradient."""
    if "embedding" in name:
        x = torch.randint(0, IN, (2, 5), dtype=torch.int32)
    else:
        x = torch.randn(2, 5, IN, requires_grad=True)
    y = model(x)
    dy = torch.randn_like(y)
    y.backward(dy)
    for key, value in {"x0": x, "y": y, "dy": dy, "dx0": x.grad}.items():
        if value is not None:
            store[f"{name}/{key}"] = value.detach().contiguous()
    for key, value in parameters.items():
        store[f"{name}/p.proj.{key}"] = torch.cat([one.detach() for one in value[0]], value[1]).contiguous()
        if value[0][0].requires_grad:
            grads = torch.cat([one.grad for one in value[0]], value[1])
            store[f"{name}/dp.proj.{key}"] = grads.contiguous()


def one(tensor):
    return [tensor], 0


def peft_case(store, name, kind="linear", **options):
    options |= {"init_lora_weights": False, "fan_in_fan_out": kind == "conv1d"}
    config = LoraConfig(r=R, lora_alpha=R * SCALING, target_modules=["proj"], **options)
    model = get_peft_model(Model(kind), config)
    layer = model.base_model.model.proj
    parameters = {f"base_layer.{key}": one(value) for key, value in layer.base_layer.named_parameters()}
    for key, value in layer.named_parameters():
        if "lora_" not in key:
            continue
        nn.init.normal_(value, 0.5 if "magnitude" in key else 0, 0.5)
        ours = key.replace(".default", "").replace("lora_magnitude_vector.weight", "lora_magnitude_vector")
        parameters[f"adapters.default.{ours}"] = one(value)
    run(store, name, model, parameters)


def randomise(model):
    for value in model.parameters():
        nn.init.normal_(value, 0.2, 0.6)
    for value in model.base.parameters():
        value.requires_grad_(False)
    return {"base_layer.weight": one(model.base.weight), "base_layer.bias": one(model.base.bias)}


def dual_case(store, gate, norm):
    model = Dual(gate, norm)
    parameters = randomise(model)
    adapters = {"lora_A": model.A, "lora_B": model.B, "lora_T": model.T, "lora_norm": model.norm}
    for key, module in adapters.items():
        for part, value in module.named_parameters() if module is not None else []:
            parameters[f"adapters.default.{key}.{part}"] = one(value)
    run(store, f"dual-{gate}-{'norm' if norm else 'plain'}", model, parameters)


def mixture_case(store, router):
    model = Mixture(router)
    parameters = randomise(model)
    parameters["adapters.default.lora_A.weight"] = [module.weight for module in model.A], 0
    parameters["adapters.default.lora_B.weight"] = [module.weight for module in model.B], 1
    parameters["adapters.default.lora_router.weight"] = one(model.router.weight)
    run(store, f"moe-{router}", model, parameters)


def main():
    torch.manual_seed(0)
    store = {}
    peft_case(store, "lora")
    peft_case(store, "lora-bias", lora_bias=True)
    peft_case(store, "dora", use_dora=True)
    peft_case(store, "conv1d", "conv1d")
    peft_case(store, "conv1d-dora", "conv1d", use_dora=True)
    peft_case(store, "embedding", "embedding")
    peft_case(store, "embedding-dora", "embedding", use_dora=True)
    for gate in ["relu", "sigmoid", "softmax-blocks", "none"]:
        for norm in [True, False]:
            dual_case(store, gate, norm)
    for router in ["softmax", "top-k", "rectified"]:
        mixture_case(store, router)
    save_file(store, HERE / "branches.safetensors")


if __name__ == "__main__":
    main()
