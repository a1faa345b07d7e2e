import type { IThemeManager } from "@jupyterlab/apputils";
import { LiveOutput, type LiveContent } from "../comms";
import type { ReadPreferences } from "../preferences";
import type { ViewerServices } from "./plugin";

/** What draws with the colours of the page. */
export interface ThemedContent extends LiveContent {
  redraw(): void;
}

/** A live output that is drawn again in the colours of a new theme. */
export abstract class ThemedOutput<Content extends ThemedContent> extends LiveOutput<Content> {
  constructor(mimeType: string, { trans, sessions, preferences, themes }: ViewerServices) {
    super(trans, mimeType, sessions);
    this.preferences = preferences;
    this.themes = themes;
    themes?.themeChanged.connect(this.redraw, this);
  }

  override dispose(): void {
    this.themes?.themeChanged.disconnect(this.redraw, this);
    this.sight.disconnect();
    super.dispose();
  }

  /**
   * The new theme's style sheet applies only in the next frame, and for some frames JupyterLab hides everything: what is
   * not on screen has no size to be drawn at, and waits until it is.
   */
  private redraw(): void {
    requestAnimationFrame(() => this.sight.observe(this.node));
  }

  private readonly sight = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    this.sight.disconnect();
    this.content?.redraw();
  });
  protected readonly preferences: ReadPreferences;
  private readonly themes: IThemeManager | undefined;
}
