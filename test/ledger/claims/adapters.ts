import { lora, vce } from "../../../kernel/index.ts";
import { type Claim, claimsOf } from "../ledger";
import { weightsOf } from "../size";

const PAPER = "Dual-LoRA and VCE (2411.12787)";
/** Vicuna-7B: `q_proj` and `v_proj` in 32 layers, 4096 to 4096. */
const LAYER = { inFeatures: 4096, outFeatures: 4096 };
const LAYERS = 64;
const MEBIBYTE = 2 ** 20;

const adapter = (options: lora.AdapterOptions): number => LAYERS * lora.parameterCount(options, LAYER);

/** Claims of Dual-LoRA, VCE and PEFT. */
export function adapterClaims(): Claim[] {
  // With the norm that the release makes and never uses.
  const size = weightsOf(() => new vce.Vce(1024, { unusedNorm: true }));
  const counted = claimsOf(PAPER, "test/lora/dual.test.ts", "shapes");
  const peft = claimsOf("PEFT", "test/lora/dual.test.ts", "printed");
  const [cue, cueShown] = (["shapes", "printed"] as const).map((source) =>
    claimsOf(PAPER, "test/vce/vce.test.ts", source),
  );
  return [
    peft(
      "parameters of LoRA, rank 8, on q and v of a 7B model",
      "4,194,304",
      adapter({ r: 8, targetModules: ["q_proj"] }),
    ),
    counted(
      "parameters of LoRA, rank 32, on q and v of a 7B model",
      "16,777,216",
      adapter({ r: 32, targetModules: ["q_proj"] }),
    ),
    counted(
      "parameters of Dual-LoRA, rank 32, on q and v of a 7B model",
      "25,169,920",
      adapter({ peftType: "DUAL_LORA", r: 32, targetModules: ["q_proj"] }),
    ),
    counted(
      "parameters of a mixture of 4 experts of rank 32",
      "68,157,440",
      adapter({ peftType: "MOE_LORA", r: 32, experts: 4, targetModules: ["q_proj"] }),
    ),
    counted(
      "parameters of a mixture of 4 experts of rank 8",
      "17,825,792",
      adapter({ peftType: "MOE_LORA", r: 8, experts: 4, targetModules: ["q_proj"] }),
    ),
    cue("parameters of VCE at width 1024", "2,892,544", size),
    cueShown(
      "megabytes of VCE in half precision",
      "5.53",
      (2 * size) / MEBIBYTE,
      "5.785 decimal megabytes, 5.517 binary ones: the printed size is nearer to the binary one, 0.25 % away.",
    ),
  ];
}
