import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette, type ISessionContext } from "@jupyterlab/apputils";
import { ITranslator, nullTranslator, type TranslationBundle } from "@jupyterlab/translation";
import { Widget } from "@lumino/widgets";
import { ISessionFinder, SessionChannels, type SessionFinder } from "../comms";
import { eyeIcon } from "../icons";
import { IViewPreferences, type ViewPreferences } from "../preferences";
import { OverviewConnection } from "./connection";
import { sendKernelSettings } from "./kernel-settings";
import type { OverviewPanel } from "./panel";

const SHOW_PANEL = "fovea:show-panel";
const PANEL = "jp-fovea-overview";
const RANK = 450;

/** The panel in the left bar: models and data for the kernel of the notebook in front, its memory and its work. */
export const overviewPlugin: JupyterFrontEndPlugin<void> = {
  id: "jupyterlab-fovea:overview",
  description: "Lists encoders, adapters, features and trainings of the active notebook's kernel in a side panel.",
  autoStart: true,
  requires: [ISessionFinder],
  optional: [ICommandPalette, ILayoutRestorer, ITranslator, IViewPreferences],
  activate: (
    app: JupyterFrontEnd,
    sessions: SessionFinder,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null,
    preferences: ViewPreferences | null,
  ): void => {
    const trans = (translator ?? nullTranslator).load("jupyterlab_fovea");
    if (preferences) sendKernelSettings(sessions, preferences, trans);
    const sidebar = new Sidebar(app, sessions, trans);
    app.shell.add(sidebar, "left", { rank: RANK, type: "Fovea" });
    restorer?.add(sidebar, PANEL);
    app.commands.addCommand(SHOW_PANEL, {
      label: trans.__("Fovea Panel"),
      caption: trans.__("Shows encoders, adapters, features and trainings of the notebook in front"),
      execute: () => app.shell.activateById(PANEL),
    });
    palette?.addItem({ command: SHOW_PANEL, category: "Fovea" });
  },
};

/** The frame of the panel in JupyterLab. Its content is loaded, and the kernel asked, only while it is in sight. */
class Sidebar extends Widget {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly sessions: SessionFinder,
    private readonly trans: TranslationBundle,
  ) {
    super();
    this.id = PANEL;
    this.title.icon = eyeIcon;
    this.title.caption = trans.__("Fovea");
    this.node.setAttribute("role", "region");
    this.node.setAttribute("aria-label", trans.__("Fovea"));
    this.addClass("jp-FoveaOverview-sidebar");
    app.shell.currentChanged?.connect(() => this.follow());
    sessions.changed.connect(() => this.follow());
  }

  protected override onAfterShow(): void {
    void this.fill();
  }

  protected override onAfterHide(): void {
    this.leave();
  }

  private async fill(): Promise<void> {
    if (!this.panel) {
      const { OverviewPanel } = await import("./panel");
      this.panel ??= new OverviewPanel(this.trans, (code) => void this.insert(code));
      this.node.replaceChildren(this.panel.node);
    }
    this.follow();
  }

  /** Follows the notebook in front; another document or nothing leaves the last notebook in place. */
  private follow(): void {
    if (!this.panel || !this.isVisible) return;
    const front = this.app.shell.currentWidget;
    const found = front ? this.sessions.find(front) : undefined;
    if (found && front) {
      this.notebook = front;
      front.disposed.connect(this.left, this);
    }
    const context = this.notebook ? this.sessions.find(this.notebook) : undefined;
    if (context === this.context && context) return;
    this.leave();
    this.context = context;
    this.connection =
      context && new OverviewConnection(new SessionChannels(context), () => [{ type: "activity" }, { type: "shelf" }]);
    this.panel.follow(this.connection, context?.name ?? "");
  }

  private left(widget: Widget): void {
    if (widget !== this.notebook) return;
    this.notebook = undefined;
    this.follow();
  }

  private leave(): void {
    this.connection?.dispose();
    this.connection = undefined;
    this.context = undefined;
    this.panel?.follow(undefined, "");
  }

  /** Puts code into a new cell below the active one, and the cursor there. */
  private async insert(code: string): Promise<void> {
    const { commands, shell } = this.app;
    if (!this.notebook) return;
    shell.activateById(this.notebook.id);
    await commands.execute("notebook:insert-cell-below");
    await commands.execute("notebook:replace-selection", { text: code });
    await commands.execute("notebook:enter-edit-mode");
  }

  private panel: OverviewPanel | undefined;
  private notebook: Widget | undefined;
  private context: ISessionContext | undefined;
  private connection: OverviewConnection | undefined;
}
