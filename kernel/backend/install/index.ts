/** Backends that are too large to come unasked: what they are made of, where they lie, how they get there. */
export { installBackend, type InstallOptions, type InstallProgress } from "./install";
export { BACKEND_NAMES, type Installed, type InstalledBackend, listInstalled, removeInstalled } from "./installed";
export { backendsFolder, loaderEnvironment } from "./places";
export { type BackendName, type NpmPackage, type Recipe, RECIPES, type Wheel } from "./recipes";
