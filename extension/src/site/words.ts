/** Words of the site's own controls. */
export interface Words {
  search: string;
  theme: string;
  run: string;
  runTitle: string;
  runAll: string;
  stop: string;
  starting: string;
  running: string;
  done: string;
  failed: string;
  /** Before the changes of a heavy cell. */
  smaller: string;
  /** One change, in words around its two pieces of code. */
  change(from: HTMLElement, to: HTMLElement): (HTMLElement | string)[];
  full: string;
  fullTitle: string;
  stored: string;
}

const ENGLISH: Words = {
  search: "Search the site",
  theme: "Light or dark",
  run: "Run",
  runTitle: "Runs this cell in your browser, after those above it that have not run yet",
  runAll: "Run all cells here",
  stop: "Stop",
  starting: "Starting Fovea in your browser …",
  running: "Running cell",
  done: "Done: these outputs were computed in your browser.",
  failed: "A cell failed; its error stands below it.",
  smaller: "This cell is heavy. In your browser it runs with ",
  change: (from, to) => [to, " in place of ", from],
  full: "Full settings",
  fullTitle: "Runs heavy cells as they stand, which takes minutes in a browser",
  stored: "Stored outputs, computed with the full settings",
};

const JAPANESE: Words = {
  search: "サイト内を検索",
  theme: "明暗の切り替え",
  run: "実行",
  runTitle: "このセルを、まだ実行していない上のセルの後に、ブラウザの中で実行します",
  runAll: "すべてのセルをここで実行",
  stop: "停止",
  starting: "ブラウザの中で Fovea を起動しています …",
  running: "実行中のセル",
  done: "完了。これらの出力はあなたのブラウザで計算されました。",
  failed: "セルが失敗しました。エラーはそのセルの下にあります。",
  smaller: "このセルの計算は重いため、ブラウザの中では次の小さい設定で実行します: ",
  change: (from, to) => [from, " の代わりに ", to],
  full: "本来の設定",
  fullTitle: "重いセルを書かれたとおりに実行します。ブラウザの中では数分かかります",
  stored: "保存されている出力（本来の設定で計算したもの）",
};

/** Returns the words in the language of the page. */
export const wordsOf = (lang: string): Words => (lang.startsWith("ja") ? JAPANESE : ENGLISH);
