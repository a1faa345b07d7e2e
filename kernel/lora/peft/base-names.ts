/** Names of a base model's tensors, where its file has others than the model in memory whose adapter it is. */

type Renaming = readonly (readonly [RegExp, string])[];

/** transformers 5 renamed the attention of its ViTs in memory; their files keep the names. */
const ATTENTION: Renaming = [
  [/\.attention\.q_proj(?=\.|$)/, ".attention.attention.query"],
  [/\.attention\.k_proj(?=\.|$)/, ".attention.attention.key"],
  [/\.attention\.v_proj(?=\.|$)/, ".attention.attention.value"],
  [/\.attention\.o_proj(?=\.|$)/, ".attention.output.dense"],
];

const LLAVA: Renaming = [
  [/^model\.language_model\./, "language_model.model."],
  [/^model\.(?=(?:vision_tower|multi_modal_projector|image_newline)(?:\.|$))/, ""],
  [/^lm_head(?=\.|$)/, "language_model.lm_head"],
];

/** From memory to file. */
const FAMILIES: Record<string, Renaming> = {
  same: [],
  // ViT, DeiT, BEiT and their like.
  vit: [
    [/(^|\.)layers\.(?=\d)/, "$1encoder.layer."],
    ...ATTENTION,
    [/\.mlp\.fc1(?=\.|$)/, ".intermediate.dense"],
    [/\.mlp\.fc2(?=\.|$)/, ".output.dense"],
  ],
  dinov2: [...ATTENTION, [/\.mlp\.down_proj(?=\.|$)/, ".mlp.weights_out"]],
  dinov3: [[/^model\.(?=layer\.)/, ""]],
  llava: LLAVA,
  // Files from before transformers 5 have a level more in the vision tower.
  llavaBefore: [...LLAVA, [/^vision_tower\.(?!vision_model\.)/, "vision_tower.vision_model."]],
  llavaModel: [[/^language_model\.(?!model\.)/, "language_model.model."]],
};

/** Prefix of names, by the model's kind: the file of a model with a head has it, that of a bare model leaves it out. */
const BARE = /^(?:model|transformer|vit|deit|beit|dinov2|dinov2_with_registers)\./;

/** Returns the names that a module may have in a base's file, the likeliest first. */
export function storedNames(module: string): string[] {
  const renamed = Object.values(FAMILIES).map((family) =>
    family.reduce((name, [from, to]) => name.replace(from, to), module),
  );
  return [...new Set([...renamed, ...renamed.map((name) => name.replace(BARE, ""))])];
}

/** The name in a base's file of a module's tensor; null where it has none that could be meant. */
export function storedName(module: string, part: string, holds: (name: string) => boolean): string | null {
  return (
    storedNames(module)
      .map((name) => `${name}.${part}`)
      .find(holds) ?? null
  );
}
