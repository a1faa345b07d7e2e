import { RuleError } from "../../rules/rule-error";

/** Error for a file or folder of dense labels or predictions. */
export class DenseError extends RuleError {
  override name = "DenseError";

  /**
   * @param where public function
   * @param file path of the file or folder
   * @param rule broken rule
   * @param value value received
   */
  constructor(
    where: string,
    readonly file: string,
    rule: string,
    readonly value: unknown,
  ) {
    super(where, `${rule} (${file})`, value);
  }
}
