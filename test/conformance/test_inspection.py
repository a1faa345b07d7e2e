"""Inspection and completion over the whole public interface, by the texts that a user types."""

import re
import unittest

from harness import Kernel

NAMESPACES = "backend data encoders features grounding hub law lora models nn onnx refine report safetensors sak similarity studies tasks train vce view widgets".split()
FREE = ["clearOutput", "comms", "display", "displayHandle", "RuleError"]
# A namespace offers its values in an expression, and its types as well behind a colon.
PLACES = ["", "let x: "]


class PublicInterfaceTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()
        names = ", ".join(NAMESPACES + FREE)
        cls.kernel.run(f'import {{ {names} }} from "fovea";')

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def members(self, text):
        """Names that Tab offers behind a text, with their kinds."""
        reply = self.kernel.ask(self.kernel.client.complete(text))
        kinds = reply["metadata"]["_jupyter_types_experimental"]
        return list(zip(reply["matches"], [kind["type"] for kind in kinds]))

    def shown(self, text):
        reply = self.kernel.ask(self.kernel.client.inspect(text))
        self.assertTrue(reply["found"], text)
        return reply["data"]

    def test_a_namespace_as_the_result_of_a_cell_lists_its_members(self):
        for text in ("law", "nn", "tasks.boxes", "console.log(data.world)"):
            shown = self.kernel.run(text)
            name = text.removeprefix("console.log(").rstrip(")")
            plain = shown.text() if "console" in text else shown.value
            self.assertRegex(plain, rf"^{name}: Tab behind the dot .*\n  functions ", text)
            self.assertNotIn("[Getter]", plain)

    def public(self):
        """Every dotted name, with the text that leads to it and what is shown of it."""
        for place in PLACES:
            todo = [*NAMESPACES, *(FREE if place == "" else [])]
            while todo:
                name = todo.pop()
                text = self.shown(place + name)["text/plain"]
                if "/*unresolved*/" not in text:  # A namespace alone is no type.
                    yield place + name, text
                if name in NAMESPACES or re.match(r"namespace|import", text):
                    todo += [f"{name}.{member}" for member, _ in self.members(f"{place}{name}.")]

    def test_every_member_shows_its_documentation(self):
        seen, bare = 0, []
        for name, text in self.public():
            seen += 1
            if len([part for part in text.split("\n\n") if part.strip() and not part.startswith("Value:")]) < 2:
                bare.append(f"{name}: {text[:80]}")
        self.assertGreater(seen, 400)
        self.assertFalse(bare, "\n".join(bare))

    def test_members_of_the_objects_that_a_notebook_holds_show_theirs(self):
        types = ("encoders.Encoder", "encoders.FeatureMap", "encoders.AttentionMap", "encoders.Embeddings", "encoders.Geometry", "features.FeatureFolder", "train.TrainingControl", "view.View", "RuleError")
        self.kernel.run("import { encoders, features, train, view, RuleError } from 'fovea'; " + " ".join(f"let held{i}: {name};" for i, name in enumerate(types)))
        seen, bare = 0, []
        for i, name in enumerate(types):
            for member, _ in self.members(f"held{i}."):
                text = self.shown(f"held{i}.{member}")["text/plain"]
                if text.startswith("(property) Error."):  # Of the language.
                    continue
                seen += 1
                if len([part for part in text.split("\n\n") if part.strip()]) < 2:
                    bare.append(f"{name}.{member}: {text[:80]}")
        self.assertGreater(seen, 70)
        self.assertFalse(bare, "\n".join(bare))

    def test_inside_arguments_the_signature_and_the_next_parameter_are_shown(self):
        functions = [name for name, text in self.public() if ":" not in name and text.startswith("function")]
        self.assertGreater(len(functions), 80)
        for name in functions:
            head, *rest = self.shown(f"{name}(")["text/plain"].split("\n\n")
            short = name.rsplit(".", 1)[-1]
            self.assertRegex(head, rf"^(function )?{short}\b", name)
            if not re.search(rf"\b{short}(<.*>)?\(\)", head):
                self.assertRegex(rest[0], r"^Argument( 1)?: ", name)

    def test_tags_stand_one_per_line(self):
        data = self.shown("law.fit([], ")
        self.assertIn("Argument 2: options?: law.FitOptions\n", data["text/plain"])
        self.assertRegex(data["text/plain"], r"\n@param table .*\n@param options .*\n@throws LawError ")
        self.assertRegex(data["text/markdown"], r"\n\n\*@param\* `table`: .*\n\n\*@param\* `options`: .*\n\n\*@throws\* LawError ")
        self.assertRegex(data["text/markdown"], r"\n\n\*\*Argument 2:\*\* `options\?: law\.FitOptions`  \n\w")


class AutomaticImportTests(unittest.TestCase):
    """In a notebook that has not imported the library, its names are completed with an import."""

    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def accepted(self, code, behind=""):
        """The cell after Tab, where the library is offered, else None."""
        reply = self.kernel.ask(self.kernel.client.complete(code + behind, len(code)))
        offered = [match for match in reply["matches"] if '"fovea"' in match]
        start, end = reply["cursor_start"], reply["cursor_end"]
        return (code + behind)[:start] + offered[0] + (code + behind)[end:] if offered else None

    def test_a_name_that_begins_a_statement_gets_a_declaration_before_it(self):
        self.assertEqual(self.accepted("encod"), 'import { encoders } from "fovea";\nencoders')
        self.assertEqual(self.accepted("1;\nlaw", ".fit"), '1;\nimport { law } from "fovea";\nlaw.fit')

    def test_elsewhere_it_is_imported_in_place(self):
        for before, behind in (("const m = await encod", ""), ("console.log(encod", ")"), ("[1, encod", "]"), ("`${encod", "}`")):
            cell = self.accepted(before, behind)
            self.assertEqual(cell, before.replace("encod", '(await import("fovea")).encoders') + behind)
            self.assertEqual(self.kernel.run(cell).reply["status"], "ok", cell)
        self.kernel.run("%reset")

    def test_it_is_offered_where_it_can_stand_and_is_not_known(self):
        for code in ("x.encod", "let y: encod", "'encod", "// encod", "const encod", "import { encod", "function f() { encod", "e"):
            self.assertIsNone(self.accepted(code), code)
        self.assertIsNone(self.accepted("const encoders = 1;\nencod"))
        self.kernel.run('import { encoders } from "fovea"')
        self.assertIsNone(self.accepted("encod"))
        self.assertEqual(self.kernel.ask(self.kernel.client.complete("encod"))["matches"][0], "encoders")
        self.assertIsNotNone(self.accepted("wid"))


if __name__ == "__main__":
    unittest.main()
