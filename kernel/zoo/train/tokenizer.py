"""A word-level tokenizer in the JSON format of Hugging Face `tokenizers`."""
from __future__ import annotations

import json

import torch
from torch import Tensor

PAD, UNKNOWN = "[PAD]", "[UNK]"
LENGTH = 24


class Tokenizer:
    """Lower case, split at spaces, one id per word."""

    def __init__(self, vocabulary: dict[str, int]):
        self.vocabulary = vocabulary

    @classmethod
    def from_captions(cls, captions: list[str]) -> "Tokenizer":
        words = sorted({word for caption in captions for word in caption.lower().split()})
        return cls({word: i for i, word in enumerate([PAD, UNKNOWN, *words])})

    def encode(self, captions: list[str]) -> tuple[Tensor, Tensor]:
        """input_ids and attention_mask, int64 [B, T], padded on the right to the longest caption."""
        unknown = self.vocabulary[UNKNOWN]
        rows = [[self.vocabulary.get(word, unknown) for word in caption.lower().split()][:LENGTH] for caption in captions]
        longest = max(len(row) for row in rows)
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
        return ids, mask

    def to_json(self) -> str:
        return json.dumps(
            {
                "version": "1.0",
                "truncation": {"direction": "Right", "max_length": LENGTH, "strategy": "LongestFirst", "stride": 0},
                "padding": {
                    "strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0,
                    "pad_type_id": 0, "pad_token": PAD,
                },
                "added_tokens": [],
                "normalizer": {"type": "Lowercase"},
                "pre_tokenizer": {"type": "WhitespaceSplit"},
                "post_processor": None,
                "decoder": None,
                "model": {"type": "WordLevel", "vocab": self.vocabulary, "unk_token": UNKNOWN},
            },
            indent=1,
        )
