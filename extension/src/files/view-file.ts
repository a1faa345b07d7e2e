import { ABCWidgetFactory, DocumentWidget, type DocumentRegistry } from "@jupyterlab/docregistry";
import { MimeModel, type IRenderMimeRegistry } from "@jupyterlab/rendermime";
import { PanelLayout, Widget } from "@lumino/widgets";
import type { Translate } from "fovea/protocol";
import { element } from "../dom";
import { eyeIcon } from "../icons";

export const VIEW_FILE = "fovea-view";
/** A view has at most 300 KB. */
const LONGEST = 4 << 20;
const OURS = /^application\/vnd\.fovea\.\w+\.v\d+\+json$/;

/** Opens a file with a mime bundle, as `view.save` writes it, by the viewer of its type. */
export class ViewFileFactory extends ABCWidgetFactory<DocumentWidget> {
  constructor(
    options: DocumentRegistry.IWidgetFactoryOptions,
    private readonly rendermime: IRenderMimeRegistry,
    private readonly trans: Translate,
  ) {
    super(options);
  }

  protected createNewWidget(context: DocumentRegistry.Context): DocumentWidget {
    const content = new Widget({ node: element("div", { class: "jp-FoveaFile jp-FoveaFile-view" }) });
    const layout = (content.layout = new PanelLayout());
    const draw = async (): Promise<void> => {
      for (const shown of [...layout.widgets]) shown.dispose();
      content.node.replaceChildren();
      try {
        layout.addWidget(await this.render(context.model.toString()));
      } catch (error) {
        const text = this.trans.__("This file cannot be shown. %1", (error as Error).message);
        content.node.append(element("p", { class: "jp-FoveaFile-error", text, attributes: { role: "alert" } }));
      }
    };
    void context.ready.then(() => {
      void draw();
      context.model.contentChanged.connect(() => void draw());
    });
    content.title.icon = eyeIcon;
    return new DocumentWidget({ content, context });
  }

  /** Only data of our types is shown: a file of others could hold markup and scripts. */
  private async render(text: string): Promise<Widget> {
    const { trans } = this;
    if (text.length > LONGEST) throw new Error(trans.__("It has more than %1 characters.", LONGEST));
    const bundle: unknown = JSON.parse(text);
    const data = typeof bundle === "object" && bundle !== null ? (bundle as Record<string, never>) : {};
    const type = Object.keys(data).find((name) => OURS.test(name) && this.rendermime.mimeTypes.includes(name));
    if (type === undefined) throw new Error(trans.__("It holds no view that this version of Fovea knows."));
    const renderer = this.rendermime.createRenderer(type);
    await renderer.renderModel(new MimeModel({ data: { [type]: data[type] }, trusted: false }));
    return renderer;
  }
}
