/** Student of several teachers without paths: one stem that a linear layer for each teacher and level reads. */

/** Makes the class once `fovea` is there; its losses have the form of `fovea`'s own students. */
export function manyToOne({ nn, models, sak, tasks: { dense } }, tf, { stem, levels, teachers, tasks, headWidth }) {
  class ManyToOne extends nn.Module {
    stem = new models.VisionTransformer({ ...stem, finalNorm: false, numClasses: 0 });
    aligners = new Map(
      teachers.map(({ name, width }) => [name, levels.map(() => new nn.Linear(stem.embedDim, width))]),
    );
    heads = new Map(
      Object.entries(tasks).map(([task, outputs]) => [
        task,
        new dense.DenseHead({ channels: stem.embedDim, levels: levels.length, width: headWidth, outputs }),
      ]),
    );

    features(x) {
      const wanted = { outputFmt: "NLC", intermediatesOnly: true, returnEmbeddings: true };
      const { intermediates, embeddings } = this.stem.forwardIntermediates(x, wanted);
      const streams = [embeddings, ...intermediates];
      return levels.map((level) => streams[level === "stem" ? 0 : level + 1]);
    }

    forward(x) {
      return this.predict(this.features(x), x.shape.slice(2));
    }

    predict(features, size) {
      const grid = this.stem.patchEmbed.gridOf(size);
      const found = [...this.heads].map(([task, head]) => [task, head.forward(features, grid, size)]);
      return Object.fromEntries(found);
    }

    distil(features, size, maps, norms) {
      const grid = this.stem.patchEmbed.gridOf(size);
      const parts = teachers.flatMap(({ name }) =>
        features.map((tokens, level) => {
          const { data, grid: theirs, channels } = maps[name][level];
          const raw = tf.tensor(data, [tokens.shape[0], theirs[0] * theirs[1], channels]);
          const teacher = norms[name]?.apply(raw, level) ?? raw;
          const own = this.aligners.get(name)[level].forward(tokens);
          return tf.mean(sak.distillationLoss({ tokens: own, grid }, { tokens: teacher, grid: theirs }));
        }),
      );
      return tf.addN(parts);
    }

    distillationStep(norms) {
      return ({ pixels, shape, teachers: maps }) => {
        const loss = this.distil(this.features(tf.tensor(pixels, [...shape])), shape.slice(2), maps, norms);
        return { loss, metrics: { kd: loss } };
      };
    }

    taskStep(losses, norms, alpha) {
      return ({ pixels, shape, teachers: maps, labels }) => {
        const features = this.features(tf.tensor(pixels, [...shape]));
        const found = this.predict(features, shape.slice(2));
        const parts = Object.entries(losses).map(([task, { loss, weight }]) =>
          tf.mul(loss(found[task], labels), weight),
        );
        if (alpha === 0) return { loss: tf.addN(parts), metrics: {} };
        const kd = this.distil(features, shape.slice(2), maps, norms);
        return { loss: tf.addN([...parts, tf.mul(kd, alpha)]), metrics: { kd } };
      };
    }

    distillationStage(steps, learningRate) {
      const groups = ["stem", "aligners"].map((parameters) => ({ parameters, learningRate, weightDecay: 0.01 }));
      return { name: "distillation", steps, groups, schedule: sak.distillationSchedule() };
    }

    taskStage(steps, learningRate, headLearningRate, alpha) {
      const shared = (alpha > 0 ? ["stem", "aligners"] : ["stem"]).map((parameters) => ({
        parameters,
        learningRate,
        weightDecay: 1e-6,
      }));
      const heads = { parameters: "heads", learningRate: headLearningRate, weightDecay: 1e-6 };
      return { name: "tasks", steps, groups: [...shared, heads], schedule: sak.polynomial() };
    }
  }
  return new ManyToOne();
}
