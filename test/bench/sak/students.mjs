/** Students of the study of several teachers: the library's own, and those it is compared with. */
import { pathOf, TASKS } from "./settings.mjs";

/** Makes a method's student with the weights of its start; none has been distilled yet. */
export async function makeStudent(fovea, tf, settings, method) {
  const { encoders, nn, sak } = fovea;
  const encoder = await encoders.load(`zoo/${method.teacher ?? settings.start}`);
  const started = await encoder.trainable();
  await encoder.dispose();
  const wanted = method.tasks ?? Object.keys(TASKS);
  const config = {
    stem: { ...started.config, finalNorm: false, numClasses: 0 },
    levels: settings.levels,
    teachers: settings.teachers.map((name) => ({ name: pathOf(name), width: 128 })),
    tasks: Object.fromEntries(wanted.map((task) => [task, TASKS[task]])),
    headWidth: settings.headWidth,
  };
  const makeSak = () => new sak.Sak({ ...config, router: method.router ?? "mor" });
  const makeMany = (hidden) => new (manyToOne(fovea, tf))({ ...config, hidden });
  let model;
  if (method.student === "sak") model = makeSak();
  else if (method.student === "wide") model = makeMany(hiddenOf(makeSak, makeMany, config));
  else model = makeMany(0);
  sak.loadStem(model, await nn.stateOf(started), { names: "timm" });
  started.dispose();
  return model;
}

/** Number of parameters that a prediction needs: the layers to the teachers' widths are for distillation alone. */
export const parametersOf = (model) =>
  [...model.namedParameters()].reduce((sum, [name, { size }]) => sum + (name.startsWith("aligners") ? 0 : size), 0);

/** Hidden width at which the layers of `wide` have the parameters of SAK's paths and routers. */
function hiddenOf(makeSak, makeMany, { stem: { embedDim }, levels }) {
  const [paths, plain] = [makeSak(), makeMany(0)];
  const each = (parametersOf(paths) - parametersOf(plain)) / levels.length;
  paths.dispose();
  plain.dispose();
  return Math.round((each - embedDim) / (2 * embedDim + 1));
}

/** Student without paths: one stem, layers x + up(GELU(down(x))) of a hidden width, or none, and a linear layer for each teacher and level. */
function manyToOne({ nn, models, sak, tasks: { dense } }, tf) {
  return class ManyToOne extends nn.Module {
    constructor({ stem, levels, teachers, tasks, headWidth, hidden }) {
      super();
      const width = stem.embedDim;
      const head = { channels: width, levels: levels.length, width: headWidth };
      this.levels = levels;
      this.stem = new models.VisionTransformer(stem);
      this.down = hidden ? levels.map(() => new nn.Linear(width, hidden, sak.SAK_INIT)) : [];
      this.up = hidden ? levels.map(() => new nn.Linear(hidden, width, sak.SAK_INIT)) : [];
      this.aligners = new Map(
        teachers.map(({ name, width: theirs }) => [name, levels.map(() => new nn.Linear(width, theirs))]),
      );
      this.heads = new Map(
        Object.entries(tasks).map(([task, outputs]) => [task, new dense.DenseHead({ ...head, outputs })]),
      );
    }

    features(x) {
      const wanted = { outputFmt: "NLC", intermediatesOnly: true, returnEmbeddings: true };
      const { intermediates, embeddings } = this.stem.forwardIntermediates(x, wanted);
      const streams = [embeddings, ...intermediates];
      const size = x.shape.slice(2);
      const tokens = this.levels.map((level, i) => this.widened(streams[level === "stem" ? 0 : level + 1], i));
      return { tokens, size, grid: this.stem.patchEmbed.gridOf(size) };
    }

    widened(tokens, level) {
      if (!this.down.length) return tokens;
      return tf.add(tokens, this.up[level].forward(nn.gelu(this.down[level].forward(tokens))));
    }

    forward(x) {
      return this.predict(this.features(x));
    }

    predict({ tokens, size, grid }, { tasks = [...this.heads.keys()], outputSize = size } = {}) {
      return Object.fromEntries(
        tasks.map((task) => [task, this.heads.get(task).forward(tokens, grid, size, outputSize)]),
      );
    }

    distill({ tokens, grid }, maps, norms) {
      const parts = [...this.aligners].flatMap(([name, aligners]) =>
        tokens.map((own, level) => {
          const { data, grid: theirs, channels } = maps[name][level];
          const raw = tf.tensor(data, [own.shape[0], theirs[0] * theirs[1], channels]);
          const teacher = { tokens: norms[name]?.apply(raw, level) ?? raw, grid: theirs };
          return tf.mean(sak.distillationLoss({ tokens: aligners[level].forward(own), grid }, teacher));
        }),
      );
      const loss = tf.addN(parts);
      return { loss, metrics: { kd: loss } };
    }

    distillationStep(norms) {
      return ({ pixels, shape, teachers }) =>
        this.distill(this.features(tf.tensor(pixels, [...shape])), teachers, norms);
    }

    /** Groups of what learns from the teachers. */
    groups(isDistilled) {
      return ["stem", ...(this.down.length ? ["down", "up"] : []), ...(isDistilled ? ["aligners"] : [])];
    }

    distillationStage(steps, learningRate) {
      const groups = this.groups(true).map((parameters) => ({ parameters, learningRate, weightDecay: 0.01 }));
      return { name: "distillation", steps, groups, schedule: sak.distillationSchedule() };
    }

    taskStage(steps, learningRate, headLearningRate, { isDistilled, isFrozen }) {
      const shared = isFrozen ? [] : this.groups(isDistilled);
      const groups = shared.map((parameters) => ({ parameters, learningRate, weightDecay: 1e-6 }));
      const heads = { parameters: "heads", learningRate: headLearningRate, weightDecay: 1e-6 };
      return { name: "tasks", steps, groups: [...groups, heads], schedule: sak.polynomial() };
    }
  };
}
