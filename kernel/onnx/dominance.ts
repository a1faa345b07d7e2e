/**
 * The tree of dominators of a graph without cycles, made while its vertices come in order: `a` dominates `b` where every way from the
 * root to `b` leads through `a`. The dominator of a vertex is the lowest common ancestor of those it is reached from; pointers that
 * skip many ancestors (Myers, An applicative random-access stack, 1983) find it in logarithmic time.
 */
export class DominatorTree {
  private readonly parent = [0];
  private readonly jump = [0];
  private readonly depth = [0];

  /** Adds a vertex reached from these, at least one; vertex 0 is the root. Returns its number. */
  add(from: readonly number[]): number {
    const parent = from.reduce((a, b) => this.common(a, b));
    const over = this.jump[parent];
    const isEven = this.depth[parent] - this.depth[over] === this.depth[over] - this.depth[this.jump[over]];
    this.parent.push(parent);
    this.jump.push(isEven ? this.jump[over] : parent);
    this.depth.push(this.depth[parent] + 1);
    return this.parent.length - 1;
  }

  dominates(a: number, b: number): boolean {
    return this.ancestorAt(b, this.depth[a]) === a;
  }

  private ancestorAt(vertex: number, depth: number): number {
    let at = vertex;
    while (this.depth[at] > depth) at = this.depth[this.jump[at]] >= depth ? this.jump[at] : this.parent[at];
    return at;
  }

  private common(a: number, b: number): number {
    const depth = Math.min(this.depth[a], this.depth[b]);
    let [x, y] = [this.ancestorAt(a, depth), this.ancestorAt(b, depth)];
    while (x !== y)
      [x, y] = this.jump[x] === this.jump[y] ? [this.parent[x], this.parent[y]] : [this.jump[x], this.jump[y]];
    return x;
  }
}
