import { currentHost, type MimeBundle } from "../../display/host";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { platform } from "../../platform";
import { duration } from "../../display/progress";
import { sleep } from "../../platform/sleep";
import { FeatureError } from "../error";
import { partFolder } from "./part-folder";
import { type ExtractionPlan, planOf } from "./plan";
import { type PlanStatus, status } from "./status";

/** Options of {@link follow}. */
export interface FollowOptions {
  /** Seconds between two looks at the files. Default 5. */
  seconds?: number;
  /** Called after each look. Default: not called. */
  onProgress?: (status: PlanStatus) => void;
  /** Show the state in a notebook. Default true. */
  progress?: boolean;
  /** Ends the watch: the promise rejects with the signal's reason. Default: none. */
  signal?: AbortSignal;
}

const FOLLOW = "features.follow";
const NAMES: OptionNames<FollowOptions> = { seconds: true, onProgress: true, progress: true, signal: true };

/**
 * Follows a plan that workers anywhere are making, from its files alone, until all parts are whole. A notebook shows the
 * parts, the rate, the time left and the reasons of failures, and on a click the slowest and the failed parts.
 *
 * @param plan a plan, or the path of its file
 * @returns the last state, in which every part is whole
 * @throws FeatureError for a file that is no plan, or seconds that are no positive number
 */
export async function follow(plan: ExtractionPlan | string, options: FollowOptions = {}): Promise<PlanStatus> {
  checkOptionNames(FOLLOW, options, NAMES, FeatureError);
  const { seconds = 5, onProgress, progress = true, signal } = options;
  if (!(seconds > 0 && Number.isFinite(seconds)))
    throw new FeatureError(FOLLOW, "seconds must be a positive number", seconds);
  const own = await planOf(FOLLOW, plan);
  const show = progress ? shower(own) : () => {};
  for (;;) {
    const now = await status(own, { signal });
    show(now);
    onProgress?.(now);
    if (now.whole === now.parts) return now;
    await sleep(1000 * seconds, signal);
  }
}

/** Shows a state in the cell that runs now, each in the place of the one before. */
function shower(plan: ExtractionPlan): (now: PlanStatus) => void {
  const [head, lists] = [place(), place()];
  return (now) => {
    head(headBundle(now));
    lists(listsBundle(plan, now));
  };
}

/** Returns a place for one bundle after another. An equal one is not shown again, so that lists which were opened stay open. */
function place(): (bundle: MimeBundle | null) => void {
  const host = currentHost();
  const displayId = platform().uuid();
  let shown: string | undefined;
  return (bundle) => {
    const content = JSON.stringify(bundle);
    if (bundle === null || content === shown) return;
    host?.display(bundle, { displayId, update: shown !== undefined });
    shown = content;
  };
}

/** Returns the progress as text and as a bar. */
export function headBundle(now: PlanStatus): MimeBundle {
  const [head] = statusLines(now);
  const bar = `<progress aria-label="Parts" value="${now.whole}" max="${Math.max(1, now.parts)}"></progress>`;
  return { "text/plain": head, "text/html": `<div>${bar} ${escaped(head)}</div>` };
}

/** Returns failures and slow parts as text, and as lists that open on a click; null where there are none. */
export function listsBundle(plan: ExtractionPlan, now: PlanStatus): MimeBundle | null {
  const lists: [title: string, rows: string[]][] = [
    ["Failures by reason", reasonsOf(now)],
    [
      "Slowest parts",
      now.slowest.map(({ part, seconds, host }) => row(plan, part, `${seconds.toFixed(1)} s on ${host}`)),
    ],
    ["Failed parts", now.failures.first.map(({ part, reason, host }) => row(plan, part, `${reason} (${host})`))],
    ["Damaged parts", now.damaged.first.map(({ part, reason }) => row(plan, part, reason))],
  ];
  const filled = lists.filter(([, rows]) => rows.length);
  const details = filled.map(
    ([title, rows]) => `<details><summary>${title}</summary><ul>${rows.map(item).join("")}</ul></details>`,
  );
  const text = filled.map(([title, rows]) => [title, ...rows.map((line) => `  ${line}`)].join("\n"));
  return filled.length ? { "text/plain": text.join("\n"), "text/html": details.join("") } : null;
}

const row = (plan: ExtractionPlan, part: number, words: string): string =>
  `part ${part}, ${words}: ${partFolder(plan, part)}`;
const item = (text: string): string => `<li>${escaped(text)}</li>`;
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const reasonsOf = ({ reasons }: PlanStatus): string[] =>
  Object.entries(reasons)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${count}: ${reason}`);

/** Returns a state in lines of text, the first of which tells the progress. */
export function statusLines(now: PlanStatus): string[] {
  const { parts, whole, missing, begun, pictures, skipped, rate, secondsLeft, waited, damaged, failures } = now;
  const pace = rate === null ? "" : `, ${rate.toPrecision(3)} pictures a second`;
  const left = secondsLeft ? `, ${duration(secondsLeft)} left` : "";
  const lines = [`${whole} of ${parts} parts are whole, ${pictures} pictures${pace}${left}`];
  if (whole < parts) lines.push(`${missing} missing, ${begun} begun, ${damaged.count} damaged, to do: ${now.todo}`);
  if (skipped) lines.push(`${skipped} pictures skipped`);
  for (const text of reasonsOf(now)) lines.push(`  ${text}`);
  if (whole) lines.push(`the model waited ${(100 * waited).toFixed(1)} % of the time`);
  for (const { part, reason } of damaged.first) lines.push(`part ${part} is damaged: ${reason}`);
  for (const { part, reason, host } of failures.first) lines.push(`part ${part} failed on ${host}: ${reason}`);
  if (failures.count > failures.first.length) lines.push(`and ${failures.count - failures.first.length} more failed`);
  return lines;
}
