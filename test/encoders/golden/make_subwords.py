"""Small tokenizers by SentencePiece and WordPiece, and checksums of what Hugging Face `tokenizers` makes of thousands of odd texts.

    python make_subwords.py      # tokenizers 0.23.3, sentencepiece 0.2.3; writes subwords/*.json.gz beside itself

Models are trained here on sentences of `make_tokenizers.py`'s kind. `nmt_nfkc` is SentencePiece's own table of replacements.
`../odd-texts.ts` makes the same texts from the numbers in each file.
"""
import base64
import gzip
import hashlib
import io
import json
import os

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as proto
from tokenizers import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
ANIMALS = ("a fish", "the bird", "an owl", "two cats", "a dog's tail", "the snail", "a rocket", "a teapot", "魚と鳥", "кошка и Собака", "물고기")
PLACES = ("above the car", "below a boat", "left of the house", "beside trees", "in the lake", "at 12:30", "with 3 wheels", "在房子旁边", "près d'un café")
SENTENCES = [f"{a} {b}, {c} and naïve café déjà vu" for a in ANIMALS for b in PLACES for c in ("isn't it?", "we're sure!", "I'll see", "ÇA VA")]

ALPHABET = [
    [0x20, 0x7E], [0x20, 0x7E], [0x61, 0x7A], [0xA0, 0x17F], [0x300, 0x36F], [0x370, 0x3FF], [0x400, 0x45F], [0x590, 0x5FF], [0x600, 0x6FF], [0x900, 0x97F],
    [0xE00, 0xE5F], [0x1100, 0x11FF], [0x1AB0, 0x1AFF], [0x1E00, 0x1EFF], [0x2000, 0x206F], [0x20D0, 0x20FF], [0x2100, 0x218F], [0x2580, 0x2583],
    [0x3000, 0x30FF], [0x3200, 0x33FF], [0x4E00, 0x9FFF], [0xAC00, 0xD7A3], [0xF900, 0xFAFF], [0xFB00, 0xFDFF], [0xFE00, 0xFE6F], [0xFF00, 0xFFEF],
    [0xFFF0, 0xFFFD], [0x0, 0x1F], [0x7F, 0x9F], [0xE000, 0xE010], [0x1D400, 0x1D7FF], [0x1F1E6, 0x1F1FF], [0x1F300, 0x1F64F], [0x1F3FB, 0x1F3FF],
    [0x20000, 0x20100], [0x2B820, 0x2B930], [0x2F800, 0x2FA1D], [0xE0020, 0xE007F], [0x200D, 0x200D], [0x0D4D, 0x0D4D], [0x915, 0x939],
]
SNIPPETS = [
    " ", "  ", "   ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "\u2581", "fish", "Fish", "the", " the ", "naïve", "cafe\u0301", "isn't", "12:30", "[UNK]", "<unk>",
    "</s>", "##s", "魚", "\ud55c\uad6d", "\u1112\u1161\u11ab", "👩\u200d🚀", "👍🏽", "🇩🇪", "\ufeff", "\u200b", "ﬁ", "ﷺ", "½", "①", "ſ", "ß", "İ", "ς", "Σ",
    "\u0915\u094d\u0937", "e\u0301\u0323", "\u0344", "<0x0A>", "...", "___", "a" * 40, "word" * 30,
]
BLOCKS = [[0, 0x30000], [0xE0000, 0xE0200]]
COUNT, CHUNK = 4000, 100


def odd_texts():
    """Texts of random pieces by a linear congruential generator, then every character in stretches of 64."""
    state = 1

    def draw(limit):
        nonlocal state
        state = (state * 1664525 + 1013904223) % 2**32
        return (state >> 8) % limit

    texts = []
    for _ in range(COUNT):
        parts = []
        for _ in range(draw(12)):
            if draw(3) == 0:
                parts.append(SNIPPETS[draw(len(SNIPPETS))])
            else:
                first, last = ALPHABET[draw(len(ALPHABET))]
                parts.append("".join(chr(first + draw(last - first + 1)) for _ in range(1 + draw(4))))
        texts.append("".join(parts))
    for first, end in BLOCKS:
        for start in range(first, end, 64):
            texts.append("".join(chr(c) for c in range(start, start + 64) if not 0xD800 <= c <= 0xDFFF))
    return texts


def spm(**options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 3), model_writer=model, hard_vocab_limit=False, minloglevel=2, **options
    )
    read = proto.ModelProto()
    read.ParseFromString(model.getvalue())
    return read


def file(model, **steps):
    absent = dict(truncation=None, padding=None, normalizer=None, pre_tokenizer=None, post_processor=None, decoder=None)
    return {"version": "1.0", **absent, "added_tokens": [], **steps, "model": model}


def unigram(read, fallback=False):
    pieces = [[piece.piece, piece.score] for piece in read.pieces]
    return {"type": "Unigram", "unk_id": read.trainer_spec.unk_id, "vocab": pieces, "byte_fallback": fallback}


def special(id, content, normalized=False):
    return dict(id=id, content=content, single_word=False, lstrip=False, rstrip=False, normalized=normalized, special=True)


def bert(lowercase, strip, size):
    from tokenizers import models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=strip)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(SENTENCES, trainers.WordPieceTrainer(vocab_size=size, special_tokens=words, show_progress=False))
    json_file = json.loads(tokenizer.to_str())
    vocab = json_file["model"]["vocab"]
    more = list("魚鳥和房子⺀㍿\u0301é!?.،。「„…—_$+<=>^`|~\u00b7½Ⅷ") + ["##" + c for c in "魚é1_\u0301"]
    for word in more:
        vocab.setdefault(word, len(vocab))
    cls, sep = vocab["[CLS]"], vocab["[SEP]"]
    parts = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}]
    tokens = {name: {"id": name, "ids": [id], "tokens": [name]} for name, id in (("[CLS]", cls), ("[SEP]", sep))}
    json_file["post_processor"] = {"type": "TemplateProcessing", "single": parts, "pair": parts, "special_tokens": tokens}
    return json_file


def cases():
    spm_options = dict(vocab_size=300, character_coverage=0.9995)
    nmt = spm(model_type="unigram", normalization_rule_name="nmt_nfkc", **spm_options)
    chars = {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(nmt.normalizer_spec.precompiled_charsmap).decode()}
    strip = {"type": "Strip", "strip_left": False, "strip_right": True}
    gaps = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}
    meta = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    sequence = lambda *steps: {"type": "Sequence", "normalizers": list(steps)}
    split = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, meta]}
    # As convert_slow_tokenizer of transformers writes T5, XLM-R, SigLIP, ALBERT and Llama.
    yield "t5", file(unigram(nmt), normalizer=sequence(chars, strip, gaps), pre_tokenizer=meta, added_tokens=[special(2, "</s>")])
    plain = spm(model_type="unigram", normalization_rule_name="identity", byte_fallback=True, vocab_size=500, character_coverage=0.9995)
    yield "xlmr-bytes", file(unigram(plain, True), pre_tokenizer=split, added_tokens=[special(0, "<unk>")])
    signs = {"type": "Replace", "pattern": {"Regex": r"[!\"\#\$%\&'\(\)\*\+,\-\.:;=\?@\[\\\]\^_`\{\|\}\~]"}, "content": ""}
    spaces = {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}
    both = {"type": "Strip", "strip_left": True, "strip_right": True}
    yield "siglip", file(unigram(nmt), normalizer=sequence({"type": "Lowercase"}, signs, spaces, both), pre_tokenizer=meta)
    quotes = {"type": "Replace", "pattern": {"String": "``"}, "content": '"'}
    albert = sequence(quotes, {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"}, {"type": "Nmt"})
    yield "albert", file(unigram(plain), normalizer=albert, pre_tokenizer=split)
    llama = spm(model_type="bpe", normalization_rule_name="identity", byte_fallback=True, vocab_size=500, character_coverage=0.9995)
    ranks = {piece.piece: i for i, piece in enumerate(llama.pieces)}
    merges = []
    for piece in sorted(ranks, key=ranks.get):
        for cut in range(1, len(piece)):
            if piece[:cut] in ranks and piece[cut:] in ranks:
                merges.append((piece[:cut], piece[cut:]))
    bpe = dict(type="BPE", dropout=None, unk_token="<unk>", continuing_subword_prefix=None, end_of_word_suffix=None)
    bpe.update(fuse_unk=True, byte_fallback=True, ignore_merges=False, vocab=ranks, merges=[list(pair) for pair in merges])
    prepend = sequence({"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"})
    yield "llama", file(bpe, normalizer=prepend, added_tokens=[special(2, "</s>")])
    first = {**meta, "prepend_scheme": "first", "split": False}
    yield "llama-first", file(bpe, pre_tokenizer=first, added_tokens=[special(2, "</s>"), special(0, "<unk>", True)])
    holes = {key: id for key, id in ranks.items() if key not in ("<0xE9>", "<0xF0>", "<0x0A>")}
    kept = [list(pair) for pair in merges]
    yield "bytes-with-holes", file({**bpe, "fuse_unk": False, "vocab": holes, "merges": kept}, normalizer=prepend)
    yield "bert-uncased", bert(True, None, 260)
    yield "bert-cased", bert(False, False, 260)
    yield "bert-accents", bert(True, False, 200)


def main():
    texts = odd_texts()
    os.makedirs(os.path.join(HERE, "subwords"), exist_ok=True)
    for name, made in cases():
        tokenizer = Tokenizer.from_str(json.dumps(made))
        rows = [",".join(map(str, tokenizer.encode(text).ids)) for text in texts]
        sums = [hashlib.sha256("\n".join(rows[i : i + CHUNK]).encode()).hexdigest()[:12] for i in range(0, len(rows), CHUNK)]
        golden = {"tokenizer": made, "alphabet": ALPHABET, "snippets": SNIPPETS, "blocks": BLOCKS, "count": COUNT, "chunk": CHUNK, "sums": sums, "first": rows[:CHUNK]}
        path = os.path.join(HERE, "subwords", f"{name}.json.gz")
        with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, 0) as packed:
            packed.write(json.dumps(golden, ensure_ascii=False, separators=(",", ":")).encode())
        print(name, len(texts), os.path.getsize(path), len(set(",".join(rows).split(","))))


if __name__ == "__main__":
    main()
