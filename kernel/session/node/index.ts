/** Parts of a session that need Node. A bundle for a browser replaces this module; `main.ts` starts a session of a process. */
export { hostTypes, lateTypes } from "./host-types";
export {
  interruptAnswered,
  interruptFlags,
  lowerFlag,
  openGate,
  openGateOfScript,
  raiseFlag,
  shutGate,
  unbroken,
} from "./lifeline";
export { openAnswers } from "./answer";
export { asyncDepth, unwindAsync } from "./async-stack";
export { installColors } from "./colors";
export { hidesHead, isHostFrame } from "./frames";
export { CellModules, type CellMeta } from "./modules";
export { runShell } from "./shell";
export { installStdin } from "./stdin";
export { captureStreams, timerModules } from "./streams";
export { platformObjects } from "./platform-objects";
export { tidyInspection } from "./tidy-inspection";
export { onTurn } from "./turn";
export { loadTypeScript } from "./typescript";
