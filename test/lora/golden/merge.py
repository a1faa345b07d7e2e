"""Results of PEFT's merge for adapters whose base has other names in its file, tied layers, trained biases or rows.

    python test/lora/golden/merge.py      # torch 2.13, transformers 5.23.0, peft 0.21.2; writes merge/ beside itself

A folder a case: `base/` as transformers saves it, `adapter/` as PEFT does, and `merged.safetensors` with the tensors of
the merged model, as transformers saves that, which differ from the base; `case.json` tells whether it is still tied.
"""

import json
import shutil
import tempfile
import warnings
from pathlib import Path

import torch
import transformers
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()

SIZES = {"hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2}
VISION = {**SIZES, "image_size": 8, "patch_size": 4}
TEXT = {**SIZES, "vocab_size": 12, "max_position_embeddings": 8}


def llama(**options):
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**TEXT, **options))


def tied():
    return llama(tie_word_embeddings=True)


def vit():
    return transformers.ViTForImageClassification(transformers.ViTConfig(**VISION, num_labels=3))


def deit():
    return transformers.DeiTForImageClassification(transformers.DeiTConfig(**VISION, num_labels=3))


def dinov2():
    return transformers.Dinov2Model(transformers.Dinov2Config(**VISION))


def llava():
    text, vision = transformers.LlamaConfig(**TEXT), transformers.CLIPVisionConfig(**VISION)
    return transformers.LlavaForConditionalGeneration(
        transformers.LlavaConfig(text_config=text, vision_config=vision, image_token_index=11)
    )


QV = ["q_proj", "v_proj"]
CASES = {
    "llava": (llava, dict(target_modules=[*QV, "linear_1", "lm_head"])),
    "vit": (vit, dict(target_modules=[*QV, "o_proj", "fc1", "fc2"], modules_to_save=["classifier"])),
    "deit": (deit, dict(target_modules=QV, bias="lora_only")),
    "dinov2": (dinov2, dict(target_modules=[*QV, "o_proj", "fc2"], use_dora=True)),
    "vit-bias-all": (vit, dict(target_modules=QV, bias="all")),
    "vit-convolution": (vit, dict(target_modules=["projection", "k_proj"])),
    "vit-convolution-dora": (vit, dict(target_modules=["projection"], use_dora=True)),
    "tied-saved-embedding": (tied, dict(target_modules=QV, modules_to_save=["embed_tokens"])),
    "tied-saved-head": (tied, dict(target_modules=QV, modules_to_save=["lm_head"])),
    "tied-saved-together": (
        tied,
        dict(target_modules=QV, modules_to_save=["embed_tokens"], ensure_weight_tying=True),
    ),
    "tied-lora-embedding": (tied, dict(target_modules=["q_proj", "embed_tokens"])),
    "tied-lora-head": (tied, dict(target_modules=["q_proj", "lm_head"])),
    "tied-tokens": (tied, dict(target_modules=QV, trainable_token_indices=[7, 2])),
    "tokens": (llama, dict(target_modules=QV, trainable_token_indices={"embed_tokens": [1, 5], "lm_head": [3]})),
    "double": (lambda: llama().double(), dict(target_modules=QV)),
}


def trained(name):
    make, options = CASES[name]
    torch.manual_seed(5)
    model = make().eval()
    for parameter in model.parameters():  # zeros and ones hide mistakes
        parameter.data += 0.05 * torch.randn_like(parameter)
    folder = Path(__file__).parent / "merge" / name
    model.save_pretrained(folder / "base")
    adapted = get_peft_model(model, LoraConfig(r=2, lora_alpha=3, **options)).eval()
    torch.manual_seed(7)
    for path, parameter in adapted.named_parameters():
        if "lora_" in path:
            parameter.data = torch.randn_like(parameter) * 0.3 + ("magnitude" in path)
        elif parameter.requires_grad:
            parameter.data += torch.randn_like(parameter)
    adapted.save_pretrained(folder / "adapter")
    (folder / "adapter" / "README.md").unlink()
    return folder, adapted


def write(name):
    folder, adapted = trained(name)
    merged = adapted.merge_and_unload(safe_merge=True)
    with tempfile.TemporaryDirectory() as place:
        merged.save_pretrained(place)
        after = load_file(Path(place) / "model.safetensors")
        config = json.loads((Path(place) / "config.json").read_text())
    before = load_file(folder / "base" / "model.safetensors")
    changed = {key: value for key, value in after.items() if key not in before or not torch.equal(value, before[key])}
    save_file({key: value.contiguous() for key, value in changed.items()}, folder / "merged.safetensors")
    meta = {"tied": config.get("tie_word_embeddings"), "tensors": sorted(after)}
    (folder / "case.json").write_text(json.dumps(meta) + "\n")


def main():
    transformers.utils.logging.disable_progress_bar()
    shutil.rmtree(Path(__file__).parent / "merge", ignore_errors=True)
    for name in CASES:
        write(name)


if __name__ == "__main__":
    main()
