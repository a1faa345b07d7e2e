"""Golden tensors of a multimodal encoder of BEiT-3's shape, computed by PyTorch from arXiv 2208.10442 and 2210.06423.

    python test/models/golden/make_beit3.py        # torch 2.13; writes beit3.safetensors beside itself
"""

import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "nn" / "golden"))
import make as nn_golden  # noqa: E402

C, HEADS, DEPTH, HIDDEN, PATCH, ROWS, COLUMNS, WORDS, PLACES, L, B = 8, 2, 2, 12, 4, 2, 3, 11, 9, 5, 2
SPLIT = 1 + ROWS * COLUMNS


class Two(nn.Module):
    """Layer A for the picture's tokens, layer B for the text's."""

    def __init__(self, make):
        super().__init__()
        self.A, self.B = make(), make()

    def forward(self, x):
        return torch.cat([self.A(x[:, :SPLIT]), self.B(x[:, SPLIT:])], 1)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (Two(lambda: nn.Linear(C, C)) for _ in range(4))
        self.inner_attn_ln = Two(lambda: nn.LayerNorm(C))

    def forward(self, x, keep):
        q, k, v = (p(x).unflatten(2, (HEADS, -1)).transpose(1, 2) for p in (self.q_proj, self.k_proj, self.v_proj))
        y = F.scaled_dot_product_attention(q, k, v, keep[:, None, None, :])
        return self.out_proj(self.inner_attn_ln(y.transpose(1, 2).flatten(2)))


class FeedForward(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.ffn_layernorm = nn.Linear(C, HIDDEN), nn.Linear(HIDDEN, C), nn.LayerNorm(HIDDEN)

    def forward(self, x):
        return self.fc2(self.ffn_layernorm(F.gelu(self.fc1(x))))


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.self_attn, self.ffn = Attention(), Two(FeedForward)
        self.self_attn_layer_norm, self.final_layer_norm = Two(lambda: nn.LayerNorm(C)), Two(lambda: nn.LayerNorm(C))

    def forward(self, x, keep):
        x = x + self.self_attn(self.self_attn_layer_norm(x), keep)
        return x + self.ffn(self.final_layer_norm(x))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.text_embed = nn.Embedding(WORDS, C)
        self.vision_embed = nn.Module()
        self.vision_embed.mask_token = nn.Parameter(torch.randn(1, 1, C))
        self.vision_embed.cls_token = nn.Parameter(torch.randn(1, 1, C))
        self.vision_embed.proj = nn.Conv2d(3, C, PATCH, PATCH)
        self.encoder = nn.Module()
        self.encoder.embed_positions = nn.Module()
        self.encoder.embed_positions.A = nn.Embedding(SPLIT + 2, C)
        self.encoder.embed_positions.B = nn.Embedding(PLACES, C)
        self.encoder.layers = nn.ModuleList(Layer() for _ in range(DEPTH))
        self.encoder.layer_norm = Two(lambda: nn.LayerNorm(C))

    def forward(self, pixels, words, mask, hidden=None):
        patches = self.vision_embed.proj(pixels).flatten(2).transpose(1, 2)
        if hidden is not None:
            patches = torch.where(hidden.bool()[..., None], self.vision_embed.mask_token, patches)
        image = torch.cat([self.vision_embed.cls_token.expand(B, -1, -1), patches], 1)
        places = self.encoder.embed_positions
        image = image + places.A(torch.arange(2, SPLIT + 2))
        text = self.text_embed(words.long()) + places.B(torch.arange(2, L + 2))
        keep = torch.cat([torch.ones(B, SPLIT, dtype=torch.bool), mask.bool()], 1)
        x = torch.cat([image, text], 1).masked_fill(~keep[..., None], 0)
        for layer in self.encoder.layers:
            x = layer(x, keep)
        return self.encoder.layer_norm(x)


def main():
    torch.manual_seed(0)
    store = {}
    pixels = torch.randn(B, 3, ROWS * PATCH, COLUMNS * PATCH)
    words = torch.randint(0, WORDS, (B, L), dtype=torch.int32)
    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], dtype=torch.int32)
    hidden = torch.tensor([[1, 0, 0, 1, 0, 0], [0, 0, 1, 0, 0, 0]], dtype=torch.int32)
    nn_golden.case(store, "beit3", Encoder(), pixels, words, mask)
    nn_golden.case(store, "beit3-masked", Encoder(), pixels, words, mask, hidden)
    kernel, places = torch.randn(C, 3, PATCH, PATCH), torch.randn(3 + 9, C)
    larger = F.interpolate(kernel, (2 * PATCH, 2 * PATCH), mode="bicubic", align_corners=False)
    cells = F.interpolate(places[3:].T.reshape(1, C, 3, 3), (ROWS, COLUMNS), mode="bicubic", align_corners=False)
    store |= {"kernel": kernel, "kernel-32": larger, "places": places}
    store["places-resized"] = torch.cat([places[:3], cells.flatten(2)[0].T])
    nn_golden.HERE = HERE
    nn_golden.save("beit3", {key: value for key, value in store.items() if value is not None})


if __name__ == "__main__":
    main()
