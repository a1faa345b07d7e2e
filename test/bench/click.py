"""Computation of DIFT's notebook for one click: features upsampled to the image, then the cosine of one point with every pixel.

usage: click.py SIDE CHANNELS IMAGE [--runs N]; prints the median in milliseconds. Nothing is drawn.
"""

import argparse
import statistics
import time

import torch
from torch.nn import functional as F


def click(source, target, image):
    up = [F.interpolate(features, size=(image, image), mode="bilinear") for features in (source, target)]
    query = up[0][0, :, image // 3, image // 2]
    return F.cosine_similarity(query[None, :, None, None], up[1]).argmax()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("side", "channels", "image"):
        parser.add_argument(name, type=int)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    torch.manual_seed(0)
    source, target = (torch.randn(1, args.channels, args.side, args.side) for _ in range(2))
    times = []
    with torch.inference_mode():
        for _ in range(args.runs + 1):
            start = time.perf_counter()
            click(source, target, args.image)
            times.append(1e3 * (time.perf_counter() - start))
    print(statistics.median(times[1:]))


if __name__ == "__main__":
    main()
