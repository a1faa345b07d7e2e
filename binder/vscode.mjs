/**
 * The viewers as an extension of VS Code: a notebook renderer for Fovea's mime types in one bundle, from the same sources as JupyterLab's,
 * packed as a `.vsix`, a zip with a manifest. Nothing is published by this.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { bin, root } from "./setup.mjs";
import { bundle, plotlyInside, viewerNames } from "./viewers.mjs";

const NAME = "fovea-notebook-renderer";
const PUBLISHER = "fovea";
const { version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const DISPLAY = "Fovea views";
const DESCRIPTION =
  "Shows the saved views of Fovea in notebooks: correspondence, attention, the law of vision representation";

/** Viewers of our own mime types; VS Code draws plotly's figures itself. */
const names = () => viewerNames().filter((name) => name !== "plotly");

/** Writes the bundle of the renderer, an ES module that exports `activate`. */
export async function buildRenderer(outfile) {
  const style = { entryPoints: [join(root, "style", "widgets.css")], bundle: true, minify: true, write: false };
  const { outputFiles } = await build({ ...style, logLevel: "error" });
  const imports = names().map((name, i) => `import { kind as kind${i} } from "./${name}/kind";`);
  const kinds = names().map((_, i) => `kind${i}`);
  const lines = [
    'import { activateFor } from "./vscode";',
    ...imports,
    `export const activate = activateFor([${kinds.join(", ")}], ${JSON.stringify(outputFiles[0].text)});`,
  ];
  await bundle(lines.join("\n"), { outfile, format: "esm", plugins: [plotlyInside] });
}

/** Mime types by the names of the viewers, from their sources. */
function mimeTypes() {
  const sources = names().map((name) => readFileSync(join(root, "kernel", "protocol", name, "payload.ts"), "utf8"));
  return sources.map((text) => /_MIME = "([^"]+)"/.exec(text)[1]);
}

const manifest = () => ({
  name: NAME,
  displayName: DISPLAY,
  description: DESCRIPTION,
  publisher: PUBLISHER,
  version,
  license,
  engines: { vscode: "^1.75.0" },
  categories: ["Notebooks", "Visualization"],
  contributes: {
    notebookRenderer: [
      {
        id: "fovea-views",
        displayName: DISPLAY,
        entrypoint: "./renderer.js",
        mimeTypes: mimeTypes(),
        requiresMessaging: "never",
      },
    ],
  },
});

const vsixManifest = `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="${NAME}" Version="${version}" Publisher="${PUBLISHER}"/>
    <DisplayName>${DISPLAY}</DisplayName>
    <Description xml:space="preserve">${DESCRIPTION}</Description>
    <Categories>Notebooks,Visualization</Categories>
    <License>extension/LICENSE.txt</License>
    <Properties><Property Id="Microsoft.VisualStudio.Code.Engine" Value="^1.75.0"/></Properties>
  </Metadata>
  <Installation><InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation>
  <Dependencies/>
  <Assets><Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json" Addressable="true"/></Assets>
</PackageManifest>
`;

const CONTENT_TYPES = `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension=".json" ContentType="application/json"/><Default Extension=".js" ContentType="application/javascript"/><Default Extension=".txt" ContentType="text/plain"/><Default Extension=".vsixmanifest" ContentType="text/xml"/></Types>
`;

/** Packs the extension and returns the path of the file. @param folder place of the `.vsix` */
export async function packVsix(folder) {
  const content = mkdtempSync(join(tmpdir(), "fovea-vsix-"));
  try {
    mkdirSync(join(content, "extension"));
    await buildRenderer(join(content, "extension", "renderer.js"));
    writeFileSync(join(content, "extension", "package.json"), JSON.stringify(manifest(), null, 2));
    copyFileSync(join(root, "LICENSE"), join(content, "extension", "LICENSE.txt"));
    writeFileSync(join(content, "extension.vsixmanifest"), vsixManifest);
    writeFileSync(join(content, "[Content_Types].xml"), CONTENT_TYPES);
    mkdirSync(folder, { recursive: true });
    const file = resolve(folder, `${NAME}-${version}.vsix`);
    zip(content, ["extension.vsixmanifest", "[Content_Types].xml", "extension"], file);
    return file;
  } finally {
    rmSync(content, { recursive: true, force: true });
  }
}

function zip(folder, entries, file) {
  const args = ["-m", "zipfile", "-c", file, ...entries];
  const { status, stderr, error } = spawnSync(bin("python"), args, { cwd: folder, encoding: "utf8" });
  if (error || status !== 0) throw error ?? new Error(`package: ${file} must be writable, received: ${stderr.trim()}`);
}
