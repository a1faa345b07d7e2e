import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ABCWidgetFactory, Base64ModelFactory, DocumentWidget, type DocumentRegistry } from "@jupyterlab/docregistry";
import type { Contents } from "@jupyterlab/services";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { Widget } from "@lumino/widgets";
import type { Translate } from "fovea/protocol";
import { element } from "../dom";
import { RemoteFile } from "./remote-file";

const MODEL = "fovea-file";

/** A model without content: a file of gigabytes is read in parts. */
class UnreadModelFactory extends Base64ModelFactory {
  override get name(): string {
    return MODEL;
  }

  override get fileFormat(): Contents.FileFormat {
    return null;
  }
}

type Show = (file: RemoteFile, contents: Contents.IManager, path: string, trans: Translate) => Promise<Node[]>;

/** Kinds of files, and what shows one. Their code is loaded with the first file. */
const KINDS: readonly { name: string; title: string; extension: string; show: Show }[] = [
  {
    name: "safetensors",
    title: "Safetensors",
    extension: ".safetensors",
    show: async (file, contents, path, trans) => (await import("./tensors")).showTensors(file, contents, path, trans),
  },
  {
    name: "onnx",
    title: "ONNX",
    extension: ".onnx",
    show: async (file, _contents, _path, trans) => (await import("./graph")).showGraph(file, trans),
  },
];

class FileFactory extends ABCWidgetFactory<DocumentWidget> {
  constructor(
    options: DocumentRegistry.IWidgetFactoryOptions,
    private readonly contents: Contents.IManager,
    private readonly show: Show,
    private readonly trans: Translate,
  ) {
    super(options);
  }

  protected createNewWidget(context: DocumentRegistry.Context): DocumentWidget {
    const content = new Widget({ node: element("div", { class: "jp-FoveaFile", attributes: { tabindex: "-1" } }) });
    let shown = "";
    const draw = (): void => {
      const { path, contentsModel } = context;
      const version = `${path} ${contentsModel?.last_modified}`;
      if (version === shown) return;
      shown = version;
      void this.draw(content.node, path);
    };
    void context.ready.then(draw);
    context.fileChanged.connect(draw);
    return new DocumentWidget({ content, context });
  }

  private async draw(node: HTMLElement, path: string): Promise<void> {
    const title = element("h2", { text: path.slice(path.lastIndexOf("/") + 1) });
    node.setAttribute("aria-busy", "true");
    try {
      const file = await RemoteFile.open(this.contents, path);
      node.replaceChildren(title, ...(await this.show(file, this.contents, path, this.trans)));
    } catch (error) {
      const text = this.trans.__("This file cannot be shown. %1", (error as Error).message);
      node.replaceChildren(title, element("p", { class: "jp-FoveaFile-error", text, attributes: { role: "alert" } }));
    }
    node.removeAttribute("aria-busy");
  }
}

/** Opens files of models: `.safetensors` as a table of tensors, `.onnx` as the blocks of its graph. */
export const filesPlugin: JupyterFrontEndPlugin<void> = {
  id: "jupyterlab-fovea:files",
  description: "Opens safetensors and ONNX files.",
  autoStart: true,
  optional: [ITranslator],
  activate: ({ docRegistry, serviceManager }: JupyterFrontEnd, translator: ITranslator | null): void => {
    const trans = (translator ?? nullTranslator).load("jupyterlab_fovea");
    docRegistry.addModelFactory(new UnreadModelFactory());
    for (const { name, title, extension, show } of KINDS) {
      docRegistry.addFileType({
        name,
        displayName: trans.__("%1 model", title),
        extensions: [extension],
        mimeTypes: ["application/octet-stream"],
        contentType: "file",
        fileFormat: null,
        icon: docRegistry.getFileType("text")?.icon,
      });
      const options = {
        name: `Fovea ${title}`,
        label: trans.__("Fovea %1 viewer", title),
        modelName: MODEL,
        fileTypes: [name],
        defaultFor: [name],
        readOnly: true,
      };
      docRegistry.addWidgetFactory(new FileFactory(options, serviceManager.contents, show, trans));
    }
  },
};
