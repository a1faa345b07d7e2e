import { Widget } from "../model";
import { control, DESCRIBED, type ControlOptions, type DescribedState } from "./definition";

/** File that a reader of the notebook chose. */
export interface UploadedFile {
  name: string;
  /** MIME type as the browser knows it; empty where it knows none. */
  type: string;
  /** Size in bytes. */
  size: number;
  /** Milliseconds since 1970 of the last change. */
  last_modified: number;
  content: Uint8Array;
}

/** State of a choice of files. */
export interface FileUploadState extends DescribedState {
  value: readonly UploadedFile[];
  /** Kinds of files to offer, as `image/*,.onnx`. */
  accept: string;
  /** Take several files. */
  multiple: boolean;
  button_style: "" | "primary" | "success" | "info" | "warning" | "danger";
  /** Font Awesome name of the icon. */
  icon: string;
  /** Error of the browser's reading. */
  error: string;
  disabled: boolean;
}

/**
 * Makes a button that uploads files: `widgets.fileUpload({ accept: "image/*", multiple: true }).get("value")`. The files
 * travel through the notebook's connection, so that large ones belong on the disk.
 */
export function fileUpload(options: ControlOptions<FileUploadState> = {}): Widget<FileUploadState> {
  const own = { accept: "", button_style: "", disabled: false, error: "", icon: "upload", multiple: false, value: [] };
  const defaults = { ...DESCRIBED, ...own, description: "Upload" };
  return new Widget(control("widgets.fileUpload", { model: "FileUpload", style: "ButtonStyle", defaults }, options));
}
