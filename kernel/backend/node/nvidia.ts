import { execFile } from "node:child_process";

/** The lines that NVIDIA's tool prints about a query; nothing where it is missing or slower than `timeout` milliseconds. */
export function askNvidia(query: string, timeout: number): Promise<string | undefined> {
  const args = [`--query-gpu=${query}`, "--format=csv,noheader,nounits"];
  return new Promise((resolve) => {
    execFile("nvidia-smi", args, { timeout }, (error, stdout) => resolve(error ? undefined : stdout));
  });
}
