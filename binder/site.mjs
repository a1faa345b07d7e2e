/**
 * Command `npm run site [-- --output DIR] [-- --repository owner/name] [-- --no-reference] [-- --no-lite]`: one folder for any static host,
 * under any path, in `.fovea/site`. The tutorials are pages with their stored outputs and living viewers; where the page comes from a host,
 * its cells run in the browser, and each tutorial opens in JupyterLite. The kernel, the viewers and the kernel's browser files must be
 * built; JupyterLite needs its Python package, and is left out where that is missing.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { buildLite, missingForLite } from "./lite.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const notebooks = join(root, "notebooks");
const load = createRequire(import.meta.url);

/** The kernel's browser files below the site. */
const KERNEL = "fovea/";
/** JupyterLite below the site; its plugin looks for the kernel's files beside it. */
const LITE = "lite/";

/** A limit of JupyterLite, at the link to it. */
const LITE_FILES = {
  en: "JupyterLab without a server. Its cells have files of their own: they do not see those of its file browser, and heavy cells run there as they stand.",
  ja: "サーバーのいらない JupyterLab です。セルのファイルはファイルブラウザーのファイルとは別で、互いに見えません。重いセルも書かれたとおりに実行されます。",
};

/** The policy of every page: what it loads comes from the site alone. Plotly styles its elements inline. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Writes the site beside its place and moves it there; a site that fails leaves nothing. */
export async function buildSite({ output, repository, reference = true, lite = true }) {
  const beside = `${output}.${process.pid}.new`;
  mkdirSync(beside);
  try {
    const built = await writeSite(beside, { repository, reference, lite });
    rmSync(output, { recursive: true, force: true });
    renameSync(beside, output);
    return built;
  } catch (error) {
    rmSync(beside, { recursive: true, force: true });
    throw error;
  }
}

async function writeSite(folder, { repository, reference, lite }) {
  const { publishNotebook, readNotebook } = load("../kernel/dist/publish/index.js");
  mkdirSync(join(folder, "tutorials"));
  const tutorials = tutorialNames().map((name) => {
    const document = publishNotebook(readNotebook(join(notebooks, `${name}.ipynb`)), { linkOf, runs: true });
    const title = document.title ?? name;
    return { name, document, title, number: numberOf(name), lang: name.endsWith(".ja") ? "ja" : "en" };
  });
  await writeAssets(folder, tutorials);
  const hasKernel = copyIfThere(join(root, "kernel", "dist-browser"), join(folder, KERNEL));
  if (reference) writeReference(folder);
  const missing = !lite ? "it was not asked for" : hasKernel ? missingForLite() : "cells do not run";
  if (missing === null) buildLite(join(folder, LITE), notebookFiles());
  const site = { tutorials, repository, hasKernel, hasLite: missing === null, hasReference: reference };
  for (const tutorial of tutorials) {
    writeFileSync(join(folder, "tutorials", `${tutorial.name}.html`), tutorialPage(tutorial, site));
    cpSync(join(notebooks, `${tutorial.name}.ipynb`), join(folder, "tutorials", `${tutorial.name}.ipynb`));
  }
  writeFileSync(join(folder, "index.html"), indexPage(site));
  return { pages: tutorials.length + 1, hasKernel, withoutLite: missing };
}

const notebookFiles = () =>
  Object.fromEntries(tutorialNames().map((name) => [`${name}.ipynb`, join(notebooks, `${name}.ipynb`)]));

const tutorialNames = () =>
  readdirSync(notebooks)
    .filter((name) => name.endsWith(".ipynb"))
    .map((name) => name.slice(0, -".ipynb".length))
    .sort();

/** The place of a tutorial on the path, as its name begins with it; empty for one beside the path. */
const numberOf = (name) => /^\d+(?=-)/.exec(name)?.[0] ?? "";

/** A title with its number in front. */
const numbered = ({ number, title }) => (number ? `<span class="fovea-number">${number}</span> ` : "") + escape(title);

/** A link to another notebook leads to its page. */
const linkOf = (address) => address.replace(/^(?:\.\/)?([\w.-]+)\.(?:ipynb|md)(?=$|#)/, "$1.html");

async function writeAssets(folder, tutorials) {
  const assets = join(folder, "assets");
  const shared = { bundle: true, minify: true, logLevel: "error", absWorkingDir: root };
  const alias = { "fovea/protocol": join(root, "kernel", "protocol", "index.ts") };
  await build({
    ...shared,
    entryPoints: [join("extension", "src", "site", "index.ts")],
    outfile: join(assets, "site.js"),
    format: "iife",
    alias,
  });
  // A service worker reaches the pages of its folder and below.
  const isolating = join("extension", "src", "site", "isolating-worker.ts");
  await build({ ...shared, entryPoints: [isolating], outfile: join(folder, "isolate.js"), format: "iife" });
  await build({ ...shared, entryPoints: [join("style", "site.css")], outfile: join(assets, "site.css") });
  const { viewerFolder } = load("../kernel/dist/page/viewers.js");
  for (const name of ["viewers", "widgets", "widgets.css", "plotly.js", "words-ja.js"])
    cpSync(join(viewerFolder(), name), join(assets, name), { recursive: true });
  const sections = tutorials.flatMap(sectionsOf);
  // A script and no JSON: a page from disk may read it too.
  writeFileSync(join(assets, "sections.js"), `window.foveaSections=${JSON.stringify(sections)};\n`);
}

/** The sections of a tutorial with their plain text, for the search. */
function sectionsOf({ name, title, document }) {
  const page = `tutorials/${name}.html`;
  const parts = document.html.split(/(?=<h[1-6] id=")/);
  return parts.flatMap((part) => {
    const id = /^<h[1-6] id="([^"]*)"/.exec(part)?.[1];
    const heading = document.headings.find((one) => one.id === unescape(id ?? ""));
    if (!heading) return [];
    return [
      { address: `${page}#${encodeURIComponent(heading.id)}`, page: title, heading: heading.text, text: textOf(part) },
    ];
  });
}

/** Plain text of markup of ours: without the states of views and the pictures. */
function textOf(markup) {
  const text = markup.replace(/<script[^]*?<\/script>/g, " ").replace(/<[^>]*>/g, " ");
  return unescape(text).replace(/\s+/g, " ").trim();
}

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
const unescape = (text) => text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => ENTITIES[name]);
const escape = (text) => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

function copyIfThere(from, to) {
  if (existsSync(from)) cpSync(from, to, { recursive: true });
  return existsSync(from);
}

function writeReference(folder) {
  const typedoc = join(root, "node_modules", "typedoc", "bin", "typedoc");
  const args = [typedoc, "--out", join(folder, "reference"), "--logLevel", "Error"];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) throw new Error(`site: typedoc must write the reference, received exit code ${status}`);
}

function tutorialPage(tutorial, site) {
  const { title, document, lang } = tutorial;
  const same = site.tutorials.filter((one) => one.lang === lang);
  const at = same.indexOf(tutorial);
  const step = (other, words) =>
    other ? `<a href="${other.name}.html">${words(escape(other.title))}</a>` : "<span></span>";
  const next = [step(same[at - 1], (text) => `← ${text}`), step(same[at + 1], (text) => `${text} →`)].join("");
  const { viewerFiles } = load("../kernel/dist/page/viewers.js");
  return page({
    title: `${title} · Fovea`,
    lang,
    base: "../",
    scripts: viewerFiles(document.views, lang),
    kernel: site.hasKernel,
    list: listOf(site, tutorial),
    body: `<div class="fovea-actions">${actionsOf(tutorial, site)}</div>${document.html}<nav class="fovea-next" aria-label="${lang === "ja" ? "前後" : "Next"}">${next}</nav>`,
  });
}

function actionsOf({ name, lang }, { tutorials, repository, hasLite }) {
  const other = tutorials.find((one) => one.name === (lang === "ja" ? name.replace(/\.ja$/, "") : `${name}.ja`));
  const links = [
    `<a href="${name}.ipynb" download>${lang === "ja" ? "ノートブックを保存" : "Download the notebook"}</a>`,
  ];
  // A page from disk has no JupyterLite: the site's script takes the link away there.
  if (hasLite)
    links.push(
      `<a href="../${LITE}lab/index.html?path=${encodeURIComponent(`${name}.ipynb`)}" title="${LITE_FILES[lang]}" data-hosted>${lang === "ja" ? "JupyterLite で開く" : "Open in JupyterLite"}</a>`,
    );
  if (repository) {
    const path = encodeURIComponent(`lab/tree/notebooks/${name}.ipynb`);
    links.push(
      `<a href="https://mybinder.org/v2/gh/${repository}/HEAD?urlpath=${path}">${lang === "ja" ? "Binder で開く" : "Open on Binder"}</a>`,
    );
  }
  if (other)
    links.push(`<a href="${other.name}.html" lang="${other.lang}">${other.lang === "ja" ? "日本語" : "English"}</a>`);
  return links.join("");
}

/** The list of tutorials in one language; the sections of the one that is open stand below it. */
function listOf({ tutorials, hasReference }, open) {
  const lang = open?.lang ?? "en";
  const base = open ? "" : "tutorials/";
  const entry = (tutorial) => {
    const isOpen = tutorial === open;
    const sections = isOpen ? tutorial.document.headings.filter(({ level }) => level === 2) : [];
    const below = sections.map(({ id, text }) => `<li><a href="#${encodeURIComponent(id)}">${escape(text)}</a></li>`);
    const list = below.length > 0 ? `<ol>${below.join("")}</ol>` : "";
    const current = isOpen ? ' aria-current="page"' : "";
    return `<li><a href="${base}${tutorial.name}.html"${current}>${numbered(tutorial)}</a>${list}</li>`;
  };
  const entries = tutorials.filter((one) => one.lang === lang).map(entry);
  const reference = hasReference
    ? `<ol><li><a href="${open ? "../" : ""}reference/index.html">API reference</a></li></ol>`
    : "";
  return `<ol>${entries.join("")}</ol>${reference}`;
}

function indexPage(site) {
  const card = (tutorial) => {
    const { name, document, lang } = tutorial;
    const words = /<p>([^]*?)<\/p>/.exec(document.html)?.[1].replace(/<[^>]*>/g, "") ?? "";
    return `<li><a href="tutorials/${name}.html" lang="${lang}"><strong>${numbered(tutorial)}</strong><p>${words}</p></a></li>`;
  };
  const cards = (lang) =>
    site.tutorials
      .filter((one) => one.lang === lang)
      .map(card)
      .join("");
  return page({
    title: "Fovea",
    lang: "en",
    base: "",
    scripts: [],
    kernel: false,
    list: listOf(site, undefined),
    body: `<h1>Fovea</h1><p>Vision encoders opened up in notebooks: features of any layer, viewers that answer every mouse move, and the measurements that tell which encoder a multimodal model should see with. Each tutorial holds its outputs; its views live on the page.</p><h2>Tutorials</h2><ol class="fovea-cards">${cards("en")}</ol><h2 lang="ja">日本語</h2><ol class="fovea-cards">${cards("ja")}</ol>`,
  });
}

function page({ title, lang, base, scripts, kernel, list, body }) {
  const script = (file, when) => `<script ${when} src="${base}assets/${file}"></script>`;
  const label = lang === "ja" ? "チュートリアル" : "Tutorials";
  return `<!doctype html>
<html lang="${lang}" class="jp-FoveaPage" data-root="${base}"${kernel ? ` data-kernel="${KERNEL}"` : ""}><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title><link rel="stylesheet" href="${base}assets/site.css"><link rel="icon" href="data:,">
<script src="${base}assets/site.js"></script>${["sections.js", ...scripts].map((file) => script(file, "defer")).join("")}</head>
<body><header class="fovea-head"><a href="${base}index.html">Fovea</a><div class="fovea-tools"></div></header>
<div class="fovea-body"><nav class="fovea-list" aria-label="${label}"><details open><summary>${label}</summary>${list}</details></nav><main>${body}</main></div></body></html>
`;
}

const OPTIONS = {
  output: { type: "string", default: join(root, ".fovea", "site") },
  repository: { type: "string" },
  "no-reference": { type: "boolean", default: false },
  "no-lite": { type: "boolean", default: false },
};

async function main() {
  const { values } = parseArgs({ options: OPTIONS });
  const { repository } = values;
  const output = resolve(values.output);
  if (repository !== undefined && !/^[\w.-]+\/[\w.-]+$/.test(repository))
    throw new Error(`site: --repository must be owner/name, received ${JSON.stringify(repository)}`);
  if (existsSync(output) && !existsSync(join(output, "assets", "sections.js")))
    throw new Error(`site: --output must be a new folder or one of an earlier site, received ${output}`);
  mkdirSync(dirname(output), { recursive: true });
  const parts = { reference: !values["no-reference"], lite: !values["no-lite"] };
  const { pages, hasKernel, withoutLite } = await buildSite({ output, repository, ...parts });
  const kernel = hasKernel ? "cells run in the page" : "cells do not run: npm run build:browser was not called";
  const lite = withoutLite === null ? "JupyterLite opens them" : `no JupyterLite: ${withoutLite}`;
  process.stdout.write(`${output}: ${pages} pages; ${kernel}; ${lite}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  main().catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
