"""Goldens of head and losses: output and gradients by PyTorch (torch 2.13), with safetensors.

    python make_losses.py
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(0)
tensors = {}


def put(name, **values):
    for key, value in values.items():
        tensors[f"{name}/{key}"] = value.detach().contiguous().clone()


def loss_case(name, prediction, label, loss):
    prediction.requires_grad_()
    value = loss(prediction, label)
    value.backward()
    put(name, x0=prediction, x1=label, y=value, dx0=prediction.grad, dy=torch.tensor(1.0))


def with_ignored(label, share=0.2):
    label[torch.rand(label.shape) < share] = 255
    return label


def cross_entropy(prediction, label, weight=None):
    valid = (label != 255).sum()
    return F.cross_entropy(prediction, label.long(), weight=weight, ignore_index=255, reduction="sum") / valid


def balanced(prediction, label):
    kept = label[label != 255]
    positive = kept.float().mean()
    return cross_entropy(prediction, label, torch.stack([positive, 1 - positive]))


def boundary(prediction, label):
    kept = label != 255
    x, y = prediction[kept], label[kept]
    factor = 1 / (1 - 0.95)
    return F.binary_cross_entropy_with_logits(x, y, pos_weight=torch.tensor(0.95 * factor)) / factor


def normals(prediction, label):
    valid = label.norm(dim=1, keepdim=True) > 0
    return ((F.normalize(prediction, dim=1) - label).abs() * valid).sum() / valid.sum()


def depth(prediction, label):
    valid = label > 0
    return (prediction[valid] - label[valid]).abs().mean()


ints = lambda high, *shape: torch.randint(0, high, shape, dtype=torch.int32)
loss_case("classes", torch.randn(2, 5, 6, 7), with_ignored(ints(5, 2, 6, 7)), cross_entropy)
loss_case("balanced", torch.randn(2, 2, 6, 7), with_ignored((torch.rand(2, 6, 7) < 0.3).int()), balanced)
loss_case("boundary", 3 * torch.randn(2, 1, 6, 7), with_ignored((torch.rand(2, 1, 6, 7) < 0.2).float()), boundary)
unit = F.normalize(torch.randn(2, 3, 6, 7), dim=1) * (torch.rand(2, 1, 6, 7) > 0.2)
loss_case("normals", torch.randn(2, 3, 6, 7), unit, normals)
loss_case("depth", torch.randn(2, 1, 6, 7), torch.rand(2, 1, 6, 7) * (torch.rand(2, 1, 6, 7) > 0.2), depth)

for name, size in (("up", (13, 20)), ("down", (3, 4)), ("mixed", (9, 4))):
    x = torch.randn(2, 3, 5, 8, requires_grad=True)
    y = F.interpolate(x, size=size, mode="bilinear", align_corners=False)
    dy = torch.randn_like(y)
    y.backward(dy)
    put(f"resize-{name}", x0=x, y=y, dx0=x.grad, dy=dy)


class Head(torch.nn.Module):
    def __init__(self, channels, outputs):
        super().__init__()
        self.projections = torch.nn.ModuleList(torch.nn.Linear(channels, channels // 4) for _ in range(4))
        self.conv = torch.nn.Conv2d(channels, channels, 3, padding=1)
        self.bn = torch.nn.BatchNorm2d(channels)
        self.classifier = torch.nn.Conv2d(channels, outputs, 1)

    def forward(self, features, grid, size):
        maps = []
        for layer, x in zip(self.projections, features):
            y = layer(x).transpose(1, 2).unflatten(2, grid)
            maps.append(F.interpolate(y, size=(size[0] // 4, size[1] // 4), mode="bilinear", align_corners=False))
        x = self.classifier(F.gelu(self.bn(self.conv(torch.cat(maps, 1)))))
        return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


head = Head(8, 3)
torch.nn.init.normal_(head.bn.weight, 1, 0.2)
torch.nn.init.normal_(head.bn.bias, 0, 0.2)
for key, value in head.state_dict().items():
    if "num_batches" not in key:
        put("head", **{f"p.{key}": value})
features = [torch.randn(2, 6, 8, requires_grad=True) for _ in range(4)]
y = head(features, (2, 3), (16, 24))
dy = torch.randn_like(y)
y.backward(dy)
put("head", y=y, dy=dy, **{f"x{i}": x for i, x in enumerate(features)}, **{f"dx{i}": x.grad for i, x in enumerate(features)},
    **{f"dp.{key}": value.grad for key, value in head.named_parameters()})
put("after", running_mean=head.bn.running_mean, running_var=head.bn.running_var, y=head.eval()(features, (2, 3), (16, 24)))
save_file(tensors, Path(__file__).with_name("losses.safetensors"))
