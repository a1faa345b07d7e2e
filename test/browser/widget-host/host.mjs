/** Plays a host of anywidget: a model of traitlets' shape, and an element, upon the page or in a shadow tree. */
class Model {
  state = {};
  listeners = new Map();

  get(name) {
    return this.state[name];
  }

  set(name, value) {
    this.state[name] = value;
    for (const listener of this.listeners.get(`change:${name}`) ?? []) listener();
  }

  on(event, listener) {
    this.listeners.set(event, (this.listeners.get(event) ?? new Set()).add(listener));
  }

  off(event, listener) {
    this.listeners.get(event)?.delete(listener);
  }

  save_changes() {
    throw new Error("a viewer writes nothing");
  }
}

/** Shows the module of a viewer; `window.host` has model, element, module, and what takes the view away. */
export async function play(data, isShadow) {
  const model = new Model();
  model.set("data", data);
  const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: "/dist/widgets.css" });
  const outer = document.body.appendChild(document.createElement("div"));
  const tree = isShadow ? outer.attachShadow({ mode: "open" }) : outer;
  const el = document.createElement("div");
  await new Promise((loaded) => {
    style.onload = loaded;
    tree.append(style, el);
  });
  const module = await import("/dist/widgets/correspondence.mjs");
  window.host = { model, el, module, close: await module.default.render({ model, el }) };
}
