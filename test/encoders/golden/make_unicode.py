"""Classes of characters of Hugging Face `tokenizers`, measured at every code point; the strings of `kernel/encoders/tokenizer/unicode.ts`.

    python make_unicode.py      # tokenizers 0.23.3; prints the strings
"""
from tokenizers import normalizers, pre_tokenizers

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def bert(**options):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**off, **options})


def base36(number):
    digits = DIGITS[number % 36]
    while number := number // 36:
        digits = DIGITS[number % 36] + digits
    return digits


def encoded(points):
    """Gap before and length of each range."""
    ranges = []
    for point in points:
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    parts, at = [], 0
    for first, last in ranges:
        parts.append(base36(first - at) + ("." + base36(last - first) if last > first else ""))
        at = last + 1
    return " ".join(parts)


def main():
    accents, marks, clean, split = bert(strip_accents=True), normalizers.StripAccents(), bert(clean_text=True), pre_tokenizers.BertPreTokenizer()
    classes = {
        "NONSPACING": lambda c: accents.normalize_str("a" + c) == "a",
        "MARKS": lambda c: marks.normalize_str("a" + c) == "a",
        "PUNCTUATION": lambda c: [part for part, _ in split.pre_tokenize_str(f"a{c}a")] == ["a", c, "a"],
        "CONTROLS": lambda c: clean.normalize_str(c) == "",
    }
    points = [point for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]
    for name, holds in classes.items():
        print(f'const {name} =\n  "{encoded([point for point in points if holds(chr(point))])}";')


if __name__ == "__main__":
    main()
