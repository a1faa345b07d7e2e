"""Small tokenizers of every kind that `encoders` reads, what Hugging Face `tokenizers` makes of texts, and a small CLIP text tower.

    python make_tokenizers.py      # tokenizers 0.23, transformers 5.23, torch 2.13, onnx; writes beside itself

The tokenizers are trained here, on sentences of this file; the tower has random weights. `clip/` lies as exports of CLIP lie on the hub.
"""
import json
import os

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

HERE = os.path.dirname(os.path.abspath(__file__))
CLIP_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
ANIMALS = ("a fish", "the bird", "an owl", "two cats", "a dog's tail", "the snail", "a rocket", "a teapot")
PLACES = ("above the car", "below a boat", "left of the house", "beside trees", "in the lake", "at 12:30", "with 3 wheels")
SENTENCES = [f"{a} {b}, {c} and naïve café déjà vu" for a in ANIMALS for b in PLACES for c in ("isn't it?", "we're sure!", "I'll see")]
TEXTS = [
    "a fish above the car", "It's A  Fish,   isn't IT?", "", " ", "  two leading, two trailing  ", "tabs\tand\nnew\r\nlines",
    "naïve café déjà vu", "cafe\u0301 nai\u0308ve, decomposed", "日本語のテキスト", "fish 🐟 and 👍🏽 and 👩‍🚀", "ΟΔΥΣΣΕΥΣ Σ ς", "İstanbul, STRASSE, ß",
    "12:30, 3.14159, 1e-5, ½ Ⅷ ²", "don't we'll I'M they'VE she'd", "a<|endoftext|>b <|startoftext|>", "<mask> fish  <mask>", "ﬁsh ligature",
    "no-break\u00a0space, next\u0085line, byte\ufeffmark, zero\u200bwidth", "___ under_score --- *** (a) [b] {c}", "fish" * 30, "\u0000 and \u0001", "x",
]


def save(name: str, tokenizer: Tokenizer) -> None:
    """The tokenizer, and its ids of every text alone and of some padded together."""
    os.makedirs(os.path.join(HERE, "tokenizers"), exist_ok=True)
    together = [e for e in tokenizer.encode_batch(TEXTS[:6])]
    golden = {
        "texts": TEXTS, "ids": [tokenizer.encode(text).ids for text in TEXTS],
        "batch": {"ids": [e.ids for e in together], "mask": [e.attention_mask for e in together]},
    }
    with open(os.path.join(HERE, "tokenizers", f"{name}.json"), "w") as file:
        json.dump({"tokenizer": json.loads(tokenizer.to_str()), **golden}, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")


def trained(model, normalizer, pre, specials, size, **options) -> Tokenizer:
    tokenizer = Tokenizer(model)
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre
    alphabet = pre_tokenizers.ByteLevel.alphabet() if options.pop("bytes", False) else []
    kind = trainers.WordLevelTrainer if isinstance(model, models.WordLevel) else trainers.BpeTrainer
    if kind is trainers.BpeTrainer:
        options.update(initial_alphabet=alphabet)
    tokenizer.train_from_iterator(SENTENCES, kind(vocab_size=size, special_tokens=specials, show_progress=False, **options))
    return tokenizer


def clip() -> Tokenizer:
    """As of openai/clip-vit-*: byte-level words that end in </w>."""
    start, end = "<|startoftext|>", "<|endoftext|>"
    normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    pre = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(CLIP_WORDS), behavior="removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    model = models.BPE(unk_token=end, end_of_word_suffix="</w>", continuing_subword_prefix="")
    tokenizer = trained(model, normalizer, pre, [start, end], 420, bytes=True, end_of_word_suffix="</w>")
    ids = [tokenizer.token_to_id(token) for token in (start, end)]
    tokenizer.post_processor = processors.RobertaProcessing((end, ids[1]), (start, ids[0]), trim_offsets=False, add_prefix_space=False)
    tokenizer.enable_truncation(max_length=20)
    return tokenizer


def gpt2() -> Tokenizer:
    tokenizer = trained(models.BPE(), None, pre_tokenizers.ByteLevel(add_prefix_space=False), ["<|endoftext|>"], 400, bytes=True)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def roberta() -> Tokenizer:
    """A space before each text, marks around it, a mask that eats the space before it, all rows of one length."""
    tokens = ["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True, normalized=False)]
    tokenizer = trained(models.BPE(), None, pre_tokenizers.ByteLevel(add_prefix_space=True), tokens, 400, bytes=True)
    pairs = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=pairs)
    tokenizer.enable_padding(pad_id=1, pad_token="<pad>", length=32)
    tokenizer.enable_truncation(max_length=32)
    return tokenizer


def subwords() -> Tokenizer:
    """Not of bytes: parts within a word are marked, what no part covers is unknown, once for a stretch."""
    model = models.BPE(unk_token="[UNK]", continuing_subword_prefix="##", fuse_unk=True)
    normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    return trained(model, normalizer, pre_tokenizers.Whitespace(), ["[UNK]"], 120, continuing_subword_prefix="##")


def words(pre) -> Tokenizer:
    return trained(models.WordLevel(unk_token="[UNK]"), normalizers.Lowercase(), pre, ["[PAD]", "[UNK]"], 60)


def tower(tokenizer: Tokenizer) -> None:
    """onnx/text_model.onnx with its tokenizer, and its embeddings of some texts."""
    torch.manual_seed(0)
    config = CLIPTextConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=20, projection_dim=24, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )
    model = CLIPTextModelWithProjection(config).eval()
    model.set_attn_implementation("eager")
    folder = os.path.join(HERE, "clip")
    os.makedirs(os.path.join(folder, "onnx"), exist_ok=True)
    tokenizer.enable_padding(pad_id=1, pad_token="<|endoftext|>")
    tokenizer.no_truncation()
    tokenizer.save(os.path.join(folder, "tokenizer.json"))
    with open(os.path.join(folder, "tokenizer_config.json"), "w") as file:
        file.write(json.dumps({"model_max_length": 20, "tokenizer_class": "CLIPTokenizer"}) + "\n")
    tokenizer.enable_truncation(max_length=20)
    texts = [text for text in TEXTS if text.strip()][:8] + ["fish " * 40]
    encoded = tokenizer.encode_batch(texts)
    ids, mask = (torch.tensor([getattr(e, name) for e in encoded]) for name in ("ids", "attention_mask"))
    with torch.no_grad():
        embeds = torch.cat([model(input_ids=i[None][:, : int(m.sum())]).text_embeds for i, m in zip(ids, mask)])
    axes = {0: "batch", 1: "words"}
    torch.onnx.export(
        Embeds(model), (ids, mask), os.path.join(folder, "onnx", "text_model.onnx"), input_names=["input_ids", "attention_mask"],
        output_names=["text_embeds", "last_hidden_state"], opset_version=17, dynamo=False,
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "text_embeds": {0: "batch"}, "last_hidden_state": axes},
    )
    save_file({"text_embeds": embeds}, os.path.join(folder, "golden.safetensors"))
    with open(os.path.join(folder, "texts.json"), "w") as file:
        file.write(json.dumps(texts, ensure_ascii=False) + "\n")


class Embeds(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        out = self.model(input_ids=input_ids, attention_mask=attention_mask)
        return out.text_embeds, out.last_hidden_state


def main() -> None:
    save("clip", clip())
    save("gpt2", gpt2())
    save("roberta", roberta())
    save("subwords", subwords())
    save("words", words(pre_tokenizers.WhitespaceSplit()))
    save("words-and-signs", words(pre_tokenizers.Whitespace()))
    tower(clip())


if __name__ == "__main__":
    main()
