import { RuleError } from "../rules/rule-error";

/** Error for an unusable ONNX file or graph. */
export class OnnxError extends RuleError {
  override name = "OnnxError";
}
