"""Writes states.json: the state with which ipywidgets itself opens each core control, and anywidget its own.

Run with ipywidgets 8.1.9 and anywidget 0.11.0: python test/widgets/golden/make_states.py
"""

import datetime
import json
from pathlib import Path

import anywidget
import ipywidgets
import traitlets
from ipywidgets.widgets import widget as protocol

opened = []


class Comm:
    """Notes what a widget opens its comm with."""

    kernel = True

    def __init__(self, data=None, metadata=None, buffers=None, **_):
        self.comm_id = f"model-{len(opened)}"
        opened.append({**data, "metadata": metadata, "buffers": [bytes(each).hex() for each in buffers or []]})

    def on_msg(self, _):
        pass

    def send(self, **_):
        pass

    def close(self):
        pass


class Counter(anywidget.AnyWidget):
    _esm = "export default { render() {} }"
    _css = ".counter { color: red }"
    count = traitlets.Int(3).tag(sync=True)
    pixels = traitlets.Bytes(b"\x01\x02").tag(sync=True)


OPTIONS = ["token", "key", "value"]
MAKERS = {
    "intSlider": lambda w: w.IntSlider(value=40, max=255, description="Threshold"),
    "floatSlider": lambda w: w.FloatSlider(min=-1, max=1),
    "intRangeSlider": lambda w: w.IntRangeSlider(value=[2, 4], max=8),
    "floatRangeSlider": lambda w: w.FloatRangeSlider(),
    "intText": lambda w: w.IntText(),
    "floatText": lambda w: w.FloatText(value=0.5),
    "progress": lambda w: w.FloatProgress(bar_style="info"),
    "play": lambda w: w.Play(interval=200),
    "checkbox": lambda w: w.Checkbox(value=True),
    "toggleButton": lambda w: w.ToggleButton(),
    "button": lambda w: w.Button(description="Run", layout={}, style={"button_color": "green"}),
    "text": lambda w: w.Text(placeholder="a layer"),
    "textarea": lambda w: w.Textarea(rows=3),
    "label": lambda w: w.Label(value="hello"),
    "html": lambda w: w.HTML(value="<b>hello</b>"),
    "colorPicker": lambda w: w.ColorPicker(),
    "datePicker": lambda w: w.DatePicker(value=datetime.date(2026, 11, 30), min=datetime.date(2026, 1, 31)),
    "fileUpload": lambda w: w.FileUpload(accept="image/*", multiple=True),
    "dropdown": lambda w: w.Dropdown(options=OPTIONS, value="key"),
    "radioButtons": lambda w: w.RadioButtons(options=OPTIONS),
    "select": lambda w: w.Select(options=OPTIONS),
    "toggleButtons": lambda w: w.ToggleButtons(options=OPTIONS),
    "box": lambda w: w.Box(children=[]),
    "hbox": lambda w: w.HBox(children=[w.Label(), w.Label()]),
    "vbox": lambda w: w.VBox(children=[], layout={"width": "50%"}),
    "tab": lambda w: w.Tab(children=[w.Label()], titles=["one"]),
    "accordion": lambda w: w.Accordion(children=[]),
    "output": lambda w: w.Output(),
    "image": lambda w: w.Image(value=b"\x89PNG", width="64"),
    "jslink": lambda w: w.jslink((w.Play(), "value"), (w.IntSlider(), "value")),
    "anywidget": lambda w: Counter(),
}


def main():
    protocol.comm.create_comm = lambda **given: Comm(**given)
    states, kept = {}, []
    for name, make in MAKERS.items():
        opened.clear()
        kept.append(make(ipywidgets))  # A widget that is collected closes its comm.
        states[name] = list(opened)
    path = Path(__file__).with_name("states.json")
    path.write_text(json.dumps(states, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
