/** A count with its noun: `1 benchmark`, `8 benchmarks`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
