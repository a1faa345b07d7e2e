"""
Takes out of an executed notebook what differs between two runs that compute the same: random names of widget models.

Times and speeds that an output prints are left alone: they are what the run measured.
"""

import json
import uuid

import nbformat

WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
NAMESPACE = uuid.UUID("6f76ea00-0000-4000-8000-000000000000")


def without_noise(notebook, name):
    """The notebook with its widget models named by `name` and their order."""
    text = json.dumps(notebook)
    for old, new in stable_names(notebook, name).items():
        text = text.replace(old, new)
    return nbformat.from_dict(json.loads(text))


def stable_names(notebook, name):
    """New names by the old ones, in the order in which the kernel made the models."""
    state = notebook.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    return {old: uuid.uuid5(NAMESPACE, f"{name} {i}").hex for i, old in enumerate(state)}
