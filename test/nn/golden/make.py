"""Golden tensors for layers, losses and optimisers, computed by PyTorch.

    python test/nn/golden/make.py        # torch 2.13, writes *.safetensors beside itself

Each case is stored under `<case>/`: `x…` inputs, `p.<name>` parameters, `y` the output, `dy` the gradient fed into it,
`dx…` and `dp.<name>` the gradients that come out.
"""

import json
import struct
from pathlib import Path

import torch
from torch import nn

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


def layers():
    torch.manual_seed(0)
    store = {}
    case(store, "linear", nn.Linear(5, 7), torch.randn(2, 3, 5))
    case(store, "linear-no-bias", nn.Linear(5, 7, bias=False), torch.randn(4, 5))
    case(store, "layer-norm", nn.LayerNorm(6), torch.randn(2, 3, 6))
    case(store, "layer-norm-eps", nn.LayerNorm(6, eps=0.1), torch.randn(4, 6))
    save("layers", store)


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
    for name, make in settings.items():
        parameters = [nn.Parameter(torch.randn(3, 4)), nn.Parameter(torch.randn(5))]
        optimiser = make(parameters)
        for i, parameter in enumerate(parameters):
            store[f"{name}/start.{i}"] = parameter.detach().clone()
        for step in range(5):
            for i, parameter in enumerate(parameters):
                parameter.grad = torch.randn_like(parameter) * 10 ** (step - 2)
                store[f"{name}/grad.{step}.{i}"] = parameter.grad.clone()
            optimiser.step()
            for i, parameter in enumerate(parameters):
                store[f"{name}/after.{step}.{i}"] = parameter.detach().clone()
    save("optimisers", store)


if __name__ == "__main__":
    layers()
    optimisers()
    print(*(f"{path.name} {path.stat().st_size}" for path in sorted(HERE.glob("*.safetensors"))), sep="\n")
