/** The texts of `golden/make_subwords.py`, from the same numbers. */
export interface OddTexts {
  alphabet: [first: number, last: number][];
  snippets: string[];
  blocks: [first: number, end: number][];
  count: number;
}

const STRETCH = 64;

/** Texts of random pieces by a linear congruential generator, then every character in stretches of 64. */
export function oddTexts({ alphabet, snippets, blocks, count }: OddTexts): string[] {
  let state = 1;
  const draw = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % limit;
  };
  const piece = (): string => {
    if (draw(3) === 0) return snippets[draw(snippets.length)];
    const [first, last] = alphabet[draw(alphabet.length)];
    return charactersOf(1 + draw(4), () => first + draw(last - first + 1));
  };
  const texts = Array.from({ length: count }, () => Array.from({ length: draw(12) }, piece).join(""));
  return [...texts, ...blocks.flatMap(([first, end]) => stretches(first, end))];
}

function charactersOf(length: number, next: () => number): string {
  return Array.from({ length }, () => String.fromCodePoint(next())).join("");
}

function stretches(first: number, end: number): string[] {
  const starts = Array.from({ length: (end - first) / STRETCH }, (_, i) => first + i * STRETCH);
  return starts.map((start) => {
    let at = start;
    return charactersOf(STRETCH, () => at++).replace(/\p{Surrogate}/gu, "");
  });
}
