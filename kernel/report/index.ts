/** An encoder's report: one self-contained page for those who choose an encoder. */
export { ReportError } from "./error";
export type { EncoderSpeed } from "./speed";
export type { AlignmentFigure, CorrespondenceFigure, EncoderScores } from "./scores";
export type { LawStanding, LawStandingRow } from "./standing";
export { write, type WriteReportOptions } from "./write";
export type { EncoderReport, MeasuredEncoder } from "./page";
