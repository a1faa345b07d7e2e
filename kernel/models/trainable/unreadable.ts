/** Reason why a graph is no vision transformer that can be trained. */
export class Unreadable extends Error {
  override name = "Unreadable";
}
