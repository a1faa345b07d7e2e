/** Plays VS Code's page for renderers of notebooks: outputs in shadow trees, and the theme named on the body. */
const context = { workspace: { isTrusted: true }, setState() {}, getState: () => undefined };

/** Loads the renderer of a module and shows an output. `window.host` has the renderer and the output's element. */
export async function play(address, mime, data) {
  setTheme("dark");
  const { activate } = await import(address);
  const renderer = await activate(context);
  const tree = document.body.appendChild(document.createElement("div")).attachShadow({ mode: "open" });
  const el = tree.appendChild(document.createElement("div"));
  window.host = { renderer, el, setTheme };
  await renderer.renderOutputItem({ id: "1", mime, json: () => data }, el, new AbortController().signal);
}

function setTheme(name) {
  document.body.className = `vscode-${name}`;
  document.body.dataset.vscodeThemeKind = `vscode-${name}`;
}
