import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import { WidgetTracker } from "@jupyterlab/apputils";
import {
  ABCWidgetFactory,
  Base64ModelFactory,
  DocumentWidget,
  type DocumentRegistry,
  type IDocumentWidget,
} from "@jupyterlab/docregistry";
import { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import type { Contents } from "@jupyterlab/services";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { Widget } from "@lumino/widgets";
import type { Translate } from "fovea/protocol";
import { element } from "../dom";
import { eyeIcon } from "../icons";
import { RemoteFile } from "./remote-file";
import { VIEW_FILE, ViewFileFactory } from "./view-file";

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

/** Parts of JupyterLab that a page of a file may use. */
export interface FileServices {
  contents: Contents.IManager;
  trans: Translate;
  /** Opens a document. */
  open(path: string): void;
}

type Show = (file: RemoteFile, path: string, services: FileServices) => Promise<Node[]>;

/** A kind of files, by extension or by a pattern of whole names. */
interface Kind {
  name: string;
  title: string;
  extensions: readonly string[];
  pattern?: string;
  show: Show;
}

/** Kinds of files, and the widget that shows each. Its code is loaded with the first file. */
const KINDS: readonly Kind[] = [
  {
    name: "safetensors",
    title: "Safetensors",
    extensions: [".safetensors"],
    show: async (file, path, { contents, trans }) =>
      (await import("./tensors")).showTensors(file, contents, path, trans),
  },
  {
    name: "onnx",
    title: "ONNX",
    extensions: [".onnx"],
    show: async (file, _path, { trans }) => (await import("./graph")).showGraph(file, trans),
  },
  {
    name: "fovea-features",
    title: "Features",
    extensions: [],
    pattern: "^manifest\\.jsonl$",
    show: async (file, path, services) => (await import("./features")).showFeatures(file, path, services),
  },
];

class FileFactory extends ABCWidgetFactory<DocumentWidget> {
  constructor(
    options: DocumentRegistry.IWidgetFactoryOptions,
    private readonly show: Show,
    private readonly services: FileServices,
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
    content.title.icon = eyeIcon;
    return new DocumentWidget({ content, context });
  }

  private async draw(node: HTMLElement, path: string): Promise<void> {
    const title = element("h2", { text: path.slice(path.lastIndexOf("/") + 1) });
    node.setAttribute("aria-busy", "true");
    try {
      const file = await RemoteFile.open(this.services.contents, path);
      node.replaceChildren(title, ...(await this.show(file, path, this.services)));
    } catch (error) {
      const text = this.services.trans.__("This file cannot be shown. %1", (error as Error).message);
      node.replaceChildren(title, element("p", { class: "jp-FoveaFile-error", text, attributes: { role: "alert" } }));
    }
    node.removeAttribute("aria-busy");
  }
}

/** Opens files of models: `.safetensors` as a table of tensors, `.onnx` as the blocks of its graph; features and saved views too. */
export const filesPlugin: JupyterFrontEndPlugin<void> = {
  id: "jupyterlab-fovea:files",
  description: "Opens safetensors and ONNX files, folders of features, and saved views.",
  autoStart: true,
  optional: [IRenderMimeRegistry, ILayoutRestorer, ITranslator],
  activate: (
    { commands, docRegistry, serviceManager }: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry | null,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null,
  ): void => {
    const trans = (translator ?? nullTranslator).load("jupyterlab_fovea");
    const { contents } = serviceManager;
    const open = (path: string): void => void commands.execute("docmanager:open", { path });
    const tracker = new WidgetTracker<IDocumentWidget>({ namespace: "fovea-files" });
    void restorer?.restore(tracker, {
      command: "docmanager:open",
      args: ({ context }) => ({ path: context.path, factory: factories.get(context.path) ?? "" }),
      name: ({ context }) => context.path,
    });
    /** Name of the factory that made a document, by path. */
    const factories = new Map<string, string>();
    const addFactory = (factory: DocumentRegistry.WidgetFactory): void => {
      docRegistry.addWidgetFactory(factory);
      factory.widgetCreated.connect((_, widget) => {
        factories.set(widget.context.path, factory.name);
        void tracker.add(widget);
      });
    };
    docRegistry.addModelFactory(new UnreadModelFactory());
    for (const { name, title, extensions, pattern, show } of KINDS) {
      docRegistry.addFileType({
        name,
        displayName: trans.__("%1 model", title),
        extensions,
        pattern,
        mimeTypes: ["application/octet-stream"],
        contentType: "file",
        fileFormat: null,
        icon: eyeIcon,
      });
      const options = {
        name: `Fovea ${title}`,
        label: trans.__("Fovea %1 viewer", title),
        modelName: MODEL,
        fileTypes: [name],
        defaultFor: [name],
        readOnly: true,
      };
      addFactory(new FileFactory(options, show, { contents, trans, open }));
    }
    if (!rendermime) return;
    docRegistry.addFileType({
      name: VIEW_FILE,
      displayName: trans.__("Fovea view"),
      extensions: [".view.json"],
      mimeTypes: ["application/json"],
      contentType: "file",
      fileFormat: "text",
      icon: eyeIcon,
    });
    const options = {
      name: "Fovea view",
      label: trans.__("Fovea view"),
      modelName: "text",
      fileTypes: [VIEW_FILE],
      defaultFor: [VIEW_FILE],
      readOnly: true,
    };
    addFactory(new ViewFileFactory(options, rendermime, trans));
  },
};
