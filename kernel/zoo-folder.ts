import { platform } from "./platform";

/** The folder of the models that ship with the package. */
export const zooFolder = (): string => platform().zoo();
