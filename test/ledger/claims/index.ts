import { nn } from "../../../kernel/index.ts";
import type { Absent, Claim } from "../ledger";
import { adapterClaims } from "./adapters";
import { lawClaims } from "./law";
import { sailvitClaims } from "./sailvit";
import { sakClaims } from "./sak";
import { simvgClaims } from "./simvg";

/** Recomputes all claims. Three small modules are made to be counted; everything else is counted from configurations. */
export async function allClaims(): Promise<Claim[]> {
  await nn.start("wasm");
  return [...lawClaims(), ...adapterClaims(), ...sakClaims(), ...simvgClaims(), ...sailvitClaims()];
}

/** Published numbers that need what this machine has not. */
export const ABSENT: readonly Absent[] = [
  {
    paper: "Law of Vision Representation",
    claim: "A and C scores of the 13 encoders, scores on eight benchmarks",
    needs: "weights of the encoders, 13 trainings of a 7B model; the published table is taken as given",
  },
  {
    paper: "Dual-LoRA and VCE",
    claim: "scores on UniFood, ScienceQA and Flickr30k; times against LoRA",
    needs: "Vicuna-7B and the data; `npm run bench -- answers` compares the methods on a small model",
  },
  {
    paper: "SAK",
    claim: "scores on PASCAL-Context and NYUD-v2; 53.20 GFLOP and 20.25 ms of SAK-S",
    needs: "ImageNet-1k, the teachers' weights and GPUs; the rows are taken as given for Δm",
  },
  {
    paper: "SimVG",
    claim: "Prec@0.5 on RefCOCO, RefCOCO+ and RefCOCOg",
    needs: "the released weights and COCO's pictures",
  },
  {
    paper: "SAILViT",
    claim: "ImageNet accuracy, measures of the modality gap, scores of single benchmarks",
    needs: "the released weights, ImageNet and a language model; the rows are taken as given for their means",
  },
];
