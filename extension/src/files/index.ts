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
import type { FileServices } from "./features";

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

/** Registers factories and brings their documents back after a reload. */
class Documents {
  /** Names of the factories that made a document, by its path. */
  private readonly factories = new Map<string, string>();
  private readonly tracker = new WidgetTracker<IDocumentWidget>({ namespace: "fovea-files" });

  constructor(private readonly registry: DocumentRegistry) {}

  restore(restorer: ILayoutRestorer): void {
    void restorer.restore(this.tracker, {
      command: "docmanager:open",
      args: ({ context }) => ({ path: context.path, factory: this.factories.get(context.path) ?? "" }),
      name: ({ context }) => context.path,
    });
  }

  /** Registers a type of files, and the factory that opens them. */
  add(type: Partial<DocumentRegistry.IFileType>, factory: DocumentRegistry.WidgetFactory): void {
    this.registry.addFileType({ ...type, contentType: "file", icon: eyeIcon });
    this.registry.addWidgetFactory(factory);
    factory.widgetCreated.connect((_, widget) => {
      this.factories.set(widget.context.path, factory.name);
      void this.tracker.add(widget);
    });
  }
}

function addKind(documents: Documents, { name, title, extensions, pattern, show }: Kind, services: FileServices): void {
  const { trans } = services;
  const type = {
    name,
    displayName: trans.__("%1 model", title),
    extensions,
    pattern,
    mimeTypes: ["application/octet-stream"],
    fileFormat: null,
  };
  const options = {
    name: `Fovea ${title}`,
    label: trans.__("Fovea %1 viewer", title),
    modelName: MODEL,
    fileTypes: [name],
    defaultFor: [name],
    readOnly: true,
  };
  documents.add(type, new FileFactory(options, show, services));
}

function addSavedViews(documents: Documents, rendermime: IRenderMimeRegistry, trans: Translate): void {
  const type = {
    name: VIEW_FILE,
    displayName: trans.__("Fovea view"),
    extensions: [".view.json"],
    mimeTypes: ["application/json"],
    fileFormat: "text" as const,
  };
  const options = {
    name: "Fovea view",
    label: trans.__("Fovea view"),
    modelName: "text",
    fileTypes: [VIEW_FILE],
    defaultFor: [VIEW_FILE],
    readOnly: true,
  };
  documents.add(type, new ViewFileFactory(options, rendermime, trans));
}

/** Opens files of models: `.safetensors` as a table of tensors, `.onnx` as the blocks of its graph; features and saved views too. */
export const filesPlugin: JupyterFrontEndPlugin<void> = {
  id: "jupyterlab-fovea:files",
  description: "Opens safetensors and ONNX files, folders of features, and saved views.",
  autoStart: true,
  optional: [IRenderMimeRegistry, ILayoutRestorer, ITranslator],
  activate: (
    { commands, docRegistry, serviceManager: { contents } }: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry | null,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null,
  ): void => {
    const trans = (translator ?? nullTranslator).load("jupyterlab_fovea");
    const open = (path: string): void => void commands.execute("docmanager:open", { path });
    const documents = new Documents(docRegistry);
    if (restorer) documents.restore(restorer);
    docRegistry.addModelFactory(new UnreadModelFactory());
    for (const kind of KINDS) addKind(documents, kind, { contents, trans, open });
    if (rendermime) addSavedViews(documents, rendermime, trans);
  },
};
