"""Matches of regular expressions by Python's `re`, by the rules of PEFT: `python test/lora/golden/patterns.py`.

Writes `patterns.json` beside itself: the names, and for each expression the numbers of the names that it matches, as a
whole (`re.fullmatch`, of `target_modules`) and by PEFT's rule of ranks (`re.match(rf"(.*\\.)?({key})$", name)`); null
where Python refuses the expression. `refused` marks what Python reads and Fovea refuses, with a word of its message.
"""

import json
import re
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

NAMES = [
    *("layers.0.q_proj", "layers.1.q_proj", "layers.10.q_proj", "layers.11.v_proj", "layers.1.mlp.up_proj"),
    *("Layers.0.Q_PROJ", "layers.0.Q_proj", "model.layers.0.q_proj", "model.layers.12.experts.3.w1", "q_proj", "proj"),
    *("head", "heads", "aa", "aaa", "aaaa", "aba", "abab", "ab", "b", "a b", "a\nb", "head\n", "a{,2}", "a{2}x", "x]1"),
    *("a-b", "a^b", "a#b", "a\\b", "a\x08b", "a\x1cb", "a\u00a0b", "a\ufeffb", "x٣", "x3", "x²", "xé", "xÉ", "xe\u0301"),
    *("straſe", "STRASE", "strase", "kelvin", "\u212aELVIN", "KELVIN", "iıİI", "iiii", "x𝟘", "𝒜"),
]

PATTERNS = [
    # anchors
    *(r"head\Z", r"\Ahead", r"^head$", r"head$\n?", r"(?m)^a$\n^b$", r"(?m)head$\n", r"\bhead\b", r"a\Bb", r"a\b.\bb"),
    *(r"x\b.*", r"he\Bad", r"layers\.\b.*", r"(?a)x\B.", r"(?a)x\b."),
    # quantifiers and braces
    *(r"a{,2}", r"a{2,}", r"a{2}", r"a{,}", r"a{1,2}b?", r"a{,2}?", r"a{2}x", r"a\{2}x", r"a{x", r"a{,x", r"a{}", r"{", r"a{1,2,3}"),
    *(r"a{2,1}", r"*a", r"a**", r"a{2}{2}", r"(a{2}){2}", r"(?:a*)*", r"(a|b)*?", r"^*a", r"a{2}+", r"a++", r"a*+a", r"(?=a)*aa"),
    # brackets
    *(r"x[]01]1", r"x[]]1", r"[^]a]+", r"[]a]+", r"a[\-x]b", r"a[a-]b", r"a[-a]b", r"a[\^]b", r"a[^^]b", r"a[\\]b", r"a[\b]b", r"[[a]+"),
    *(r"a[&&a]*", r"[a--b]*", r"[a-z_.0-9]+", r"[\w.]+", r"[^\W\d]+", r"a[\s]b", r"a[^\S\n]b", r"[b-a]", r"[\d-z]", r"[a-\d]", r"["),
    *(r"[]", r"[^]", r"[\A]", r"[\x61-\x62]+", r"[\101-\172]+", r"[\08]", r"[\8]", r"[\n]", r"a[\n\ ]b", r"(?i)[a-h]+", r"(?i)[^a-h]+"),
    *(r"(?i)[\u00e0-\u00ff]x", r"(?ia)x[é]", r"(?i)x[²]"),
    # escapes
    *(r"\x68ead", r"\u0068ead", r"\U00000068ead", r"\150ead", r"a\0b", r"\400", r"\q", r"\/", r"a\-b", r"a\ b", r"a\#b", r"\N{LATIN SMALL LETTER A}a"),
    *(r"x\d", r"(?a)x\d", r"x\D", r"x\w", r"x\w+", r"(?a)x\w", r"a\sb", r"(?a)a\sb", r"a\Sb", r"\z", r"\G", r"\p{L}", r"\k<n>", r"\cA", r"a\tb"),
    *(r"\h", r"\x6", r"\u12", "\\", r"\Qhead\E", r"𝒜", r".", r"x.", r"..", r"\U0001d49c", r"[\U0001d49c]", r"[𝒜-𝒵]"),
    # groups and references
    *(r"(?P<n>a)(?P=n)", r"(?P<n>a)b(?P=n)", r"(?P<q>layers)\.(?P<d>\d)(?P=d)\..*", r"(a)\1", r"(ab)\1", r"(?<n>a)", r"(?P<n>a)(?P<n>b)", r"(?P<1>a)"),
    *(r"\1(a)", r"(a\1)", r"(?P=n)", r"(?P>n)", r"()", r"(?:)", r"(?P<é>a)(?P=é)", r"(a)(b)\2?a?", r"(a)\01", r"((a)b)\1"),
    *(r"(?:(a)|b)*\1", r"(a)?\1b", r"(a|ab)(?:b)\1", r"(?i)(a)\1", r"(a", r"a)", r"(?", r"(?P", r"(?P<n", r"(?(1)a|b)", r"(a)?(?(1)b|aa)"),
    # flags and comments
    *(r"(?i)head", r"(?i)LAYERS\.0\.q_proj", r"(?i:layers)\.0\.Q_PROJ", r"(?i)layers\.0\.(?-i:q_proj)", r"(?i)strase", r"(?i)STRAſE", r"(?i)kelvin"),
    *(r"(?i)iiii", r"(?ai)iiii", r"(?i)xé", r"(?ai)KELVIN", r"head(?i)", r"(?i)a|HEAD", r"a|(?i)HEAD", r"(?s)a.b", r"a.b", r"(?s:a.)b", r"(?-s:a.b)"),
    *(r"(?x) h e a d # all", "(?x)head # one\n s", r"(?x)a\ b", r"(?x)a[ ]b", r"(?x: h ead )s", "(?x)a {2}", "(?x)a{2 }", r"(?x)a\#b", r"(?x) a * ?"),
    *(r"head(?#comment)s", r"a(?#x)*", r"(?#x", r"(?L)a", r"(?au)a", r"(?i-i:a)", r"(?-u:a)", r"(?u)x\d", r"(?z)a", r"(?i", r"(?ix)", r"(?i)(?s)A.b"),
    # look-around, atomic groups
    *(r"(?=a)aa", r"(?!a)..", r"a(?<=a)b", r"a(?<!b)b", r"aa(?<=^..)", r"(?<=a+)b", r"(?<=a|bc)b", r"(?<=(a))b", r"(?<=(a)\1)b", r"a(?<=(?:a|b))b.*"),
    *(r"(?>a*)a", r"(?>a*)b?", r"(?>a|ab)b?", r"(?>a|ab)ab", r"(?>ab|a)b*", r"(a?)*+b", r"(?>(?:|a)*)", r"a?+ab", r"(?:a|b)++", r"a{1,2}+a", r"a{1,3}+a?"),
    *(r"b(?<=(?>b))", r"(?!)", r"(?=)b", r"(?>a+?)a"),
    # everyday ones
    *(r".*\.(q|v)_proj", r".*layers\.(?:0|1)\.(?:q|v)_proj", r"(?!.*v_proj).*proj", r"^layers\.[0-9]+\..*$", r"layers\.\d+\.(q_proj|mlp\.\w+)", r".*", r"q_proj|v_proj"),
    *(r"layers\.1\..*", r"model\.layers\.\d+\.experts\.\d+\.w[12]", r"[qv]_proj", r"layers.0.q_proj", r"a|b|"),
]

REFUSED = {
    r"\N{LATIN SMALL LETTER A}a": "by its name",
    r"(a)?(?(1)b|aa)": "conditional",
    r"(?:(a)|b)*\1": "back reference",
    r"(a)?\1b": "back reference",
    r"(?i)(a)\1": "back reference",
    r"(?i)[\u00e0-\u00ff]x": "beyond ASCII",
    r"(?i)xé": "beyond ASCII",
    r"(?i)STRAſE": "beyond ASCII",
    r"(a?)*+b": "may be empty",
    r"(?>(?:|a)*)": "may be empty",
    r"b(?<=(?>b))": "atomic group",
}

# Around an expression, PEFT's rule of ranks adds two groups, and numbers then mean the first of them.
REFUSED_AT_END = {
    pattern: "back reference"
    for pattern in (r"(a)\1", r"(ab)\1", r"\1(a)", r"(a\1)", r"((a)b)\1", r"(a|ab)(?:b)\1")
} | {r"(?(1)a|b)": "conditional"}


def found(matches):
    try:
        return [i for i, name in enumerate(NAMES) if matches(name)]
    except re.error:
        return None


def row(pattern):
    whole = found(lambda name: re.fullmatch(pattern, name))
    end = found(lambda name: re.match(rf"(.*\.)?({pattern})$", name))
    refused = REFUSED.get(pattern)
    refusals = {"whole": refused, "end": refused or REFUSED_AT_END.get(pattern)}
    return {"pattern": pattern, "whole": whole, "end": end, "refused": refusals}


def main():
    head, *rows = [json.dumps(one) for one in [NAMES, *(row(pattern) for pattern in PATTERNS)]]
    text = f'{{"names": {head}, "rows": [\n' + ",\n".join(rows) + "\n]}\n"
    Path(__file__).with_name("patterns.json").write_text(text)


if __name__ == "__main__":
    main()
