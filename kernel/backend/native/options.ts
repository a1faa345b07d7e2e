/** Options of the device `native`. */
export interface NativeOptions {
  /** Number of threads inside one operator. Default: the number of cores, at most 8. */
  threads?: number;
  /** Largest number of bytes of all tensors together. Default: nine tenths of the machine's memory. */
  memory?: number;
}
