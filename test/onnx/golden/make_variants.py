"""Make the second set of golden models: windowed, hierarchical and convolutional ones, and the models of make_golden.py
after quantisation and optimisation. Run make_golden.py first, then this, in the same environment.

Each model writes <model>.safetensors with blocks.0.. (outputs of its blocks, by hooks) and <model>.<exporter>.onnx.
"""

import sys
import warnings
from pathlib import Path

import onnx
import onnxruntime
import timm
import torch
import transformers as tf
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_dynamic, quantize_static
from onnxruntime.transformers import float16, optimizer
from safetensors.torch import load_file, save_file
from transformers.models.sam.modeling_sam import SamVisionEncoder

from make_golden import HERE, hooked, randomise, strip

warnings.filterwarnings("ignore")


def models():
    sam = tf.SamVisionConfig(hidden_size=32, output_channels=8, num_hidden_layers=3, num_attention_heads=2, image_size=32,
                             patch_size=4, window_size=3, global_attn_indexes=[1], mlp_dim=48)
    swin = tf.SwinConfig(image_size=32, patch_size=2, embed_dim=12, depths=[2, 2], num_heads=[2, 2], window_size=4)
    conv = tf.ConvNextConfig(hidden_sizes=[16, 24], depths=[2, 2], num_stages=2, image_size=32)
    dino3 = tf.DINOv3ViTConfig(image_size=32, patch_size=8, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
                               num_attention_heads=2, num_register_tokens=2)
    aim = tf.Aimv2VisionConfig(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=8)
    small = dict(img_size=32, num_classes=0)
    eva = timm.create_model("eva02_tiny_patch14_224", patch_size=8, embed_dim=32, depth=2, num_heads=2, **small)
    tswin = timm.create_model("swin_tiny_patch4_window7_224", patch_size=2, embed_dim=12, depths=(2, 2), num_heads=(2, 2), window_size=4, **small)
    resnet = timm.models.resnet.ResNet(
        timm.models.resnet.BasicBlock, (2, 2, 2, 2), num_classes=0, channels=(8, 12, 16, 24))
    tiny = timm.models.tiny_vit.TinyVit(embed_dims=(8, 16, 24, 32), depths=(1, 1, 1, 1), num_heads=(2, 2, 2, 2), window_sizes=(4, 4, 4, 4),
                                        mlp_ratio=2.0, num_classes=0)
    hiera = timm.models.hiera.Hiera(img_size=(32, 32), embed_dim=16, num_heads=1, stages=(1, 1), mask_unit_size=(2, 2), q_pool=1,
                                    mask_unit_attn=(True, False), num_classes=0)
    xcit = timm.models.xcit.Xcit(img_size=32, patch_size=8, embed_dim=16, depth=2, num_heads=2, cls_attn_layers=1, num_classes=0)
    yield "sam", SamVisionEncoder(sam), "SamVisionLayer", ["ts17", "dynamo"]
    yield "swin", tf.SwinModel(swin, add_pooling_layer=False), "SwinLayer", ["ts17"]
    yield "timmswin", tswin, "SwinTransformerBlock", ["ts17", "dynamo"]
    yield "convnext", tf.ConvNextModel(conv), ("ConvNextLayer", "ConvNextBlock"), ["ts17", "dynamo"]
    yield "resnet", resnet, "BasicBlock", ["ts17"]
    yield "dinov3", tf.DINOv3ViTModel(dino3), ("DINOv3ViTLayer",), ["ts17"]
    yield "aimv2", tf.Aimv2VisionModel(aim), ("Aimv2EncoderLayer",), ["ts17", "dynamo"]
    yield "eva02", eva, ("EvaBlock",), ["dynamo"]
    yield "tinyvit", tiny, ("TinyVitBlock",), ["ts17"]
    yield "hiera", hiera, ("HieraBlock",), ["ts17"]
    yield "xcit", xcit, ("XCABlock",), ["ts17"]


class First(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        out = self.model(pixel_values)
        return out if isinstance(out, torch.Tensor) else out.last_hidden_state


def export(model, name, exporter, pixels):
    path = HERE / f"{name}.{exporter}.onnx"
    if exporter == "dynamo":
        torch.onnx.export(First(model).eval(), (pixels,), path, dynamo=True, input_names=["pixel_values"], output_names=["out"],
                          dynamic_shapes=({0: torch.export.Dim("batch")},), external_data=False, verbose=False)
    else:
        torch.onnx.export(First(model).eval(), (pixels,), path, dynamo=False, opset_version=int(exporter[2:]), input_names=["pixel_values"],
                          output_names=["out"], dynamic_axes={"pixel_values": {0: "batch"}})
    strip(path)
    print(path.name, path.stat().st_size)


class Reader(CalibrationDataReader):
    def __init__(self, pixels):
        self.rest = [{"pixel_values": pixels.numpy()}]

    def get_next(self):
        return self.rest.pop() if self.rest else None


def optimise(source, target, level):
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(target)
    options.graph_optimization_level = level
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])


def converted(pixels):
    levels = onnxruntime.GraphOptimizationLevel
    source = HERE / "vit.ts17.onnx"
    onnx.save(float16.convert_float_to_float16(onnx.load(source), keep_io_types=False), HERE / "vit.fp16.onnx")
    quantize_dynamic(str(source), str(HERE / "vit.int8.onnx"))
    quantize_static(str(source), str(HERE / "vit.qdq.onnx"), Reader(pixels), quant_format=QuantFormat.QDQ)
    quantize_static(str(source), str(HERE / "vit.qoperator.onnx"), Reader(pixels), quant_format=QuantFormat.QOperator)
    optimise(source, HERE / "vit.extended.onnx", levels.ORT_ENABLE_EXTENDED)
    optimise(source, HERE / "vit.nchwc.onnx", levels.ORT_ENABLE_ALL)
    fused = optimizer.optimize_model(str(source), model_type="vit", num_heads=2, hidden_size=32, opt_level=0)
    fused.save_model_to_file(str(HERE / "vit.fused.onnx"))
    for name in ("fp16", "int8", "qdq", "qoperator", "extended", "nchwc", "fused"):
        strip(HERE / f"vit.{name}.onnx")
        ops = sorted({n.op_type for n in onnx.load(HERE / f"vit.{name}.onnx").graph.node if n.domain})
        print(name, (HERE / f"vit.{name}.onnx").stat().st_size, ops)


def main(only):
    pixels = load_file(HERE / "input.safetensors")["pixel_values"]
    for seed, (name, model, block, exporters) in enumerate(models()):
        if only and name not in only:
            continue
        randomise(model, 100 + seed)
        kinds = (block,) if isinstance(block, str) else block
        outputs = hooked(model, pixels, lambda _, kind: kind in kinds)
        assert outputs, sorted({type(m).__name__ for m in model.modules()})
        if name not in ("hiera", "xcit"):  # refused: nothing to compare
            save_file({f"blocks.{i}": o.clone().contiguous() for i, o in enumerate(outputs)}, HERE / f"{name}.safetensors")
        for exporter in exporters:
            try:
                export(model, name, exporter, pixels)
            except Exception as error:
                print(name, exporter, "FAILED", str(error)[:300])
    if not only or "converted" in only:
        converted(pixels)


if __name__ == "__main__":
    main(sys.argv[1:])
