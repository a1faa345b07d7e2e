/**
 * Content of JupyterLab's side panel for a session: encoders, adapters and features on the disk, encoders in memory, trainings, device.
 * The session loads this room when a panel first asks.
 */
import { preferDevice } from "../backend/node";
import { whenAnnounced } from "../display/changes";
import type { Comm, JSONValue } from "../display/host";
import { platform } from "../platform";
import { LONGEST_TEXT, type OverviewReply, type OverviewRequest, readOverviewRequest } from "../protocol/overview";
import { limitLiveBytes } from "../view/live";
import { freeEncoder, readActivity, steerTraining } from "./activity";
import { cardOf } from "./card";
import { OverviewRefusal } from "./refusal";
import { graphKey, readShelf, type Shelf } from "./shelf";

const TELL_EVERY_MS = 1000;
const MEGABYTE = 1_000_000;

/** Serves one panel: answers its requests, and tells of changes at most once a second. */
export function acceptOverview(comm: Comm): void {
  const panel = new ServedPanel(comm);
  comm.onMessage(({ data }) => panel.answer(data));
  comm.onClose(() => panel.end());
}

class ServedPanel {
  private shelf: Shelf | null = null;
  private stopTimer: (() => void) | undefined;
  private leave: () => void = () => undefined;
  private isFollowing = false;
  /** Runs in the context of the panel's request, so that news of an interrupted cell still reaches the panel. */
  private readonly tell: () => void;

  constructor(private readonly comm: Comm) {
    this.tell = platform().bind(() => {
      this.stopTimer ??= platform().timer(() => void this.tellActivity(), TELL_EVERY_MS);
    });
  }

  /** Answers a request, or says why not; nothing is thrown. */
  async answer(data: JSONValue): Promise<void> {
    try {
      await this.meet(readOverviewRequest(data));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.send({ type: "error", message: message.slice(0, LONGEST_TEXT) });
    }
  }

  end(): void {
    this.leave();
    this.stopTimer?.();
  }

  private async meet(request: OverviewRequest): Promise<void> {
    switch (request.type) {
      case "shelf":
        this.shelf = await readShelf();
        return this.send(this.shelf.reply);
      case "activity":
        this.follow();
        return this.tellActivity();
      case "card": {
        const { source, file } = request;
        return this.send(await cardOf(source, file, await this.graphOf(source, file)));
      }
      case "free":
        await freeEncoder(request.id);
        return this.tellActivity();
      case "steer":
        steerTraining(request.id, request.command);
        return this.tellActivity();
      case "settings":
        preferDevice(request.device);
        return limitLiveBytes(request.viewMegabytes * MEGABYTE);
      default:
        return request satisfies never;
    }
  }

  /** Tells the panel of changes, from its first question on. */
  private follow(): void {
    if (this.isFollowing) return;
    this.isFollowing = true;
    this.leave = whenAnnounced(this.tell);
  }

  /** Returns the graph of a listed encoder; a message cannot name other paths. */
  private async graphOf(source: string, file?: string): Promise<string> {
    this.shelf ??= await readShelf();
    const graph = this.shelf.graphs.get(graphKey(source, file));
    if (graph === undefined) throw new OverviewRefusal("source must be an encoder of the list", source);
    return graph;
  }

  private async tellActivity(): Promise<void> {
    this.stopTimer?.();
    this.stopTimer = undefined;
    this.send(await readActivity());
  }

  private send(reply: OverviewReply): void {
    if (!this.comm.closed) this.comm.send(reply as unknown as JSONValue);
  }
}
