/**
 * Command `npm run notebooks [-- --all] [-- NAME …]`: sets up missing parts and runs the notebooks with stale outputs.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { bin, environment, fail, root, setup, SetupError } from "./setup.mjs";

async function main() {
  await setup();
  const args = [join(root, "binder", "run_notebooks.py"), ...process.argv.slice(2)];
  const run = spawnSync(bin("python"), args, { cwd: root, env: environment(), stdio: "inherit" });
  if (run.error)
    throw new SetupError(`Python cannot be started: ${run.error.message}`, "Delete .venv and run the command again.");
  process.exitCode = run.status ?? 1;
}

main().catch(fail);
