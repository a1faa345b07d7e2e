import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import { VisionTransformer } from "../models/vit/vit";
import * as nn from "../nn";
import { DenseHead } from "../tasks/dense/head";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { isWhole } from "../rules/rule-error";
import { checkTeacher, checkTopK, type FullSakConfig, fullSakConfig, type SakConfig, type SakTeacher } from "./config";
import { SakError } from "./error";
import { insertExpert, removeExpert } from "./experts";
import { SakPath, SakRouter } from "./layers";
import {
  checkRoutes,
  type ExpertWeights,
  mix,
  routed,
  type RouteFrame,
  type SakFeatures,
  type SakRoute,
} from "./routes";

/** Options of a student's prediction. */
export interface SakForwardOptions {
  /** Tasks to predict. Default: all. */
  tasks?: readonly string[];
  /** Weights set by hand for this call; they win over those of `Sak.setRoutes`. Default: none. */
  routes?: readonly SakRoute[];
  /** Height and width of the predictions, for labels that are coarser than the pictures. Default: the pictures' size. */
  outputSize?: readonly [height: number, width: number];
}

/** Options of {@link Sak.add} and {@link Sak.replace}. */
export interface SakAddOptions {
  /** Width of the teacher's features. Default: the student's. */
  width?: number;
  /** Bias of the new path's logit in every router; far below 0 the tasks hardly see the path. Default 0. */
  logit?: number;
}

const FORWARD_NAMES: OptionNames<SakForwardOptions> = { tasks: true, routes: true, outputSize: true };
const ADD_NAMES: OptionNames<SakAddOptions> = { width: true, logit: true };

/**
 * Student of several teachers (SAK; Lu et al., arXiv 2410.14633): a vision transformer that all share, a light path of
 * adapters for each teacher, and for each task a router that mixes them at every level before a dense head.
 *
 *     const model = new sak.Sak({ stem: models.vitConfig("vit_small_patch16_384"), teachers: ["dino", "clip"], tasks: { semseg: 21 } });
 *     const { semseg } = model.forward(pixels);     // [B, 21, H, W]
 *
 * Teachers can be added, removed, replaced and bypassed between trainings; the other paths keep every bit.
 */
export class Sak extends nn.Module {
  readonly stem: VisionTransformer;
  readonly paths: Map<string, SakPath>;
  /** Routers of each task, one a level; empty with `router: "none"`. */
  readonly routers: Map<string, SakRouter[]>;
  readonly heads: Map<string, DenseHead>;
  private readonly start: FullSakConfig;
  private readonly closed = new Set<string>();
  private byHand: readonly SakRoute[] = [];

  /**
   * @throws SakError for an invalid configuration
   * @throws ModelError for an invalid stem
   */
  constructor(configuration: SakConfig) {
    super();
    const config = fullSakConfig(configuration);
    const { stem, teachers, tasks, levels, headWidth: width } = config;
    const entries = Object.entries(tasks);
    this.start = config;
    this.stem = new VisionTransformer({ ...configuration.stem, finalNorm: false, numClasses: 0 });
    this.paths = new Map(teachers.map((teacher) => [teacher.name, new SakPath(config, teacher)]));
    this.routers = new Map(config.router === "none" ? [] : entries.map(([task]) => [task, makeRouters(config)]));
    const head = { channels: stem.embedDim, levels: levels.length, width };
    this.heads = new Map(entries.map(([task, outputs]) => [task, new DenseHead({ ...head, outputs })]));
  }

  /** Configuration with every default and the present teachers, to make the same student for a stored state. */
  get config(): FullSakConfig {
    return { ...this.start, teachers: [...this.paths].map(([name, { width }]) => ({ name, width })) };
  }

  /** Names of the teachers, in the order of the routers' experts after the stem. */
  get teachers(): string[] {
    return [...this.paths.keys()];
  }

  /** Names of the tasks. */
  get tasks(): string[] {
    return [...this.heads.keys()];
  }

  /** Names of the teachers whose paths take no part. */
  get bypassed(): string[] {
    return this.teachers.filter((name) => this.closed.has(name));
  }

  /**
   * Predicts tasks in every pixel.
   *
   * @param x [B, 3, H, W]
   * @returns [B, outputs, H, W] by task
   * @throws SakError for an unknown task, or a route that does not fit
   */
  forward(x: Tensor, options: SakForwardOptions = {}): Record<string, Tensor> {
    return this.predict(this.features(x, this.openTeachers()), options);
  }

  /**
   * Computes the stem's tokens and the paths at every level.
   *
   * @param x [B, 3, H, W]
   * @param teachers paths to compute. Default: all, the bypassed ones too
   */
  features(x: Tensor, teachers: readonly string[] = this.teachers): SakFeatures {
    return tf.tidy(() => {
      const wanted = { outputFmt: "NLC", intermediatesOnly: true, returnEmbeddings: true } as const;
      const { intermediates, embeddings } = this.stem.forwardIntermediates(x, wanted);
      const streams = [embeddings as Tensor, ...intermediates];
      const stem = this.start.levels.map((level) => streams[level === "stem" ? 0 : level + 1]);
      const paths = teachers.map((name) => [name, this.pathOf("sak.Sak.features", name).forward(streams)] as const);
      const size = x.shape.slice(2) as [number, number];
      return { stem, paths: Object.fromEntries(paths), grid: this.stem.patchEmbed.gridOf(size), size };
    });
  }

  /**
   * Predicts tasks from features.
   *
   * @returns [B, outputs, H, W] by task
   * @throws SakError as {@link forward}
   */
  predict(features: SakFeatures, options: SakForwardOptions = {}): Record<string, Tensor> {
    const fn = "sak.Sak.forward";
    checkOptionNames(fn, options, FORWARD_NAMES, SakError);
    const { tasks = this.tasks, routes = [], outputSize = features.size } = options;
    if (!Array.isArray(outputSize) || outputSize.length !== 2 || !outputSize.every((side) => isWhole(side)))
      throw new SakError(fn, "outputSize must be two whole numbers of at least 1", outputSize);
    const all = this.checkedRoutes(fn, routes);
    const heads = tasks.map((task) => this.headOf(fn, task));
    return tf.tidy(() => {
      const weights = tasks.map((task) => this.weightsOf(task, features, all));
      const mixed = mix(features, this.openTeachers(), weights);
      const { grid, size } = features;
      return Object.fromEntries(heads.map((head, i) => [tasks[i], head.forward(mixed[i], grid, size, outputSize)]));
    });
  }

  /**
   * Returns the weights of stem and teachers for each picture.
   *
   * @param x [B, 3, H, W]
   * @returns [B, levels, experts] by task; a bypassed teacher has 0
   * @throws SakError as {@link forward}, and for a student without routers
   */
  weights(x: Tensor, options: SakForwardOptions = {}): Record<string, Tensor> {
    const fn = "sak.Sak.weights";
    checkOptionNames(fn, options, FORWARD_NAMES, SakError);
    const { tasks = this.tasks, routes = [] } = options;
    if (this.start.router === "none") throw new SakError(fn, "the student must have routers", this.start.router);
    const all = this.checkedRoutes(fn, routes);
    return tf.tidy(() => {
      const features = this.features(x, []);
      const stacks = tasks.map((task) => [task, stacked(this.weightsOf(task, features, all))] as const);
      return Object.fromEntries(stacks);
    });
  }

  /**
   * Adds a teacher's path after the others, and an expert to every router. All other weights keep their bits.
   *
   * @throws SakError for a name that is taken
   */
  add(teacher: string, options: SakAddOptions = {}): this {
    const fn = "sak.Sak.add";
    checkOptionNames(fn, options, ADD_NAMES, SakError);
    const { width, logit = 0 } = options;
    const full = this.newTeacher(fn, { name: teacher, width }, logit);
    this.paths.set(teacher, new SakPath(this.start, full).train(this.training));
    for (const router of this.everyRouter()) insertExpert(router, this.paths.size, logit);
    return this.forgetRoutes();
  }

  /**
   * Removes a teacher's path, and its expert from every router; the shares of the others grow in proportion, as their logits
   * stay.
   *
   * @throws SakError for an unknown or the only teacher, or routers that keep more experts than remain
   */
  remove(teacher: string): this {
    const fn = "sak.Sak.remove";
    const path = this.pathOf(fn, teacher);
    if (this.paths.size === 1) throw new SakError(fn, "another teacher must remain", teacher);
    checkTopK(fn, this.start.topK, this.paths.size);
    const at = 1 + this.teachers.indexOf(teacher);
    for (const router of this.everyRouter()) removeExpert(router, at);
    this.paths.delete(teacher);
    this.closed.delete(teacher);
    path.dispose();
    return this.forgetRoutes();
  }

  /**
   * Puts a fresh path in the place of a teacher's; its logits stay unless `logit` is given.
   *
   * @throws SakError for an unknown teacher, or a new name that is taken
   */
  replace(teacher: string, by: string, options: SakAddOptions = {}): this {
    const fn = "sak.Sak.replace";
    checkOptionNames(fn, options, ADD_NAMES, SakError);
    const { width, logit } = options;
    const old = this.pathOf(fn, teacher);
    const full = this.newTeacher(fn, { name: by, width }, logit, teacher);
    const path = new SakPath(this.start, full).train(this.training);
    const entries = [...this.paths].map(([name, one]): [string, SakPath] =>
      name === teacher ? [by, path] : [name, one],
    );
    this.paths.clear();
    for (const [name, one] of entries) this.paths.set(name, one);
    this.closed.delete(teacher);
    old.dispose();
    const at = 1 + this.teachers.indexOf(by);
    if (logit !== undefined)
      for (const router of this.everyRouter()) {
        removeExpert(router, at);
        insertExpert(router, at, logit);
      }
    return this;
  }

  /**
   * Leaves a teacher's path out of every task, or takes it in again; the shares of the others grow in proportion.
   *
   * @throws SakError for an unknown teacher, or where weights set by hand would leave nothing; nothing has changed then
   */
  bypass(teacher: string, on = true): this {
    this.pathOf("sak.Sak.bypass", teacher);
    const before = [...this.closed];
    if (on) this.closed.add(teacher);
    else this.closed.delete(teacher);
    try {
      this.checkedRoutes("sak.Sak.bypass", []);
    } catch (error) {
      this.closed.clear();
      for (const name of before) this.closed.add(name);
      throw error;
    }
    return this;
  }

  /**
   * Sets weights by hand for tasks, pictures or levels, until the next call; with an empty list the routers decide again.
   *
   * @throws SakError for a route that does not fit
   */
  setRoutes(routes: readonly SakRoute[]): this {
    this.checkRoutes("sak.Sak.setRoutes", routes);
    this.byHand = [...routes];
    return this;
  }

  /** Weights set by hand, as of {@link setRoutes}. */
  get routes(): readonly SakRoute[] {
    return this.byHand;
  }

  /** Frees the layers to the teachers' widths, which only distillation needs; predictions stay. */
  dropAligners(): this {
    for (const path of this.paths.values()) path.dropAligners();
    return this;
  }

  /** Tests which experts take part: the stem, then each teacher. */
  private open(): boolean[] {
    return [true, ...this.teachers.map((name) => !this.closed.has(name))];
  }

  private openTeachers(): string[] {
    return this.teachers.filter((name) => !this.closed.has(name));
  }

  private checkRoutes(fn: string, routes: readonly SakRoute[]): void {
    if (!routes.length) return;
    if (this.start.router === "none") throw new SakError(fn, "routes need a student with routers", "none");
    const frame: RouteFrame = { tasks: this.tasks, levels: this.start.levels, open: this.open() };
    checkRoutes(fn, routes, frame);
  }

  private checkedRoutes(fn: string, routes: readonly SakRoute[]): SakRoute[] {
    const all = [...this.byHand, ...routes];
    this.checkRoutes(fn, all);
    return all;
  }

  /** Forgets weights set by hand, because they are for other experts. */
  private forgetRoutes(): this {
    this.byHand = [];
    return this;
  }

  private weightsOf(task: string, { stem }: SakFeatures, routes: readonly SakRoute[]): ExpertWeights[] {
    const [open, teachers] = [this.open(), this.teachers];
    const { levels } = this.start;
    return (this.routers.get(task) ?? []).map((router, i) => ({
      weights: routed(router.forward(stem[i], open), routes, { task, level: levels[i], open }),
      teachers,
    }));
  }

  private everyRouter(): SakRouter[] {
    return [...this.routers.values()].flat();
  }

  private headOf(fn: string, task: string): DenseHead {
    const head = this.heads.get(task);
    if (!head) throw new SakError(fn, `tasks are ${this.tasks.join(", ")}`, task);
    return head;
  }

  private pathOf(fn: string, teacher: string): SakPath {
    const path = this.paths.get(teacher);
    if (!path) throw new SakError(fn, `teachers are ${this.teachers.join(", ")}`, teacher);
    return path;
  }

  private newTeacher(fn: string, teacher: SakTeacher, logit = 0, inPlaceOf?: string): Required<SakTeacher> {
    if (!Number.isFinite(logit)) throw new SakError(fn, "logit must be a finite number", logit);
    if (teacher.name !== inPlaceOf && this.paths.has(teacher.name))
      throw new SakError(fn, "a new teacher needs a new name", teacher.name);
    return checkTeacher(fn, teacher, this.start.stem.embedDim);
  }
}

function makeRouters({ stem, teachers, levels, noisyGating, topK }: FullSakConfig): SakRouter[] {
  return levels.map(() => new SakRouter(stem.embedDim, teachers.length + 1, { noisyGating, topK }));
}

const stacked = (levels: readonly ExpertWeights[]): Tensor =>
  tf.stack(
    levels.map(({ weights }) => weights),
    1,
  );
