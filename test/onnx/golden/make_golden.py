"""Make the golden models and tensors that test/onnx and test/encoders compare against.

    python -m venv ref && ref/bin/pip install torch==2.13.0 transformers==5.23.0 timm==1.0.31 onnx onnxscript onnxruntime safetensors
    ref/bin/python test/onnx/golden/make_golden.py

Every model is tiny and random. Weights are drawn wider than the usual initialisation, so that attention is not
uniform and a wrong tensor cannot pass by being close to a right one. Each model writes
    input.safetensors     image (uint8, [2, 32, 32, 3]), pixel_values (mean and std 0.5)
    <model>.safetensors   hidden_states.0..L, attentions.0.., last_hidden_state, normed (final norm of the last state)
    <model>.<exporter>.onnx
"""

import sys
import warnings
from pathlib import Path

import onnx
import timm
import torch
import transformers as tf
from safetensors.torch import save_file

warnings.filterwarnings("ignore")
HERE = Path(__file__).parent
SMALL = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=2, image_size=32, patch_size=8)


def randomise(model: torch.nn.Module, seed: int) -> torch.nn.Module:
    generator = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape, generator=generator)
        leaf = name.split(".")[-1]
        if p.ndim >= 2 and "embed" not in leaf and "token" not in leaf:
            p.data = noise * 1.3 / p[0].numel() ** 0.5
        elif "lambda" in name or "gamma" in name:
            p.data = 0.6 + 0.1 * noise
        elif leaf == "weight" and p.ndim == 1:
            p.data = 1 + 0.2 * noise
        else:
            p.data = 0.2 * noise
    return model.eval()


class Outputs(torch.nn.Module):
    """Outputs of a published export: the last hidden state, and the projected embedding where there is one."""

    def __init__(self, model, names):
        super().__init__()
        self.model, self.names = model, names

    def forward(self, pixel_values):
        if not self.names:
            return self.model(pixel_values)
        out = self.model(pixel_values=pixel_values)
        return tuple(getattr(out, n) for n in self.names)


def hf(cls, config, norm, outputs=("last_hidden_state",)):
    config.num_labels = 2
    return dict(model=cls(config), config=config, norm=norm, outputs=outputs)


def models():
    vit = tf.ViTConfig(**SMALL)
    deit = tf.DeiTConfig(**SMALL)
    dino = tf.Dinov2Config(hidden_size=32, mlp_ratio=2, num_hidden_layers=3, num_attention_heads=2, image_size=32, patch_size=8)
    reg = tf.Dinov2WithRegistersConfig(
        hidden_size=32, mlp_ratio=2, num_hidden_layers=3, num_attention_heads=2, image_size=32, patch_size=8, num_register_tokens=3
    )
    clip = tf.CLIPVisionConfig(**SMALL, projection_dim=24)
    sig = tf.SiglipVisionConfig(**SMALL)
    beit = tf.BeitConfig(**SMALL, use_relative_position_bias=True, use_absolute_position_embeddings=False, layer_scale_init_value=0.5)
    yield "vit", hf(tf.ViTModel, vit, lambda m: m.layernorm)
    yield "deit", hf(tf.DeiTModel, deit, lambda m: m.layernorm)
    yield "dinov2", hf(tf.Dinov2Model, dino, lambda m: m.layernorm)
    yield "dinov2reg", hf(tf.Dinov2WithRegistersModel, reg, lambda m: m.layernorm)
    yield "clip", hf(
        tf.CLIPVisionModelWithProjection, clip, lambda m: m.vision_model.post_layernorm, ("image_embeds", "last_hidden_state")
    )
    yield "siglip", hf(tf.SiglipVisionModel, sig, lambda m: getattr(m, "vision_model", m).post_layernorm)
    yield "beit", hf(tf.BeitModel, beit, lambda m: None)


def hooked(model, pixels, chosen):
    """Outputs of the modules that `chosen` picks by name and class, in the order of their running."""
    seen, hooks = [], []
    for name, module in model.named_modules():
        if chosen(name, type(module).__name__):
            hooks.append(module.register_forward_hook(lambda m, i, o: seen.append(o[0] if isinstance(o, tuple) else o)))
    with torch.no_grad():
        model(pixels)
    for hook in hooks:
        hook.remove()
    return seen


def values(model, pixels):
    return hooked(model, pixels, lambda name, kind: name.split(".")[-1] in ("v_proj", "value"))


def golden(name, spec, pixels):
    model = spec["model"]
    model.set_attn_implementation("eager")
    with torch.no_grad():
        out = model(pixel_values=pixels, output_hidden_states=True, output_attentions=True)
    stream = [h.clone() for h in out.hidden_states]
    tensors = {"last_hidden_state": out.last_hidden_state}
    for i, h in enumerate(stream):
        tensors[f"hidden_states.{i}"] = h
    for i, a in enumerate(out.attentions):
        tensors[f"attentions.{i}"] = a
    for i, v in enumerate(values(model, pixels)):
        tensors[f"values.{i}"] = v
    norm = spec["norm"](model)
    with torch.no_grad():
        if norm is not None:
            tensors["normed"] = norm(stream[-1])
            tensors["normed.0"] = norm(stream[1])
    if "image_embeds" in spec["outputs"]:
        tensors["image_embeds"] = out.image_embeds
    save_file({k: v.detach().clone().contiguous() for k, v in tensors.items()}, HERE / f"{name}.safetensors")


def resized(model):
    """The ViT on pictures of another size, its positions interpolated."""
    image = torch.randint(0, 256, (1, 48, 32, 3), generator=torch.Generator().manual_seed(6), dtype=torch.uint8)
    pixels = (image.permute(0, 3, 1, 2) / 255 - 0.5) / 0.5
    with torch.no_grad():
        out = model(pixel_values=pixels, output_hidden_states=True, interpolate_pos_encoding=True)
    tensors = {f"hidden_states.{i}": h.clone().contiguous() for i, h in enumerate(out.hidden_states)}
    save_file({"image": image, **tensors}, HERE / "vit-48x32.safetensors")


def strip(path):
    """Drop what the exporters write about the machine and the source: names of files, traces, versions."""
    model = onnx.load(path)
    del model.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    onnx.save(model, path)


def export(name, spec, pixels, exporter):
    model = spec["model"]
    model.set_attn_implementation("eager" if exporter == "ts14" else "sdpa")
    wrapped = Outputs(model, list(spec["outputs"])).eval()
    path = HERE / f"{name}.{exporter}.onnx"
    if exporter.startswith("dynamo"):
        batch = torch.export.Dim("batch")
        torch.onnx.export(
            wrapped, (pixels,), path, dynamo=True, opset_version=int(exporter[6:]) if exporter[6:] else None, input_names=["pixel_values"], output_names=list(spec["outputs"]),
            dynamic_shapes={"pixel_values": {0: batch}}, external_data=False, verbose=False,
        )
    else:
        torch.onnx.export(
            wrapped, (pixels,), path, dynamo=False, opset_version=int(exporter[2:]), input_names=["pixel_values"],
            output_names=list(spec["outputs"]), dynamic_axes={k: {0: "batch"} for k in ["pixel_values", *spec["outputs"]]},
        )
    strip(path)


def timm_vit(pixels):
    model = timm.create_model(
        "vit_tiny_patch16_224", img_size=32, patch_size=8, embed_dim=32, depth=3, num_heads=2, mlp_ratio=2, num_classes=0,
        reg_tokens=2, class_token=True, init_values=0.5,
    )
    randomise(model, 11)
    with torch.no_grad():
        final, mids = model.forward_intermediates(pixels, return_prefix_tokens=True, output_fmt="NLC")
        _, normed = model.forward_intermediates(pixels, norm=True, output_fmt="NCHW")
    tensors = {"final": final}
    for i, (spatial, prefix) in enumerate(mids):
        tensors[f"spatial.{i}"], tensors[f"prefix.{i}"] = spatial, prefix
    for i, n in enumerate(normed):
        tensors[f"normed.{i}"] = n
    save_file({k: v.detach().clone().contiguous() for k, v in tensors.items()}, HERE / "timm.safetensors")
    for exporter in ("ts17", "dynamo"):
        path = HERE / f"timm.{exporter}.onnx"
        if exporter == "dynamo":
            torch.onnx.export(model, (pixels,), path, dynamo=True, input_names=["input"], output_names=["output"],
                              dynamic_shapes=({0: torch.export.Dim("batch")},), external_data=False, verbose=False)
        else:
            torch.onnx.export(model, (pixels,), path, dynamo=False, opset_version=17, input_names=["input"], output_names=["output"],
                              dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}})
        strip(path)


def scramble(source, target):
    """Rename every tensor and node, so that nothing can be found by its name."""
    model = onnx.load(source)
    keep = {v.name for v in [*model.graph.input, *model.graph.output]}
    names = {}

    def new(old):
        return old if not old or old in keep else names.setdefault(old, f"t{(len(names) * 7919) % 100003}")

    for tensor in model.graph.initializer:
        tensor.name = new(tensor.name)
    for i, node in enumerate(model.graph.node):
        node.name = f"n{(i * 7919) % 100003}"
        node.input[:] = [new(x) for x in node.input]
        node.output[:] = [new(x) for x in node.output]
    del model.graph.value_info[:]
    onnx.save(model, target)


def main(only):
    image = torch.randint(0, 256, (2, 32, 32, 3), generator=torch.Generator().manual_seed(5), dtype=torch.uint8)
    pixels = (image.permute(0, 3, 1, 2) / 255 - 0.5) / 0.5
    save_file({"image": image, "pixel_values": pixels.contiguous()}, HERE / "input.safetensors")
    exporters = {"vit": ["ts14", "ts17", "dynamo", "dynamo23"], "dinov2reg": ["dynamo"], "beit": ["ts17"]}
    for seed, (name, spec) in enumerate(models()):
        if only and name not in only:
            continue
        randomise(spec["model"], seed)
        golden(name, spec, pixels)
        if name == "vit":
            resized(spec["model"])
        for exporter in exporters.get(name, ["ts17", "dynamo"]):
            try:
                export(name, spec, pixels, exporter)
                print(name, exporter, "ok", (HERE / f"{name}.{exporter}.onnx").stat().st_size)
            except Exception as error:  # an exporter that cannot is a result, too
                print(name, exporter, "FAILED", type(error).__name__, str(error)[:200])
    if not only or "timm" in only:
        timm_vit(pixels)
    if not only:
        scramble(HERE / "dinov2.dynamo.onnx", HERE / "dinov2.scrambled.onnx")


if __name__ == "__main__":
    main(sys.argv[1:])
