/** Images with heat-maps and marks over them, and the scale of their colours. */
export { Pane } from "./pane";
export { ScaleBar, type Scale } from "./scale-bar";
