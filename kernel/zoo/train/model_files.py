"""Files of a model's folder beside its weights."""
from __future__ import annotations

import json
import os


def write_json(folder: str, name: str, content: dict) -> None:
    with open(os.path.join(folder, name), "w") as file:
        json.dump(content, file, indent=1)
        file.write("\n")
