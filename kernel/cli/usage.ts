/** Usage of every command, printed by `--help` and below usage errors. */

const PLACE = `  [--sys-prefix | --user | --prefix DIR]  of an environment, of yours (default) or another
  [--name NAME]          of the kernelspec (default fovea)`;

const ADAPTER = `  [--adapter NAME]       the sub-folder of an adapter that is not PEFT's default
  [--add-prefix]         keys may lack PEFT's base_model.model.
  [--adapter-name NAME]  stands in the keys, as in PEFT's memory, and is taken out
  [--strip-wrappers]     keys with _orig_mod, FSDP's or DDP's names of wrappers in them
  [--authors-names]      the names of Dual-LoRA's authors: lora_A0, lora_B0, lora_layer_norm`;

const PREPROCESS = `  [--preprocess imagenet|clip|half|FILE.json]  means and deviations, where no configuration lies beside the model`;

const INPUT_SIZE = `  [--input-size N|HxW]   of the pictures in the model, where its graph takes any or another one is wanted`;

const SLURM = `  [--on slurm]           submit an array that requeues: [--array 0-999%64] [--partition P] [--gpus N] [--cpus N]
                         [--memory 8G] [--time 4:00:00] [--dry-run]`;

const TABLE = `  [--table FILE.csv]     encoder,benchmark,a,c,score or as wide as the published table, which is the default
  [--c COLUMN]           the C score among several of a wide table; [--extra COLUMN] further predictors, repeatable
  [--measured FILE.csv --source TEXT]  --table holds the scores alone, as somebody published them (CSV or Markdown, one column a
                         benchmark or encoder,benchmark,score); the predictors a and c of one's own stand in FILE.csv
  [--encoder-column encoder] [--benchmarks B,B]  columns of such a table to read (default: all)
  [--degree 1|2]         of the polynomial (default 2)`;

/** Usage by the words of the command. */
export const USAGE = {
  install: `usage: fovea install [options]: write the kernelspec where Jupyter finds it
${PLACE}`,
  status: `usage: fovea status [options]: show where the kernelspec is installed and what it starts
${PLACE}`,
  uninstall: `usage: fovea uninstall [options]: remove the kernelspec
${PLACE}`,
  check: `usage: fovea check NOTEBOOK.ipynb … [--json]: type errors in the cells of notebooks, by cell, line and column, without running them
  Cells are read in order, as a session reads them. The exit code is 1 where there is an error.`,
  "onnx inspect": `usage: fovea onnx inspect MODEL.onnx [--json]: inputs and outputs with their shapes, blocks, and the names of what can be taken out`,
  extract: `usage: fovea extract --encoder E --images DIR|LIST --out DIR: features of many images on disk
  [--file onnx/model.onnx]  of an encoder hf:owner/name
${PREPROCESS}
${INPUT_SIZE}
  [--indices all|-1,-4]  blocks, negative ones from the end, and stem, the input of the first (default -1)
  [--dtype f32|f16|int8] [--facet token|query|key|value] [--norm]
  [--precision fp32|int8]  int8: faster on processors with integer dot products, features within a percent or two
  [--pool N|RxC|mean|cls]  means of squares of tokens, of as many cells, of all tokens, or the class token (default 1)
  [--shard i/n]          the part of the images of this process
  [--device auto|cuda|webgpu|cpu] [--batch-size N] [--images-per-file N] [--json]
       fovea extract --plan PLAN.json [--part I | --parts 0-9,12 | --shard i/n]: parts of a plan, by default all, those of
       the task of a Slurm array, or the one of an indexed job of Kubernetes
  [--encoder E]          where this machine has the plan's encoder; [--device D] [--copies N] [--json]
${SLURM}`,
  "extract plan": `usage: fovea extract plan SOURCE --encoder E --output PLAN.json: divide an extraction into parts for many workers
  SOURCE is a folder of pictures, tars or parquet files, a list, a tar, a parquet file, COCO's JSON,
  or a pattern: "https://host/{000000..000999}.tar"
  [--pictures-per-part 1000] [--archives-per-part 1] [--bytes-per-part N]
  [--root DIR]           where relative names begin; [--column image] of parquet files
  [--format safetensors|embeddings|theia]  embeddings: clip-retrieval's npy and parquet; theia: tars of safetensors
  [--dataset pictures]   in the names of theia's files; [--file onnx/model.onnx] of an encoder hf:owner/name
${PREPROCESS}
${INPUT_SIZE}
  [--indices all|-1,-4] [--pool N|RxC|mean|cls] [--dtype f32|f16|int8] [--facet token|query|key|value] [--norm]
  [--precision fp32|int8] [--batch-size N]
  [--max-errors N]       pictures of a part that may fail (default: any number); [--json]`,
  "extract status": `usage: fovea extract status PLAN.json [options]: whole, missing, damaged and failed parts, rate and time left, from files
  [--watch] [--seconds 5]  until all parts are whole; [--json]`,
  "extract verify": `usage: fovea extract verify PLAN.json [options]: compare every file with its checksum
  [--remove]             take damaged parts away, so that they are made again; [--json]`,
  "extract merge": `usage: fovea extract merge PLAN.json --out DIR [options]: the parts as one folder, as their readers expect it
  [--copy]               copy files instead of linking to them; [--json]`,
  "extract serve": `usage: fovea extract serve --plan PLAN.json | --encoder E [options]: a worker that another program keeps, as Ray's
  parts or pictures come in frames over standard input, answers go over standard output
  [--encoder E] [--file F] [--device auto|cuda|webgpu|cpu] [--indices -1] [--pool N|RxC|mean|cls] [--norm]
${PREPROCESS}
${INPUT_SIZE}`,
  ground: `usage: fovea ground MODEL.onnx PICTURE PHRASE …: boxes of what phrases name in a picture
  MODEL.onnx             of grounding.saveOnnx, with tokenizer.json (and preprocessor_config.json) beside it
  PHRASE                 as "the small red boat", one or more; each gets a line: score, left, top, right and bottom in pixels
  [--output FILE.png]    the picture with the boxes drawn, in the color that the line of a phrase names
  [--threshold 0.7]      boxes from this score on; default 0.7 for a model with several boxes, else its one box
  [--device auto|cuda|webgpu|cpu] [--json]`,
  doctor: `usage: fovea doctor [--json]: try every device and say what is missing`,
  "world write": `usage: fovea world write --layout coco|refcoco|dense|gqa --out DIR: the synthetic world as a data set
  [--split train|val|test] [--count N] [--seed S] [--size PIXELS]
  [--objects N]          at most N objects in a picture, 1 to 5; fewer ones are larger
  [--parts]              refcoco: also phrases that name a part, as "the object with a tail"`,
  "world balance": `usage: fovea world balance [options]: what the questions' words alone tell of their answers
  [--split train|val|test] [--count N] [--training N] [--json]`,
  "dense score": `usage: fovea dense score --task T [options] PREDICTIONS/ LABELS/: scores of dense predictions, boundaries (odsF) without MATLAB
  --task semseg|parts|saliency|normals|boundary|depth
                         mIoU, maxF, mean angle, odsF, RMSE; counts are pooled over the pictures
  Maps are PNG (palettes are read as indices) or NPY files of the same name in both folders. Saliency and boundaries are
  gray levels, normals round(127.5 (c + 1)) or numbers [H, W, 3]; LABELS/NAME/ may hold several annotators' boundaries.
  [--list FILE]          names of the pictures, one a line (default: all labels)
  [--classes N]          of semseg and parts, without the ignored value 255; [--first-class 1] as NYUv2, in both folders
  [--absent zero|skip]   a class that does not occur counts 0 (default) or not at all
  [--max-dist 0.0075]    of a boundary, as a share of the diagonal; NYUv2: 0.011
  [--thresholds 99] [--nms] [--no-thin]  --nms for a network's raw boundaries
  [--depth-scale 0.001]  meters of a stored unit; [--json]`,
  "backend install": `usage: fovea backend install tensorflow [--gpu] | cuda: a large runtime, into a folder of Fovea's own
  [--dry-run]            only say what would be fetched, and how large it is; [--json]`,
  "backend uninstall": `usage: fovea backend uninstall tensorflow [--gpu] | cuda: remove a large runtime`,
  "backend list": `usage: fovea backend list [--json]: the large runtimes that are installed`,
  "adapter inspect": `usage: fovea adapter inspect DIR|FILE.safetensors [--json]: kind, rank, layers and parameters
${ADAPTER}`,
  "adapter convert": `usage: fovea adapter convert DIR|FILE.safetensors --out DIR: write it as PEFT does
  [--dtype f32|f16|bf16] [--type LORA|DUAL_LORA]
${ADAPTER}`,
  "adapter merge": `usage: fovea adapter merge DIR|FILE.safetensors --base B --out O: add it to the weights of a model
  --base FILE.safetensors  and --out a file; or
  --base DIR|INDEX.json    of a model, whole or in shards, and --out a new folder, which gets the model's
                           configuration, tokenizer and preprocessor too, so that transformers loads it as it is
${ADAPTER}`,
  report: `usage: fovea report MODEL [--output report.html]: one page on an encoder: card, speed, views, scores, its place on the law
  MODEL                  zoo/NAME, a file *.onnx, a folder or hf:owner/name
  [--pairs DIR]          pairs in SPair-71k's layout (default: of the synthetic world); [--split test|val|trn] [--limit 200]
  [--captions FILE]      lines of a picture, a tab and its caption (default: of the synthetic world)
  [--text E]             encoder with the text tower that reads the captions (default: MODEL; for the world's zoo/clip-vit)
  [--compare E]          encoder to stand beside, repeatable
  [--table FILE.csv]     of the law (default: the published one); [--row NAME] the encoder's row in it
  [--pictures DIR|LIST]  pictures of the PCA and the attention, at most 16 (default: of the pairs)
${PREPROCESS}
  [--runs 9]             timed runs of each figure of speed; [--device auto|cuda|webgpu|cpu] [--json]`,
  publish: `usage: fovea publish NOTEBOOK.ipynb [--output PAGE.html]: a notebook as one HTML file that works from disk, with living viewers
  Nothing in the notebook runs or loads anything on the page. It is written with the outputs that the notebook holds.
  [--lang ja]            language of the text (default en); [--json]`,
  runs: `usage: fovea runs FOLDER [--json]: trainings of train.fit({ log }) with their settings and numbers`,
  "law fit": `usage: fovea law fit [options]: the AC regression
${TABLE}
                         several --table (published among them) are fitted each by itself, and predict each other
  [--predictors a,c] [--terms a,c,a*a,a*c,c*c] [--normalize minmax|none] [--ridge LAMBDA] [--json]`,
  "law policy": `usage: fovea law policy [options]: replay policies that choose which encoder to train next
${TABLE}
  [--strategies ac,a,c,random,improvement] [--trials N] [--seed S] [--json]`,
  "law plan": `usage: fovea law plan [options]: which encoder to train next, what it promises, and when to stop
${TABLE}
  [--benchmark NAME]     default all; encoders without a score are the candidates
  [--predictors a,c] [--noise SHARE] [--range WORST,BEST] [--level 0.9]
  [--tolerance 0.01] [--explore 4] [--budget N] [--json]`,
  "law c-score": `usage: fovea law c-score --spair DIR (--encoder E | --features DIR) [options]: correspondence on SPair-71k's layout
  [--keypoints pairs]    those of the pairs' files, as SPair-U has them, in place of the pictures'
  [--ap10k DIR]          in place of --spair; [--subset intra-species|cross-species|cross-family]
  [--features DIR|PLAN.json]  features on disk, or the parts of a plan; a DIR is written first with --encoder, a killed run goes on
  [--split test|val|trn] [--limit N] [--categories cat,dog]
  [--indices -2]         blocks to join, negative ones from the end; of stored features their own numbers
  [--by-layer]           each layer by itself; --indices all takes every one
  [--match soft|argmax] [--window 5|none] (0: the peak's cell alone) [--temperature 0.02] [--mask-fill zero|-inf] [--center]
  [--alphas 0.1,0.05,0.01] [--canvas 840] [--cell-center floor|exact] [--inclusive]
  [--geometry letterbox|stretch|stretch-image|encoder] [--normalize model|half]
${PREPROCESS}
${INPUT_SIZE}
  [--look-alikes FILE.json]  {category: [[keypoint ids that look alike], …]}, or "world"
  [--reciprocal]             share of keypoints whose match leads back to them
  [--device auto|cuda|webgpu|cpu] [--batch-size N] [--seed N] [--json]
       fovea law c-score plan --spair DIR --features DIR|PLAN.json --output SCORE.json [--pairs-per-part 1000] [options]:
       divide a score of stored features into parts for many workers; none of --encoder's options
       fovea law c-score --plan SCORE.json [--part I | --parts 0-9,12 | --shard i/n]: make them, as fovea extract --plan does
${SLURM}
       fovea law c-score merge SCORE.json: the score of all parts, equal to one run to the last bit`,
  "law a-score": `usage: fovea law a-score --targets TOKENS --reference NAME=TOKENS [--reference …]: alignment
       fovea law a-score --images DIR|LIST --encoder E --reference R [--reference …]
  TOKENS, after the projector or raw, of one width: FILE.safetensors with a tensor [tokens, width] an image, a folder of
  features, or a plan of their parts; or the features of encoders
  [--layer -2]  of the encoders, or the number of a stored one (default: the last); [--limit N] images, the first ones by name
${PREPROCESS}
${INPUT_SIZE}
  [--direction target-to-reference|reference-to-target] [--device auto|cuda|webgpu|cpu] [--batch-size N] [--json]`,
} as const;

const isOf = (command: string, words: readonly string[]): boolean =>
  command === words.join(" ") || command.startsWith(`${words.join(" ")} `);

/** Returns the usage of the command at the beginning of the arguments, of all below a group's name, or an overview. */
export function usageOf(args: readonly string[]): string {
  const known = (count: number): boolean => Object.keys(USAGE).some((command) => isOf(command, args.slice(0, count)));
  const words = args.slice(0, known(2) ? 2 : known(1) ? 1 : 0);
  const entries = Object.entries(USAGE);
  const found = entries.filter(([command]) => words.length > 0 && isOf(command, words)).map(([, usage]) => usage);
  return found.length > 0 ? `${found.join("\n\n")}\n` : overview(entries);
}

function overview(entries: [command: string, usage: string][]): string {
  const rows = entries.map(([command, usage]) => {
    const [head] = usage.split("\n");
    return `  fovea ${command.padEnd(18)} ${/^usage: .*?: (.*)$/.exec(head)?.[1] ?? ""}`;
  });
  return [
    "usage: fovea <command> [options]",
    "",
    ...rows,
    "",
    "fovea <command> --help says more, fovea --version which one this is.",
    "",
  ].join("\n");
}

/** Tests whether the arguments ask for help. */
export function asksForHelp(args: readonly string[]): boolean {
  return args.length === 0 || args[0] === "help" || args.some((arg) => arg === "--help" || arg === "-h");
}
