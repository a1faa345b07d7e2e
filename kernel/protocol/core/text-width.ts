/** Advances of DejaVu Sans in hundredths of the font's size. Other faces of a page are as wide, or narrower. */
const ADVANCES: Readonly<Record<number, string>> = {
  28: "'ijl",
  30: "IJ",
  32: " ,.",
  34: "/:;\\|",
  37: "f-",
  39: "()[]t",
  41: "!r",
  46: '"',
  51: "*_`sz",
  54: "?c",
  57: "LFk",
  60: "vxyPTYao",
  63: "eESbdghnpqu$0123456789{}",
  69: "KAVBRXZC",
  75: "UHNDG&",
  80: "OQw",
  85: "#+<=>^~M",
  97: "%mW@",
};

const BOLD = 1.14;
/** Letters of other alphabets, and signs. */
const OTHER = 66;
/** Letters that are as wide as high, from the East Asian radicals on. */
const WIDE_FROM = 0x2e80;

const advances = new Map(
  Object.entries(ADVANCES).flatMap(([width, letters]) =>
    [...letters].map((letter) => [letter, Number(width)] as const),
  ),
);

function advance(letter: string): number {
  return advances.get(letter) ?? ((letter.codePointAt(0) ?? 0) >= WIDE_FROM ? 100 : OTHER);
}

/** Width of a text in pixels, for a drawing that cannot measure it; rather too much than too little. */
export function textWidth(text: string, size: number, isBold = false): number {
  let sum = 0;
  for (const letter of text) sum += advance(letter);
  return (sum / 100) * size * (isBold ? BOLD : 1);
}

/** The start of a text that is at most so many pixels wide, with its end where it is longer: both ends tell names apart. */
export function fitText(text: string, pixels: number, size: number, gap = "…"): string {
  if (textWidth(text, size) <= pixels) return text;
  const letters = [...text];
  const room = Math.max(0, pixels - textWidth(gap, size));
  let [head, tail, used] = [0, letters.length, 0];
  for (let turn = 0; head < tail; turn++) {
    const next = turn % 2 === 0 ? letters[head] : letters[tail - 1];
    used += textWidth(next, size);
    if (used > room) break;
    if (turn % 2 === 0) head++;
    else tail--;
  }
  return letters.slice(0, head).join("") + gap + letters.slice(tail).join("");
}
