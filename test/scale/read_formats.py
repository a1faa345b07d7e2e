"""Reads merged features with the tools that their layouts come from, and prints what they hold as JSON.

    python read_formats.py embeddings FOLDER
    python read_formats.py theia TAR [TAR ...]
"""

import json
import sys

import numpy as np


def embeddings(folder: str) -> dict:
    from embedding_reader import EmbeddingReader

    reader = EmbeddingReader(
        embeddings_folder=f"{folder}/img_emb",
        metadata_folder=f"{folder}/metadata",
        meta_columns=["image_path", "caption", "metadata", "width"],
        file_format="parquet_npy",
    )
    rows = []
    for vectors, table in reader(batch_size=3, show_progress=False):
        for vector, (_, line) in zip(vectors, table.iterrows()):
            rows.append({**{k: v for k, v in line.items() if k != "i"}, "vector": np.asarray(vector, np.float32).tolist()})
    return {"count": int(reader.count), "dimension": int(reader.dimension), "dtype": str(reader.byte_per_item), "rows": rows}


def theia(tars: list[str]) -> dict:
    import webdataset
    from safetensors.numpy import load

    samples = []
    for sample in webdataset.WebDataset(tars, shardshuffle=False, empty_check=False):
        (name,) = [key for key in sample if key.endswith(".safetensors")]
        embedding = load(sample[name])["embedding"]
        samples.append(
            {"key": sample["__key__"], "name": name, "shape": embedding.shape, "type": str(embedding.dtype),
             "first": embedding.astype(np.float32)[:, 0, 0].tolist()}
        )
    return {"samples": samples}


if __name__ == "__main__":
    kind, *paths = sys.argv[1:]
    print(json.dumps(embeddings(paths[0]) if kind == "embeddings" else theia(paths), default=str))
