import { before, describe } from "node:test";
import { nn } from "./names.ts";

/** Every device of training that this machine may have, best first. */
const DEVICES: nn.TrainingDevice[] = ["native", "tensorflow", "wasm", "cpu"];

/** One run of the tests on every device; one that is not installed here is skipped, and says so. */
export function onEveryDevice(name: string, body: (device: nn.TrainingDevice) => void): void {
  const installed = nn.installedDevices();
  for (const device of DEVICES) {
    const skip = installed.includes(device) ? false : `${device} is not installed`;
    describe(`${name} on ${device}`, { skip }, () => {
      before(() => nn.start(device));
      body(device);
    });
  }
}
