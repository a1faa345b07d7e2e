"""An exporter of nbconvert: its HTML page, on which the saved views of Fovea live."""

import html
import json
import re
from copy import deepcopy
from pathlib import Path
from urllib.parse import quote

from nbconvert.exporters import HTMLExporter

from .launch import FOVEA

OURS = re.compile(r"application/vnd\.fovea\.([a-z]+)\.v\d+\+json")
PLOTLY = "application/vnd.plotly.v1+json"

# Elsewhere the package lies in the repository, below the library itself.
PLACES = (FOVEA / "page" / "dist", Path(__file__).parents[2] / "page" / "dist")


class FoveaExporter(HTMLExporter):
    """HTML of any template, with living viewers in the place of the still pictures of Fovea's views and figures."""

    export_from_notebook = "HTML with living Fovea views"

    def from_notebook_node(self, nb, resources=None, **kw):
        # A sanitized page runs no script of an output: there the still pictures stay.
        folder = None if self.sanitize_html else viewer_folder()
        if folder is None:
            return super().from_notebook_node(nb, resources, **kw)
        scripts = scripts_of(folder)
        shown = deepcopy(nb)
        mimes = [mime for mime in (living(output, scripts) for output in outputs(shown)) if mime]
        page, resources = super().from_notebook_node(shown, resources, **kw)
        if not mimes:
            return page, resources
        # The scripts follow the views; a template may be a part of a page only.
        end = page.rfind("</body>")
        at = len(page) if end < 0 else end
        return page[:at] + assets(folder, scripts, mimes) + page[at:], resources


def viewer_folder():
    """The folder of the viewers' scripts, or None where they were not built."""
    return next((place for place in PLACES if (place / "viewers.json").is_file()), None)


def scripts_of(folder):
    """The scripts that show views, by the name in their mime type."""
    return json.loads((folder / "viewers.json").read_text("utf8"))


def name_of(mime):
    ours = OURS.fullmatch(mime)
    return ours[1] if ours else "plotly" if mime == PLOTLY else None


def outputs(notebook):
    """Outputs of a notebook that have data."""
    return [output for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]


def living(output, scripts):
    """Gives an output markup with its saved view, which nbconvert takes before other forms. Returns the view's mime type, or None."""
    data = output["data"]
    mime = next((mime for mime in data if name_of(mime) in scripts), None)
    # A program or markup of another library's figure says itself how it is shown.
    if mime is None or (mime == PLOTLY and "text/html" in data):
        return None
    # A script ends at "</script", whatever stands in it.
    saved = json.dumps(data[mime], ensure_ascii=False).replace("<", "\\u003c")
    data["text/html"] = f'<figure>{still(data)}<script type="application/json" data-mime="{html.escape(mime)}">{saved}</script></figure>'
    return mime


def still(data):
    """The still picture of a view, or its words."""
    words = html.escape(text(data.get("text/plain", "")))
    for mime, code in (("image/png", "base64,"), ("image/svg+xml", "utf8,")):
        if mime in data:
            part = text(data[mime])
            content = "".join(part.split()) if code == "base64," else quote(part)
            return f'<img alt="{words}" src="data:{mime};{code}{content}">'
    return f"<pre>{words}</pre>"


def text(part):
    """Text of a part of a bundle, which may be stored as lines."""
    return part if isinstance(part, str) else "".join(part)


def assets(folder, scripts, mimes):
    """Style and scripts for these views; a page needs each of them once."""
    files = dict.fromkeys(file for mime in mimes for file in scripts[name_of(mime)])
    # The colors count only where the template has none of JupyterLab's.
    style = "".join(file.read_text("utf8") for file in (folder.parent / "colors.css", folder / "viewers.css"))
    parts = [f"<script>{(folder / file).read_text('utf8')}</script>" for file in files]
    return f"<style>{style}</style>\n" + "\n".join(parts) + "\n"
