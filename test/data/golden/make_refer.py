"""Pickles of references as the `refer` toolkit's data sets have them, written by Python's own pickle.

    python test/data/golden/make_refer.py        # Python 3.11; writes refer/*.p beside itself
"""

import os
import pickle
from pathlib import Path

HERE = Path(__file__).parent / "refer"

REFERENCES = [
    {
        "sent_ids": [0, 1],
        "file_name": "COCO_train2014_000000000009_1.jpg",
        "ann_id": 1,
        "ref_id": 0,
        "image_id": 9,
        "split": "train",
        "sentences": [
            {"tokens": ["the", "cat"], "raw": "The cat ", "sent_id": 0, "sent": "the cat"},
            {"tokens": ["caf\u00e9", "sign"], "raw": "caf\u00e9 'sign'\n", "sent_id": 1, "sent": "caf\u00e9 \"sign\" \\ \u732b"},
        ],
        "category_id": 17,
    },
    {
        "sent_ids": (2,),
        "file_name": "COCO_train2014_000000000025_2.jpg",
        "ann_id": 2**33,
        "ref_id": 1,
        "image_id": 25,
        "split": "testA",
        "sentences": [{"tokens": ["man"], "raw": "man", "sent_id": 2, "sent": "man"}],
        "category_id": 1,
        "extra": {"score": -0.5, "none": None, "yes": True, "no": False, "large": -(2**40), "small": -3, 7: [[], {}, ()]},
    },
]


class Shell:
    def __reduce__(self):
        return os.system, ("echo",)


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for protocol in range(6):
        (HERE / f"protocol-{protocol}.p").write_bytes(pickle.dumps(REFERENCES, protocol))
    for protocol in (0, 2, 4):
        (HERE / f"code-{protocol}.p").write_bytes(pickle.dumps([{"ref_id": Shell()}], protocol))
