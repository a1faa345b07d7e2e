/** Backends too large to install by default: their parts, folders and installation. */
export { installBackend, type InstallOptions, type InstallProgress } from "./install";
export { BACKEND_NAMES, type Installed, type InstalledBackend, listInstalled, removeInstalled } from "./installed";
export { backendsFolder, loaderEnvironment } from "./places";
export { type BackendName, type NpmPackage, type Recipe, RECIPES, type Wheel } from "./recipes";
