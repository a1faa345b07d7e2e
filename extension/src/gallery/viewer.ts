import { pictureBytes, readGalleryReply, splitThumbs, type GalleryPayload, type GalleryRequest } from "fovea/protocol";
import type { ConnectionState, Received } from "../comms/channel";
import { element, setText } from "../dom";
import type { Exportable, ViewPicture } from "../export";
import { controlRow } from "../parts/controls";
import { button, press } from "../parts/fields";
import { ViewerFrame, type ControlRow } from "../frame/frame";
import { linkState, type LinkState } from "../frame/link";
import type { DropAnswer, DroppedFile, Viewer, ViewerInput } from "../frame/viewer";
import { dropAnswer, exportCode, exportData } from "./exports";
import { ThumbGrid } from "./grid";
import { galleryKeys, type GalleryAction } from "./keys";
import { GalleryMap } from "./map";
import { NeighborList, SHOWN } from "./neighbors";
import { QueryPicture } from "./query";
import { sayCaption, sayNeighbors, sayStatus, sayUnreadable } from "./speech";
import {
  goBack,
  initialState,
  movePatch,
  movePicture,
  showPicture,
  togglePatch,
  type GalleryState,
  linkFields,
} from "./state";
import { GalleryStore, type FoundNeighbors } from "./store";
import { NeighborTable } from "./table";

/** The gallery: a grid of pictures, their map, and the neighbors of one. Owns its elements and listeners. */
export class GalleryViewer implements Viewer, Exportable {
  readonly node: HTMLElement;
  readonly link: LinkState;

  constructor(private readonly options: ViewerInput<GalleryPayload>) {
    const { payload, trans } = options;
    this.store = new GalleryStore(payload);
    this.state = initialState(payload);
    const keys = galleryKeys(trans);
    this.frame = new ViewerFrame({
      trans,
      name: "Gallery",
      title: payload.title || trans.__("Gallery"),
      about: trans.__("%1 pictures, %2", payload.count, payload.encoder),
      label: trans.__(
        "Pictures and their nearest neighbors. Arrows move over the pictures, p asks with a patch, numbers go to a neighbor, question mark lists the keys.",
      ),
      keys,
      act: (action) => this.act(action),
      draw: () => this.render(),
      exported: this,
    });
    this.node = this.frame.node;
    this.link = linkState(linkFields(payload), { get: () => this.state, set: (state) => this.update(state) });
    const { signal } = this.frame;
    const choose = (index: number): void => this.keep(showPicture(this.state, index));
    const hover = (index: number | undefined): void => this.hover(index);
    this.grid = new ThumbGrid(payload.count, { choose, hover, seen: () => this.frame.ask() }, signal);
    this.map = new GalleryMap(
      payload.places,
      trans.__("All pictures on two principal components"),
      { choose, hover },
      signal,
    );
    this.neighbors = new NeighborList({ choose, hover }, signal);
    const ask = (patch: number): void => this.keep({ ...this.state, patch });
    this.query = new QueryPicture(payload.grid, ask, () => this.frame.ask());
    this.table = new NeighborTable(trans);
    const wish = (text: string, type: "back" | "patch" | "table"): HTMLButtonElement =>
      button(text, keys.tip(type), () => this.act({ type }));
    this.patchButton = wish(trans.__("One patch"), "patch");
    this.backButton = wish(trans.__("Back"), "back");
    this.tableButton = wish(trans.__("Table"), "table");
    this.compose();
  }

  /** The state of the comm: a live one is asked for what is on screen. */
  setConnection(connection: ConnectionState): void {
    this.connection = connection;
    this.asked.clear();
    this.frame.ask();
  }

  /** Takes pictures and neighbors from the kernel. @throws ProtocolError on a reply that breaks the format */
  receive({ message, buffers }: Received): void {
    const reply = readGalleryReply(message);
    switch (reply.type) {
      case "thumbs":
        this.asked.delete("thumbs");
        this.store.acceptThumbs(reply, splitThumbs(reply, buffers));
        break;
      case "picture":
        this.store.acceptPicture(reply, pictureBytes(reply, buffers));
        break;
      case "near":
        this.store.acceptNear(reply);
        break;
      default:
        return reply satisfies never;
    }
    this.frame.lines.setProblem("");
    this.frame.ask();
  }

  setProblem(message: string): void {
    // Pictures can be asked for again when others come into sight.
    this.asked.delete("thumbs");
    this.frame.lines.setProblem(message);
  }

  exportName(): string {
    return this.options.payload.title || "gallery";
  }

  exportPicture(): ViewPicture {
    const canvases = [this.query.canvas, this.map.canvas].flatMap((canvas) => canvas ?? []);
    const small = this.neighbors.pictures().map(({ src }) => loaded(src));
    const words = this.frame.words();
    return { rows: [canvases, small.slice(0, SHOWN / 2), small.slice(SHOWN / 2)], words };
  }

  exportData(): unknown {
    return exportData(this.options.payload, this.state, this.store, this.found());
  }

  /** A picture of the gallery shows its neighbors; a model makes a gallery of its own. */
  dropped(file: DroppedFile): DropAnswer | undefined {
    return dropAnswer(this.options.payload, this.state, this.store, file);
  }

  exportCode(): string {
    return exportCode(this.options.payload, this.state, this.store);
  }

  /** Draws again, as after a change of the theme. */
  redraw(): void {
    this.frame.ask();
  }

  dispose(): void {
    this.frame.dispose();
  }

  private compose(): void {
    const { trans, payload } = this.options;
    const { live, caption, warning } = this.frame.lines;
    const controls: ControlRow = {
      node: controlRow(trans, [], [this.patchButton, this.backButton, this.tableButton]),
      addButtons: (more) => this.tableButton.after(...more),
    };
    setText(caption, sayCaption(trans, payload));
    this.frame.fill({
      controls,
      stage: [
        element("div", { class: "jp-FoveaGallery-all" }, this.grid.node, this.map.node),
        element("div", { class: "jp-FoveaGallery-one" }, this.query.node, this.neighbors.node),
      ],
      below: [live, warning, caption, this.table.node],
    });
  }

  private act(action: GalleryAction): void {
    const { state } = this;
    const { count, grid } = this.options.payload;
    switch (action.type) {
      case "move":
        return this.update(
          state.patch === undefined
            ? movePicture(state, count, this.grid.columns, action.dx, action.dy)
            : movePatch(state, grid, action.dx, action.dy),
        );
      case "ends":
        return this.update(showPicture(state, action.last ? count - 1 : 0));
      case "follow":
        return this.update(showPicture(state, this.found()?.neighbors.at(action.neighbor)?.index ?? state.index));
      case "back":
        return this.update(goBack(state));
      case "patch":
        return this.update(togglePatch(state, grid));
      case "leave":
        return this.update({ ...state, patch: undefined });
      case "table":
        return this.update({ ...state, table: !state.table });
      default:
        return action satisfies never;
    }
  }

  private hover(index: number | undefined): void {
    this.frame.lines.used("pointer");
    if (index !== this.state.hover) this.update({ ...this.state, hover: index });
  }

  /** Keeps the picture or the patch under a click. */
  private keep(state: GalleryState): void {
    this.frame.focus();
    this.update(state);
  }

  private update(state: GalleryState): void {
    this.state = state;
    this.frame.ask();
  }

  private found(): FoundNeighbors | undefined {
    return this.store.neighbors(this.state.index, this.state.patch);
  }

  private render(): void {
    const { state, store } = this;
    const found = this.found();
    const near = (found?.neighbors ?? []).slice(0, SHOWN);
    const thumb = (index: number): ReturnType<GalleryStore["thumb"]> => store.thumb(index);
    const name = (index: number): string => store.name(index);
    this.grid.draw(state.index, thumb, name);
    this.neighbors.update(near, thumb, name);
    const { index: current, hover } = state;
    this.map.draw({ current, near: new Set(near.map(({ index }) => index)), ...(hover !== undefined && { hover }) });
    this.map.showPreview(hover, hover === undefined ? undefined : thumb(hover), hover === undefined ? "" : name(hover));
    this.query.show(store.picture(current), thumb(current), name(current));
    this.query.draw(state.patch);
    this.table.update(state, store, found);
    press(this.patchButton, state.patch !== undefined);
    this.backButton.disabled = state.before.length === 0;
    this.tableButton.setAttribute("aria-expanded", String(state.table));
    this.write(found);
    this.want(near.map(({ index }) => index));
  }

  private write(found: FoundNeighbors | undefined): void {
    const { payload, trans } = this.options;
    const { lines } = this.frame;
    setText(lines.live, sayNeighbors(trans, payload, this.state, this.store, found));
    setText(lines.status, sayStatus(trans, payload, found, this.connection));
    lines.status.classList.toggle("jp-mod-approximate", found?.milliseconds === undefined);
    lines.setWarning(sayUnreadable(trans, this.store));
  }

  /** Asks the kernel for what is on screen and not here: small pictures, the large one, neighbors; each once. */
  private want(near: readonly number[]): void {
    const { index, patch, hover } = this.state;
    if (this.connection !== "live") return;
    const seen = [index, ...(hover === undefined ? [] : [hover]), ...near, ...this.grid.visible()];
    const indices = this.store.missing([...new Set(seen)]);
    if (indices.length) this.ask("thumbs", { type: "thumbs", indices });
    if (!this.store.picture(index)) this.ask(`picture ${index}`, { type: "picture", index });
    const question = `near ${index} ${patch}`;
    if (this.store.has(index, patch) || this.asked.has(question)) return;
    this.ask(question, { type: "near", serial: ++this.serial, index, patch: patch ?? null });
  }

  private ask(key: string, request: GalleryRequest): void {
    if (this.asked.has(key)) return;
    // A question for neighbors that a newer one overtook is asked again when its picture comes back.
    if (request.type === "near") for (const other of this.asked) if (other.startsWith("near")) this.asked.delete(other);
    this.asked.add(key);
    this.options.send(request);
  }

  private state: GalleryState;
  private connection: ConnectionState = "none";
  private serial = 0;
  /** Questions that are on their way, or that the kernel could not answer. */
  private readonly asked = new Set<string>();
  private readonly store: GalleryStore;
  private readonly frame: ViewerFrame<GalleryAction>;
  private readonly grid: ThumbGrid;
  private readonly map: GalleryMap;
  private readonly neighbors: NeighborList;
  private readonly query: QueryPicture;
  private readonly table: NeighborTable;
  private readonly patchButton: HTMLButtonElement;
  private readonly backButton: HTMLButtonElement;
  private readonly tableButton: HTMLButtonElement;
}

/** A picture at its size, independent of the page. */
function loaded(src: string): HTMLImageElement {
  const image = new Image();
  image.src = src;
  return image;
}
