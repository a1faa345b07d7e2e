/** `fovea law fit | policy | plan | c-score | a-score`. */
import { aScore } from "./a-score";
import { cScore } from "./c-score";
import { fit, plan, policy } from "./table";

const COMMANDS: Record<string, (args: string[]) => void | Promise<void>> = {
  fit,
  policy,
  plan,
  "c-score": cScore,
  "a-score": aScore,
};

/**
 * Runs the command of `fovea law` named by the first argument.
 *
 * @throws Error for arguments that the usage does not allow
 */
export async function main([name = "", ...args]: string[]): Promise<void> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command)
    throw new Error(
      `law: the command must be one of ${Object.keys(COMMANDS).join(", ")}, received ${JSON.stringify(name)}`,
    );
  await command(args);
}
