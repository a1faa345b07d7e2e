/** Table of open comms, whichever side opened them. */
export class CommTable {
  private readonly targets = new Map<string, string>();

  open(commId: string, target: string): void {
    this.targets.set(commId, target);
  }

  /** Closes a comm; returns true if it was open. */
  close(commId: string): boolean {
    return this.targets.delete(commId);
  }

  has(commId: string): boolean {
    return this.targets.has(commId);
  }

  /** Returns the content of a `comm_info_reply`, of one target or of all. */
  info(target?: string): Record<string, { target_name: string }> {
    const comms: Record<string, { target_name: string }> = {};
    for (const [id, name] of this.targets) {
      if (target === undefined || target === name) comms[id] = { target_name: name };
    }
    return comms;
  }

  /** Empties the table and returns the ids of the open comms. */
  clear(): string[] {
    const ids = [...this.targets.keys()];
    this.targets.clear();
    return ids;
  }
}
