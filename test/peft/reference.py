"""Adapters of the real PEFT on tiny random models of transformers, and the reading of ours by it.

    python test/peft/reference.py write FOLDER     # one folder a case: adapter(s), base.safetensors, case.json
    python test/peft/reference.py                  # the same and more by lines `command FOLDER`, answered in JSON:
        read FOLDER      # loads FOLDER/<case>/ours with PEFT and runs the model
        refuse FOLDER    # how PEFT refuses an adapter of a type that it does not know
        base FOLDER      # a model with its tokenizer, whole and in shards, as transformers saves them, and an adapter
        load FOLDER      # loads FOLDER/merged-… with transformers: its words, and how far it is from PEFT's model

`base.safetensors` holds the base weights of the layers concerned (`base/`), their inputs and outputs in one forward pass
of the whole model (`x/`, `y/`), and what else a case asks for. `case.json` lists every module and parameter.
"""

import json
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path

import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils.other import ModulesToSaveWrapper
from peft.utils.save_and_load import load_peft_weights, set_peft_model_state_dict
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from torch import nn

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()


def llama():
    config = transformers.LlamaConfig(
        vocab_size=20, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2
    )
    return transformers.LlamaForCausalLM(config)


def vit():
    sizes = {"hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.ViTConfig(**sizes, image_size=8, patch_size=4, num_labels=3)
    return transformers.ViTForImageClassification(config)


def clip():
    tower = {"hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {**tower, "vocab_size": 20, "max_position_embeddings": 8, "eos_token_id": 1, "bos_token_id": 0}
    vision = {**tower, "image_size": 8, "patch_size": 4}
    return transformers.CLIPModel(transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=8))


def gpt2():
    config = transformers.GPT2Config(vocab_size=20, n_embd=16, n_layer=2, n_head=2, n_positions=8)
    return transformers.GPT2LMHeadModel(config)


MODELS = {"llama": llama, "vit": vit, "clip": clip, "gpt2": gpt2}

# Case -> model, and one configuration for each adapter.
CASES = {
    "llama": ("llama", {"default": dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"])}),
    "llama-patterns": (
        "llama",
        {
            "default": dict(
                r=4,
                lora_alpha=8,
                use_rslora=True,
                target_modules=["q_proj", "v_proj", "up_proj"],
                rank_pattern={"q_proj": 2, r"layers\.1\..*\.v_proj": 6, "v_proj": 3},
                alpha_pattern={"layers.0.mlp.up_proj": 5},
            )
        },
    ),
    "llama-dora": ("llama", {"default": dict(r=4, lora_alpha=6, use_dora=True, target_modules=["k_proj", "down_proj"])}),
    "llama-regex": (
        "llama",
        {"default": dict(target_modules=r".*\.self_attn\.(q|k|o)_proj", exclude_modules=["layers.0.self_attn.o_proj"])},
    ),
    "llama-layers": ("llama", {"default": dict(target_modules=["q_proj", "gate_proj"], layers_to_transform=[1])}),
    "llama-bf16": ("llama", {"default": dict(r=4, lora_alpha=8, target_modules=["o_proj"])}),
    "llama-embedding": ("llama", {"default": dict(r=4, target_modules=["embed_tokens", "q_proj"])}),
    "llama-embedding-dora": ("llama", {"default": dict(r=4, target_modules=["embed_tokens"], use_dora=True)}),
    "vit-bias-saved": (
        "vit",
        {"default": dict(r=2, lora_bias=True, target_modules=["q_proj", "v_proj"], modules_to_save=["classifier"])},
    ),
    "clip-all": ("clip", {"default": dict(r=2, lora_alpha=3, target_modules="all-linear")}),
    "gpt2": ("gpt2", {"default": dict(r=4, lora_alpha=8, target_modules=["c_attn"], fan_in_fan_out=True)}),
    "gpt2-dora": ("gpt2", {"default": dict(r=4, target_modules=["c_proj"], fan_in_fan_out=True, use_dora=True)}),
    "llama-named": (
        "llama",
        {
            "first": dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"]),
            "second": dict(r=4, lora_alpha=2, target_modules=["q_proj", "down_proj"]),
        },
    ),
    "llama-ranks": (
        "llama",
        {
            "first": dict(r=2, lora_alpha=8, target_modules=["q_proj", "down_proj"], layers_to_transform=[0]),
            "second": dict(r=5, lora_alpha=2, target_modules=["q_proj"], layers_to_transform=[0]),
        },
    ),
}
WEIGHTS = {"first": 0.7, "second": -1.3}


def base_model(kind):
    torch.manual_seed(5)
    model = MODELS[kind]().eval()
    for parameter in model.parameters():  # zeros and ones hide mistakes
        parameter.data += 0.05 * torch.randn_like(parameter)
    return model


def inputs_of(kind):
    torch.manual_seed(6)
    ids = torch.randint(2, 20, (2, 5))
    ids[:, -1] = 1
    pixels = torch.randn(2, 3, 8, 8)
    return {
        "llama": {"input_ids": ids},
        "gpt2": {"input_ids": ids},
        "vit": {"pixel_values": pixels},
        "clip": {"input_ids": ids, "pixel_values": pixels},
    }[kind]


def record(model, paths, kind):
    """Inputs and outputs of modules in one forward pass."""
    seen, handles = {}, []
    for path in paths:

        def hook(_, args, kwargs, output, path=path):
            x = args[0] if args else next(iter(kwargs.values()))
            seen[f"x/{path}"], seen[f"y/{path}"] = x.detach().clone(), output.detach().clone()

        handles.append(model.get_submodule(path).register_forward_hook(hook, with_kwargs=True))
    with torch.no_grad():
        model(**inputs_of(kind))
    for handle in handles:
        handle.remove()
    return seen


def is_layer(module):
    return isinstance(module, (BaseTunerLayer, ModulesToSaveWrapper))


def layers_of(model):
    """Adapted layers and copied modules by their names in the base model, and where PEFT keeps them."""
    found = {}
    for name, module in model.named_modules():
        if is_layer(module):
            found[name.removeprefix("base_model.model.")] = name
    return found


def randomise(model):
    torch.manual_seed(7)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data = torch.randn_like(parameter) * 0.3 + ("magnitude" in name)
        elif "modules_to_save" in name:
            parameter.data += torch.randn_like(parameter)


def base_of(module):
    return module.base_layer if isinstance(module, BaseTunerLayer) else module.original_module


def write_case(folder, name):
    kind, configs = CASES[name]
    model = base_model(kind)
    meta = {
        "modules": {path: type(module).__name__ for path, module in model.named_modules() if path},
        "parameters": {path: list(value.shape) for path, value in model.named_parameters()},
        "adapters": list(configs),
    }
    for adapter, options in configs.items():
        config = LoraConfig(**options)
        if isinstance(model, PeftModel):
            model.add_adapter(adapter, config)
        else:
            model = get_peft_model(model, config, adapter_name=adapter)
    model.eval()
    randomise(model)
    if name == "llama-bf16":
        for path, parameter in model.named_parameters():
            parameter.data = parameter.data.bfloat16().float() if "lora_" in path else parameter.data
    tensors = {}
    for adapter in configs:
        model.set_adapter(adapter)
        seen = record(model, list(layers_of(model).values()), kind)
        prefix = "" if len(configs) == 1 else f"{adapter}/"
        tensors |= {prefix + key.replace("base_model.model.", ""): value for key, value in seen.items()}
    trainable, total = model.get_nb_trainable_parameters()
    meta["trainable"], meta["all"] = trainable, total
    meta["layers"] = {
        adapter: sorted(path for path, where in layers_of(model).items() if holds(model.get_submodule(where), adapter))
        for adapter in configs
    }
    for path, where in layers_of(model).items():
        for key, value in base_of(model.get_submodule(where)).named_parameters():
            tensors[f"base/{path}.{key}"] = value.detach().clone()
    if name == "llama-bf16":
        for path, parameter in model.named_parameters():
            parameter.data = parameter.data.bfloat16() if "lora_" in path else parameter.data
    model.save_pretrained(folder)
    for readme in folder.rglob("README.md"):
        readme.unlink()
    if len(configs) > 1:
        tensors |= combinations(model, {config["r"] for config in configs.values()})
    else:
        tensors |= merged(model.float(), layers_of(model))
    (folder / "case.json").write_text(json.dumps(meta, separators=(",", ":")) + "\n")
    save_file({key: value.contiguous() for key, value in tensors.items()}, folder / "base.safetensors")


def holds(module, adapter):
    saved = getattr(module, "modules_to_save", {})
    return any(adapter in where for where in [*(getattr(module, kind, {}) for kind in KINDS), saved])


KINDS = ["lora_A", "lora_embedding_A"]


class Sfc32:
    """The generator of kernel/numeric/prng.ts, so that PEFT drops by the same chance."""

    def __init__(self, seed, stream):
        hashed = 0x811C9DC5
        for byte in stream.encode():
            hashed = (hashed ^ byte) * 0x01000193 & MASK
        self.a, self.b, self.c, self.d = seed & MASK, hashed, (seed >> 32) ^ 0x9E3779B9, 1
        for _ in range(15):
            self.next()

    def next(self):
        total = self.a + self.b + self.d & MASK
        self.d = self.d + 1 & MASK
        self.a = self.b ^ (self.b >> 9)
        self.b = self.c + (self.c << 3) & MASK
        self.c = ((self.c << 21 | self.c >> 11) & MASK) + total & MASK
        return total / 2**32


MASK = 0xFFFFFFFF
SEED = 9
# Name -> what `add_weighted_adapter` is told.
COMBINATIONS = {
    "cat": {},
    "linear": {},
    "svd": {},
    "ties": {"density": 0.4},
    "ties-frequency": {"density": 0.7, "majority_sign_method": "frequency"},
    "dare_linear": {"density": 0.4},
    "dare_ties": {"density": 0.7},
    "magnitude_prune": {"density": 0.4},
    "svd-clamp": {"svd_rank": 2, "svd_clamp": 0.9},
    "ties_svd": {"density": 0.4},
    "ties_svd-frequency": {"density": 0.7, "majority_sign_method": "frequency", "svd_rank": 6},
    "dare_linear_svd": {"density": 0.4, "svd_rank": 3},
    "dare_ties_svd": {"density": 0.7},
    "magnitude_prune_svd": {"density": 0.4, "svd_clamp": 0.95},
}


def combinations(model, ranks):
    """The update of each layer by PEFT's ways to combine the two adapters; of different ranks, not all do."""
    tensors = {}
    for kind, options in COMBINATIONS.items():
        if len(ranks) > 1 and kind != "cat" and "svd" not in kind:
            continue
        with seeded(model):
            names, weights = list(WEIGHTS), list(WEIGHTS.values())
            model.add_weighted_adapter(names, weights, kind, combination_type=kind.split("-")[0], **options)
        for path, where in layers_of(model).items():
            layer = model.get_submodule(where)
            if kind in layer.lora_A:
                tensors[f"{kind}/{path}"] = layer.get_delta_weight(kind).detach()
    return tensors


METHODS = ["_generalized_task_arithmetic_weighted_adapter", "_svd_generalized_task_arithmetic_weighted_adapter"]


@contextmanager
def seeded(model):
    """Chance comes from a stream for each layer, named by its path; singular vectors have the signs that ours have."""
    tuner, bernoulli, svd = model.base_model, torch.bernoulli, torch.linalg.svd
    paths = {model.get_submodule(where): path for path, where in layers_of(model).items()}
    random = None

    def seeding(combine):
        def combine_layer(*args, **options):
            nonlocal random
            [path] = [paths[one] for one in args if isinstance(one, nn.Module) and one in paths]
            random = Sfc32(SEED, path)
            return combine(*args, **options)

        return combine_layer

    def drawn(shares):
        draws = [float(random.next() < share) for share in shares.flatten().double().tolist()]
        return torch.tensor(draws).reshape(shares.shape)

    def signed(x, full_matrices, driver):
        u, s, vh = svd(x.double(), full_matrices=False, driver=driver)
        signs = u.gather(0, u.abs().argmax(0, keepdim=True)).sign()
        return (u * signs).to(x), s.to(x), (vh * signs.T).to(x)

    for method in METHODS:
        setattr(tuner, method, seeding(getattr(tuner, method)))
    torch.bernoulli, torch.linalg.svd = drawn, signed
    try:
        yield
    finally:
        for method in METHODS:
            delattr(tuner, method)
        torch.bernoulli, torch.linalg.svd = bernoulli, svd


def merged(model, layers):
    whole = model.merge_and_unload(safe_merge=True)
    return {
        f"merged/{path}.{key}": value.detach()
        for path in layers
        for key, value in whole.get_submodule(path).named_parameters()
    }


def write(folder):
    for name in CASES:
        (folder / name).mkdir(parents=True, exist_ok=True)
        write_case(folder / name, name)


def read_case(folder, name):
    """Loads an adapter that we wrote, as PEFT's users do, and runs the model with it."""
    kind, _ = CASES[name]
    model = PeftModel.from_pretrained(base_model(kind), folder).eval()
    result = set_peft_model_state_dict(model, load_peft_weights(str(folder), device="cpu"))
    lora = [key for key in result.missing_keys if "lora_" in key or "modules_to_save" in key]
    layers = layers_of(model)
    seen = record(model, list(layers.values()), kind)
    save_file(
        {key.replace("base_model.model.", ""): value.contiguous() for key, value in seen.items()},
        folder / "read.safetensors",
    )
    return {"missing": lora, "unexpected": list(result.unexpected_keys), "layers": sorted(layers)}


def read(folder):
    cases = sorted(path.parent.name for path in folder.glob("*/ours"))
    return {name: read_case(folder / name / "ours", name) for name in cases}


def refuse(folder):
    try:
        PeftModel.from_pretrained(nn.Sequential(nn.Linear(4, 4)), folder)
        return ""
    except Exception as error:  # whatever it is, it has to name the type
        return f"{type(error).__name__}: {error}"


FORMS = {"whole": "50GB", "shards": "4KB"}


def save_base(folder):
    model = base_model("llama")
    words = {f"w{i}": i for i in range(20)}
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel(words, unk_token="w0")))
    for form, size in FORMS.items():
        model.save_pretrained(folder / form, max_shard_size=size)
        tokenizer.save_pretrained(folder / form)
    adapted = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "down_proj"])).eval()
    randomise(adapted)
    adapted.save_pretrained(folder / "adapter")
    with torch.no_grad():
        save_file({"logits": adapted(**inputs_of("llama")).logits}, folder / "logits.safetensors")
    return {form: sorted(path.name for path in (folder / form).iterdir()) for form in FORMS}


def load_merged(folder):
    expected = load_file(folder / "logits.safetensors")["logits"]
    answers = {}
    for form in FORMS:
        place = folder / f"merged-{form}"
        model = transformers.AutoModelForCausalLM.from_pretrained(place).eval()
        with torch.no_grad():
            difference = (model(**inputs_of("llama")).logits - expected).abs().max()
        words = transformers.AutoTokenizer.from_pretrained(place)("w7")["input_ids"]
        answers[form] = {"difference": float(difference), "scale": float(expected.abs().max()), "words": words}
    return answers


def main():
    commands = {"write": write, "read": read, "refuse": refuse, "base": save_base, "load": load_merged}
    lines = [" ".join(sys.argv[1:])] if len(sys.argv) > 1 else sys.stdin
    for line in lines:
        command, folder = line.rstrip("\n").split(" ", 1)
        print(json.dumps(commands[command](Path(folder))), flush=True)


if __name__ == "__main__":
    main()
