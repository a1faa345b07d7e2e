import { product } from "../numeric";
import type { HostTensor } from "../backend/types";
import type { Analysis } from "../onnx/inspect";
import { EncoderError } from "./errors";
import { isWhole } from "../rules/rule-error";
import { checkArguments } from "../rules/arguments";

/** A constant for an input beside the picture; `dims` where the graph leaves them open. */
export type SideInput = "zeros" | "ones" | { fill: number; dims?: readonly number[] };

/** By ONNX's number of a type. */
const TYPES: Record<number, (size: number, fill: number) => Pick<HostTensor, "type" | "data">> = {
  1: (size, fill) => ({ type: "float32", data: new Float32Array(size).fill(fill) }),
  6: (size, fill) => ({ type: "int32", data: new Int32Array(size).fill(fill) }),
  7: (size, fill) => ({ type: "int64", data: new BigInt64Array(size).fill(BigInt(fill)) }),
  9: (size, fill) => ({ type: "bool", data: new Uint8Array(size).fill(fill) }),
};

/** Inputs of transformers' vision models whose neutral value is known: nothing is masked out. */
const KNOWN = new Map<string, SideInput>([
  ["bool_masked_pos", "zeros"],
  ["pixel_mask", "ones"],
  ["pixel_attention_mask", "ones"],
]);

/** Makes the tensors of inputs beside the picture for a batch of these dimensions. */
export type SideFeeds = (imageDims: readonly number[]) => Record<string, HostTensor>;

/**
 * Constants for all that a graph must be given beside the picture.
 *
 * @throws EncoderError for an input that neither `given` nor a rule tells how to fill, and for one that the graph does not have
 */
export function readSideInputs(fn: string, { model, image }: Analysis, given: Record<string, SideInput>): SideFeeds {
  checkArguments(fn, EncoderError, { inputs: given }, { inputs: "object" });
  const others = model.inputs.filter(({ name }) => name !== image.name && !model.initializers.has(name));
  const stray = Object.keys(given).find((name) => others.every((input) => input.name !== name));
  if (stray !== undefined)
    throw new EncoderError(fn, `inputs may name ${others.map(({ name }) => name).join(", ") || "none"} only`, stray);
  const makers = others.map((input) => makerOf(fn, image, input, given));
  return (imageDims) => Object.fromEntries(makers.map((make) => make(imageDims)));
}

type Input = Analysis["image"];
type Maker = (imageDims: readonly number[]) => [name: string, tensor: HostTensor];

/** Returns a maker of one input. */
function makerOf(fn: string, image: Input, { name, dataType, dims }: Input, given: Record<string, SideInput>): Maker {
  const side = Object.hasOwn(given, name) ? given[name] : KNOWN.get(name);
  const make = TYPES[dataType ?? 0];
  if (side === undefined || !make)
    throw new EncoderError(
      fn,
      `the graph needs an input beside the picture: say what it is by inputs: { "${name}": "zeros" } (or "ones", or ` +
        `{ fill, dims }; float32, int32, int64 and bool)`,
      `${name} of shape [${dims?.join(", ") ?? "?"}]`,
    );
  const fill = fillOf(fn, name, side);
  const own = typeof side === "object" ? side.dims : undefined;
  return (imageDims) => {
    const shape = own ? [imageDims[0], ...own.slice(1)] : shapeOf(dims ?? [], image.dims ?? [], imageDims);
    if (!shape.every((dim) => isWhole(dim)))
      throw new EncoderError(fn, `inputs.${name} must come with dims, which the graph leaves open`, dims?.join(" x "));
    const whole = shape as number[];
    return [name, { ...make(product(whole), fill), dims: whole }];
  };
}

/** Returns the shape that a graph declares; dimensions that have a name of the picture's are as long as that one. */
function shapeOf(
  dims: NonNullable<Input["dims"]>,
  imageNames: NonNullable<Input["dims"]>,
  imageDims: readonly number[],
): (number | undefined)[] {
  const known = new Map(imageNames.map((dim, i) => [dim, imageDims[i]]));
  return dims.map((dim, i) => (i === 0 ? imageDims[0] : typeof dim === "number" ? dim : known.get(dim)));
}

function fillOf(fn: string, name: string, side: SideInput): number {
  if (side === "zeros") return 0;
  if (side === "ones") return 1;
  const fill: unknown = typeof side === "object" && side !== null ? side.fill : side;
  if (!Number.isInteger(fill)) throw new EncoderError(fn, `inputs.${name} must be zeros, ones or { fill, dims }`, side);
  return fill as number;
}
