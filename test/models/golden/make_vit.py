"""Golden tensors of small vision transformers, computed by timm and transformers with random weights.

    python test/models/golden/make_vit.py timm            # torch 2.13, timm 1.0.31 (which imports torchvision)
    python test/models/golden/make_vit.py transformers    # torch 2.13, transformers 5.23

Each writes vit-*.safetensors beside itself.

Each case is stored under `<case>/`: `x0` pictures, `p.<name>` parameters, `y` the output, `dy` the gradient fed into it, `dx0` and
`dp.<name>` the gradients that come out. Cases of transformers have the names of its files and no gradients of parameters.
"""

import json
import sys
import tempfile
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "nn" / "golden"))
import make as nn_golden  # noqa: E402

SMALL = dict(img_size=12, patch_size=4, embed_dim=8, depth=2, num_heads=2, num_classes=0, mlp_ratio=2)


def scrambled(model):
    for parameter in model.parameters():
        nn.init.normal_(parameter, 0, 0.4)
    return model.eval()


def ours(store, name, model, size=(12, 12), call=None):
    nn_golden.case(store, name, scrambled(model), torch.randn(2, 3, *size), call=call)


def timm_cases(store):
    from timm.layers import RmsNorm, SwiGLU, SwiGLUPacked
    from timm.models.deit import VisionTransformerDistilled
    from timm.models.vision_transformer import VisionTransformer

    vit = partial(VisionTransformer, **SMALL)
    ours(store, "plain", VisionTransformer(**{**SMALL, "num_classes": 3}))
    wide = vit(init_values=0.5, reg_tokens=2, no_embed_class=True, dynamic_img_size=True)
    ours(store, "registers", wide, (8, 20), wide.forward_features)
    shrunk = VisionTransformer(**{**SMALL, "img_size": 20, "dynamic_img_size": True})
    ours(store, "shrunk", shrunk, (8, 12), shrunk.forward_features)
    ours(store, "clip", vit(pre_norm=True, act_layer="quick_gelu", norm_layer=partial(nn.LayerNorm, eps=1e-5)))
    ours(store, "siglip", vit(class_token=False, global_pool="map"))
    ours(store, "aimv2", vit(
        class_token=False, fc_norm=False, global_pool="avg", qkv_bias=False, proj_bias=False, act_layer="silu",
        norm_layer=partial(RmsNorm, eps=1e-5), embed_norm_layer=partial(RmsNorm, eps=1e-5), mlp_layer=SwiGLU,
    ))
    ours(store, "packed", vit(mlp_layer=SwiGLUPacked, act_layer=nn.SiLU, qk_norm=True, global_pool="avg"))
    ours(store, "distilled", VisionTransformerDistilled(**{**SMALL, "num_classes": 2}))


def intermediates(store):
    from timm.models.vision_transformer import VisionTransformer

    model = scrambled(VisionTransformer(**{**SMALL, "reg_tokens": 1}))
    x = torch.randn(2, 3, 12, 12)
    for key, parameter in model.named_parameters():
        store[f"intermediates/p.{key}"] = parameter
    store["intermediates/x0"] = x
    final, kept = model.forward_intermediates(x, indices=[-1, 0], norm=True, return_prefix_tokens=True)
    store["intermediates/final"] = final
    for i, (spatial, prefix) in enumerate(kept):
        store[f"intermediates/spatial.{i}"], store[f"intermediates/prefix.{i}"] = spatial, prefix


def rotary(store):
    from timm.layers.pos_embed_sincos import RotaryEmbeddingCat, apply_rot_embed_cat

    q = torch.randn(1, 2, 6, 8, requires_grad=True)
    tables = RotaryEmbeddingCat(8, in_pixels=False, feat_shape=(2, 3), ref_feat_shape=(4, 4)).get_embed((2, 3))
    y = apply_rot_embed_cat(q, tables)
    dy = torch.randn_like(y)
    y.backward(dy)
    store.update({"rotary/x0": q, "rotary/y": y, "rotary/dy": dy, "rotary/dx0": q.grad})


def convolutions(store):
    for name, kernel, stride, padding, size in [
        ("overlapping", 3, 2, 1, (7, 6)), ("uneven", (3, 2), (1, 3), (0, 1), (6, 8)), ("tiles", 2, 2, 0, (4, 6)),
    ]:
        module = nn.Conv2d(2, 3, kernel, stride, padding)
        nn_golden.case(store, f"conv-{name}", module, torch.randn(2, 2, *size))


SIZES = dict(
    hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16, image_size=12, patch_size=4,
)


def theirs(store, name, model, size=(12, 12), call=None):
    scrambled(model)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        stored = load_file(f"{folder}/model.safetensors")
        config = json.loads((Path(folder) / "config.json").read_text())
    x = torch.randn(2, 3, *size, requires_grad=True)
    y = (call or (lambda x: model(x).last_hidden_state))(x)
    dy = torch.randn_like(y)
    y.backward(dy)
    store.update({f"{name}/x0": x, f"{name}/y": y, f"{name}/dy": dy, f"{name}/dx0": x.grad})
    for key, tensor in stored.items():
        store[f"{name}/p.{key}"] = tensor
    return config


def transformers_cases(store):
    import transformers as t

    configs = {
        "vit": theirs(store, "vit", t.ViTModel(t.ViTConfig(**SIZES))),
        "deit": theirs(store, "deit", t.DeiTModel(t.DeiTConfig(**SIZES))),
    }
    dinov2 = t.Dinov2Model(t.Dinov2Config(**SIZES, mlp_ratio=2, use_swiglu_ffn=True, layerscale_value=0.5))
    configs["dinov2"] = theirs(store, "dinov2", dinov2, (8, 20))
    registers = t.Dinov2WithRegistersModel(t.Dinov2WithRegistersConfig(**SIZES, mlp_ratio=2, num_register_tokens=2))
    configs["registers"] = theirs(store, "registers", registers, (12, 12))
    clip = t.CLIPVisionModelWithProjection(t.CLIPVisionConfig(**SIZES, projection_dim=3))
    configs["clip"] = theirs(store, "clip", clip, call=lambda x: clip(x).image_embeds)
    siglip = t.SiglipVisionModel(t.SiglipVisionConfig(**SIZES))
    configs["siglip"] = theirs(store, "siglip", siglip, call=lambda x: siglip(x).pooler_output)
    configs["aimv2"] = theirs(store, "aimv2", t.Aimv2VisionModel(t.Aimv2VisionConfig(**SIZES, use_head=False)))
    native = t.Aimv2VisionModel(t.Aimv2VisionConfig(**SIZES, use_head=False, is_native=True))
    configs["aimv2-native"] = theirs(store, "aimv2-native", native, (8, 16))
    dinov3 = t.DINOv3ViTModel(t.DINOv3ViTConfig(**SIZES, num_register_tokens=2))
    configs["dinov3"] = theirs(store, "dinov3", dinov3, (8, 16))
    labels = t.ViTForImageClassification(t.ViTConfig(**SIZES, num_labels=3))
    configs["vit-classes"] = theirs(store, "vit-classes", labels, call=lambda x: labels(x).logits)
    (HERE / "vit-configs.json").write_text(json.dumps(configs, indent=1) + "\n")


def layer_decay():
    from timm.models.vision_transformer import VisionTransformer
    from timm.optim import param_groups_layer_decay

    model = VisionTransformer(**{**SMALL, "depth": 3, "num_classes": 2, "reg_tokens": 1, "init_values": 0.1})
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    groups = param_groups_layer_decay(model, 0.05, layer_decay=0.75, no_weight_decay_list=model.no_weight_decay())
    rates = {names[id(p)]: [group["lr_scale"], group["weight_decay"]] for group in groups for p in group["params"]}
    (HERE / "layer-decay.json").write_text(json.dumps(rates, indent=0) + "\n")


def make_timm(store):
    layer_decay()
    timm_cases(store)
    intermediates(store)
    rotary(store)
    convolutions(store)


if __name__ == "__main__":
    nn_golden.HERE = HERE
    for part in sys.argv[1:]:
        torch.manual_seed(0)
        store = {}
        {"timm": make_timm, "transformers": transformers_cases}[part](store)
        nn_golden.save(f"vit-{part}", store)
