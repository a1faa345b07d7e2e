/** Images with heat-maps and marks over them, and the scale of their colours. */
export { Pane } from "./pane";
export { moved, showing, WHOLE, zoomed, zoomWindow, type ZoomWindow } from "./zoom";
export { ScaleBar, type Scale } from "./scale-bar";
