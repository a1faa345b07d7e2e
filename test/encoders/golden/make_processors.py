"""Pictures after transformers' processors, where a key asks for more than a resize, a crop and one normalisation.

    python test/encoders/golden/make_processors.py    (transformers 5.23, Pillow 13); writes processors.safetensors and .json beside itself
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save_file
from transformers import EfficientNetImageProcessorPil, LayoutLMv3ImageProcessorPil, SamImageProcessorPil

HERE = Path(__file__).parent
SIDE = {"height": 24, "width": 24}
PROCESSORS = {
    # Padded after normalisation: zeros, not black.
    "sam": SamImageProcessorPil(size={"longest_edge": 24}, pad_size=SIDE),
    # Divided by the deviation twice.
    "efficientnet": EfficientNetImageProcessorPil(size=SIDE, image_std=[0.5, 0.25, 0.3]),
    "layoutlmv3": LayoutLMv3ImageProcessorPil(size=SIDE, apply_ocr=False),
}


def waves(width, height):
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([127 + 120 * np.sin(x / a) * np.cos(y / b) for a, b in ((3, 5), (7, 4), (5, 9))], -1).astype(np.uint8)


def main():
    picture = waves(40, 26)
    tensors, configs = {"source": picture}, {}
    for name, processor in PROCESSORS.items():
        tensors[name] = np.asarray(processor(Image.fromarray(picture), return_tensors="np")["pixel_values"]).astype(np.float32)
        configs[name] = json.loads(processor.to_json_string())
        configs[name]["image_processor_type"] = configs[name]["image_processor_type"].replace("Pil", "")
    save_file(tensors, HERE / "processors.safetensors")
    (HERE / "processors.json").write_text(json.dumps(configs, indent=1) + "\n")


if __name__ == "__main__":
    main()
