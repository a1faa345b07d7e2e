"""Golden pictures of augmentations, computed by torchvision's functions of tensors.

    python test/train/golden/make_augment.py     # torch 2.13, torchvision 0.28; writes augment.safetensors beside itself
"""

import sys
from pathlib import Path

import torch
from torchvision.transforms import _functional_tensor as F

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "nn" / "golden"))
import make as nn_golden  # noqa: E402

if __name__ == "__main__":
    torch.manual_seed(0)
    x = torch.rand(3, 9, 12)
    x[:, 0, :4] = x[:1, 0, :4]  # grey pixels, which have no hue
    x[:, 1, :2], x[:, 1, 2:4] = 0.0, 1.0
    store = {"x": x}
    for factor in (0.3, 1.7):
        store[f"brightness {factor}"] = F.adjust_brightness(x, factor)
        store[f"contrast {factor}"] = F.adjust_contrast(x, factor)
        store[f"saturation {factor}"] = F.adjust_saturation(x, factor)
    for turn in (-0.4, 0.1, 0.5):
        store[f"hue {turn}"] = F.adjust_hue(x, turn)
    store["grayscale"] = F.rgb_to_grayscale(x, 3)
    store["flip"] = F.hflip(x)
    store["solarize 0.4"] = F.solarize(x, 0.4)
    store["blur 5 1.3"] = F.gaussian_blur(x, [5, 5], [1.3, 1.3])
    store["blur 3 0.2"] = F.gaussian_blur(x, [3, 3], [0.2, 0.2])
    for height, width in ((4, 20), (18, 5), (9, 12)):
        for mode in ("bilinear", "bicubic"):
            name = f"resize {height} {width} {mode}"
            store[name] = F.resize(x, [height, width], interpolation=mode, antialias=True)
    logits, shares = torch.randn(4, 5), torch.softmax(torch.randn(4, 5), 1)
    store["logits"], store["shares"] = logits, shares
    store["soft"] = torch.nn.functional.cross_entropy(logits, shares)
    nn_golden.HERE = HERE
    nn_golden.save("augment", {name: value.contiguous() for name, value in store.items()})
