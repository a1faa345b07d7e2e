/** What a value looks like: `view.…` in a notebook. */
export {
  correspondence,
  CorrespondenceView,
  type CorrespondenceOptions,
  type LayerModel,
  type ViewModel,
} from "./correspondence";
