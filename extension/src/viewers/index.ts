export { viewerPlugin, type ViewerServices } from "./plugin";
export { ThemedOutput } from "./themed-output";
