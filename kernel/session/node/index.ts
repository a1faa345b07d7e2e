/** Parts of a session that need Node. A bundle for a browser replaces this module; `main.ts` starts a session of a process. */
export { hostTypes } from "./host-types";
export {
  enterScript,
  interruptAnswered,
  interruptFlags,
  lowerFlag,
  openGate,
  raiseFlag,
  shutGate,
  unbroken,
} from "./lifeline";
export { CellModules, type CellMeta } from "./modules";
export { installPrompt } from "./prompt";
export { runShell } from "./shell";
export { captureStreams, timerModules } from "./streams";
export { tidyInspection } from "./tidy-inspection";
export { turn } from "./turn";
export { loadTypeScript } from "./typescript";
