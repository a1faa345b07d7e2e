/** Boxes: overlap, matching of predictions and targets, and their losses. */
export { assign, type Pair } from "../assignment/dense";
export { type CenterBox, generalizedIou, iou, toCenter, toCorners } from "./plain";
export { boxCenters, boxCorners, boxIou, generalizedBoxIou } from "./tensors";
export { match, type MatchCosts, type PlainBoxes } from "./match";
export { type BoxLossOptions, type BoxPredictions, type BoxTargets, setLoss, type SetLoss } from "./loss";
