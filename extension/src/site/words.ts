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
};

/** Returns the words in the language of the page. */
export const wordsOf = (lang: string): Words => (lang.startsWith("ja") ? JAPANESE : ENGLISH);
