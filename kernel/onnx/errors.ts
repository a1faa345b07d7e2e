import { RuleError } from "../rule-error";

/** An ONNX file or graph that cannot be used. */
export class OnnxError extends RuleError {
  override name = "OnnxError";
}
