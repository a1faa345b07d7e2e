/** A viewer as a module for hosts of anywidget: `render({ model, el })`. */
import { element } from "../dom";
import type { ViewerKind } from "../frame/viewer-kind";
import type { Viewer } from "../frame/viewer";
import { colorByItself, openSaved, pageTranslation, reasonOf, whenThemeChanges } from "./saved";

/** The model of a host, as far as a viewer uses it. Its trait `data` is the data of the view's mime type. */
export interface WidgetModel {
  get(name: "data"): unknown;
  on(event: "change:data", work: () => void): void;
  off?(event: "change:data", work: () => void): void;
}

/** The part that a host hands over. */
export interface WidgetHost {
  model: WidgetModel;
  el: HTMLElement;
}

/** A module of anywidget. */
export interface WidgetModule {
  /** Shows the view in `el`, and again whenever the model's data changes; returns a function that takes it away. */
  render(host: WidgetHost): Promise<() => void>;
}

/** Returns the module of one kind of viewers. */
export function widgetOf(kind: ViewerKind): WidgetModule {
  return {
    render: async ({ model, el }) => {
      const place = new Place(kind, el);
      const show = (): Promise<void> => place.show(model.get("data"));
      const changed = (): void => void show();
      model.on("change:data", changed);
      await show();
      return () => {
        model.off?.("change:data", changed);
        place.dispose();
      };
    },
  };
}

/** The place of one view on a host's page. */
class Place {
  constructor(
    private readonly kind: ViewerKind,
    private readonly el: HTMLElement,
  ) {
    colorByItself(el);
    whenThemeChanges(() => this.viewer?.redraw?.(), this.aborter.signal);
  }

  /** Shows data; where it changes while a view opens, the view shows the latest. */
  async show(data: unknown): Promise<void> {
    const turn = ++this.turn;
    try {
      const viewer = await openSaved(this.kind, data);
      if (turn === this.turn) this.put(viewer.node, viewer);
      else viewer.dispose();
    } catch (error) {
      const text = pageTranslation().__("This view cannot be opened: %1", reasonOf(error));
      if (turn === this.turn) this.put(element("p", { class: "jp-Fovea-error", text, attributes: { role: "alert" } }));
    }
  }

  dispose(): void {
    this.turn++;
    this.aborter.abort();
    this.viewer?.dispose();
    this.el.replaceChildren();
  }

  private put(node: HTMLElement, viewer?: Viewer): void {
    this.viewer?.dispose();
    this.viewer = viewer;
    this.el.replaceChildren(node);
  }

  private turn = 0;
  private viewer: Viewer | undefined;
  private readonly aborter = new AbortController();
}
