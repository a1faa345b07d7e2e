/** Outputs of cells in the form of notebook format 4.5, and messages of comms, as a page receives them. */
import type { JSONObject, JSONValue, MimeBundle } from "../display/host";

/** Piece of text of a standard stream. */
export interface StreamOutput {
  output_type: "stream";
  name: "stdout" | "stderr";
  text: string;
}

/** Display of a cell. `transient.display_id` names one that later output may change. */
export interface DisplayOutput {
  output_type: "display_data";
  data: MimeBundle;
  metadata: JSONObject;
  transient?: { display_id: string };
}

/** Value of a cell's last expression. */
export interface ResultOutput {
  output_type: "execute_result";
  execution_count: number;
  data: MimeBundle;
  metadata: JSONObject;
}

/** Error that ended a cell; the lines of its traceback have the colors of a terminal. */
export interface ErrorOutput {
  output_type: "error";
  ename: string;
  evalue: string;
  traceback: string[];
}

/** Output of a cell. */
export type Output = StreamOutput | DisplayOutput | ResultOutput | ErrorOutput;

/** Outcome of a cell. */
export interface Executed {
  status: "ok" | "error" | "aborted";
  executionCount: number;
  outputs: readonly Output[];
}

/** Message of a comm, from a cell's library to a viewer of the page or back. */
export type CommMessage = {
  commId: string;
  data: JSONValue;
  metadata: JSONObject;
  buffers: Uint8Array[];
} & ({ type: "commOpen"; target: string } | { type: "commMessage" } | { type: "commClose" });
