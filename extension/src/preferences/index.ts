import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { Token } from "@lumino/coreutils";
import { Signal, type ISignal } from "@lumino/signaling";
import {
  DEVICE_CHOICES,
  isColorMap,
  SIMILARITIES,
  VIEW_MEGABYTES,
  type ColorMapName,
  type DeviceChoice,
  type ScaleMode,
  type Similarity,
} from "fovea/protocol";

/** Settings of a reader for every view; they win over the author's choice. */
export interface Preferences {
  colormap?: ColorMapName;
  similarity?: Similarity;
  scale?: ScaleMode;
}

/** Settings of a reader for every kernel. */
export interface KernelPreferences {
  device: DeviceChoice;
  viewMegabytes: number;
}

/** Reads the preferences of this moment. */
export type ReadPreferences = () => Preferences;

/** The reader's own choices. */
export interface ViewPreferences {
  read: ReadPreferences;
  /** Emits when a choice for views has changed. */
  readonly changed: ISignal<unknown, void>;
  kernel(): KernelPreferences;
  /** Emits when a choice for kernels has changed. */
  readonly kernelChanged: ISignal<unknown, void>;
}

/** The reader's own choices for every view and kernel. */
export const IViewPreferences: Token<ViewPreferences> = new Token<ViewPreferences>(
  "jupyterlab-fovea:IViewPreferences",
  "The reader's own choices for every Fovea view.",
);

const ID = "jupyterlab-fovea:preferences";

/** Settings of kernels. */
export const DEFAULT_KERNEL: KernelPreferences = { device: "auto", viewMegabytes: VIEW_MEGABYTES.default };

type Composite = ISettingRegistry.ISettings["composite"];

class FollowedPreferences implements ViewPreferences {
  private views: Preferences = {};
  private kernels = DEFAULT_KERNEL;
  readonly changed = new Signal<this, void>(this);
  readonly kernelChanged = new Signal<this, void>(this);
  readonly read: ReadPreferences = () => this.views;

  kernel(): KernelPreferences {
    return this.kernels;
  }

  take(composite: Composite): void {
    const [views, kernels] = [viewsOf(composite), kernelsOf(composite)];
    const isSame = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b);
    const [sameViews, sameKernels] = [isSame(views, this.views), isSame(kernels, this.kernels)];
    this.views = views;
    this.kernels = kernels;
    if (!sameViews) this.changed.emit();
    if (!sameKernels) this.kernelChanged.emit();
  }
}

function viewsOf({ colormap, heatmap, scale }: Composite): Preferences {
  return {
    colormap: isColorMap(colormap) ? colormap : undefined,
    similarity: SIMILARITIES.find((one) => one === heatmap),
    scale: scale === "absolute" || scale === "view" ? scale : undefined,
  };
}

function kernelsOf({ device, viewMegabytes }: Composite): KernelPreferences {
  return {
    device: DEVICE_CHOICES.find((one) => one === device) ?? DEFAULT_KERNEL.device,
    viewMegabytes: typeof viewMegabytes === "number" ? viewMegabytes : DEFAULT_KERNEL.viewMegabytes,
  };
}

/** Follows the settings; without a registry, or without our schema, there are no preferences. */
export const preferencesPlugin: JupyterFrontEndPlugin<ViewPreferences> = {
  id: ID,
  description: "Reads what the reader set for every Fovea view.",
  autoStart: true,
  provides: IViewPreferences,
  optional: [ISettingRegistry],
  activate: (_app: JupyterFrontEnd, registry: ISettingRegistry | null): ViewPreferences => {
    const followed = new FollowedPreferences();
    registry?.load(ID).then(
      (settings) => {
        followed.take(settings.composite);
        settings.changed.connect(() => followed.take(settings.composite));
      },
      (reason: unknown) => console.warn("jupyterlab-fovea: settings cannot be read", reason),
    );
    return followed;
  },
};
