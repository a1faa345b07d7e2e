/** Which comms are open, on whichever side they were opened. */
export class CommTable {
  private readonly targets = new Map<string, string>();

  open(commId: string, target: string): void {
    this.targets.set(commId, target);
  }

  /** True if it was open. */
  close(commId: string): boolean {
    return this.targets.delete(commId);
  }

  has(commId: string): boolean {
    return this.targets.has(commId);
  }

  /** The content of a `comm_info_reply`, of one target or of all. */
  info(target?: string): Record<string, { target_name: string }> {
    const comms: Record<string, { target_name: string }> = {};
    for (const [id, name] of this.targets) {
      if (target === undefined || target === name) comms[id] = { target_name: name };
    }
    return comms;
  }

  /** Empty the table and return the ids that were open. */
  clear(): string[] {
    const ids = [...this.targets.keys()];
    this.targets.clear();
    return ids;
  }
}
