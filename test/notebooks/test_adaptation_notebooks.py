"""The notebooks on adapting an encoder print the figures that they talk about."""

import re
import unittest

import notebook_case
from notebook_case import bundles, printed, tables

TRAINING = "application/vnd.fovea.training.v1+json"


class EnhancementNotebook(notebook_case.NotebookCase):
    name = "05-vision-cue-enhancement"
    test_figures_have_a_picture_for_readers_without_plotly = None  # It draws over pictures, as PNG.

    def test_the_places_looked_at_are_drawn_over_the_picture(self):
        pictures = [output for cell in self.notebook.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
        texts = [output.data["text/plain"] for output in pictures]
        for title in ("Before training", "After training"):
            self.assertTrue(any(text.startswith(f"{title}: where token") for text in texts), title)

    def test_lower_levels_tell_what_the_last_one_does_not(self):
        rows = {row["reads"]: row for row in self.table_with("reads", "edges, IoU %", "trained parameters")}
        figure = {reads: float(row["edges, IoU %"]) for reads, row in rows.items()}
        self.assertGreater(figure["side by side"], figure["last"])
        self.assertGreater(figure["VCE"], figure["side by side"])
        # The readers have the same size, so that size alone explains nothing.
        self.assertAlmostEqual(*(float(rows[name]["trained parameters"]) for name in ("VCE", "last, deeper")), delta=1000)

    def test_it_counts_what_the_paper_publishes(self):
        # Counts for the configuration of the paper (arXiv 2411.12787).
        for figure in ("2892544 parameters, 5.52 MiB", "2890496 without"):
            self.assertIn(figure, printed(self.notebook))

    def test_the_training_is_recorded_with_pictures_of_the_levels(self):
        records = [data[TRAINING] for data in bundles(self.notebook) if TRAINING in data]
        self.assertTrue(records)


class DualLoraNotebook(notebook_case.NotebookCase):
    name = "06-dual-lora"
    test_figures_have_a_picture_for_readers_without_plotly = None  # The viewer has its own.

    def test_it_counts_as_the_paper_does(self):
        # Counts for the configuration of the paper (arXiv 2411.12787).
        rows = {row["adapter"]: row["trained values"] for row in self.table_with("adapter", "trained values")}
        self.assertEqual(rows["Dual-LoRA, rank 32"], "25,169,920")
        self.assertEqual(rows["LoRA, rank 48"], "25,165,824")
        self.assertEqual(rows["mixture of 4 x rank 32"], "68,157,440")

    def test_contradicting_tasks_are_learnt_by_gates_alone(self):
        names = [f"{task}: error left, %" for task in ("plus M", "minus M")]
        rows = {row["adapter"]: [float(row[name]) for name in names] for row in self.table_with("adapter", *names)}
        self.assertGreater(min(rows["LoRA, rank 12"]), 90)
        self.assertLess(max(rows["Dual-LoRA, rank 8"]), 60)

    def test_some_gates_belong_to_one_task(self):
        rows = {row["task"]: row for row in self.table_with("task", "unit 1")}
        plus, minus = ([float(row[f"unit {i}"].rstrip(" %")) for i in range(1, 9)] for row in rows.values())
        self.assertTrue(any(abs(a - b) > 90 for a, b in zip(plus, minus)))

    def test_merging_is_refused_and_files_come_back_whole(self):
        text = printed(self.notebook)
        self.assertIn("DUAL_LORA cannot be merged", text)
        self.assertIn("read back: 0 missing, largest difference 0\n", text)


class SeveralTeachersNotebook(notebook_case.NotebookCase):
    name = "07-several-teachers"
    test_figures_have_a_picture_for_readers_without_plotly = None  # The viewer has its own.

    def test_biases_are_measured_with_intervals(self):
        texts = [data["text/plain"] for data in bundles(self.notebook) if "text/plain" in data]
        found = next(text for text in texts if text.startswith("Biases of 4 teachers"))
        for part in ("semseg", "normals", "±", "gain over category"):
            self.assertIn(part, found)
        self.assertTrue(any(text.startswith("Teachers: category") for text in texts))

    def test_distillation_lowers_both_losses(self):
        rows = self.table_with("step", "dino", "siglip")
        for teacher in ("dino", "siglip"):
            self.assertLess(float(rows[-1][teacher]), float(rows[0][teacher]))

    def test_the_atlas_is_saved_within_its_budget(self):
        atlas = next(data for data in bundles(self.notebook) if "application/vnd.fovea.atlas.v1+json" in data)
        self.assertLessEqual(len(str(atlas)), 300 * 1024)
        self.assertIn("image/png", atlas)

    def test_a_teacher_is_exchanged_without_touching_the_other(self):
        for line in ("teachers now: dino, masks", "the path of dino kept every bit when siglip left: true"):
            self.assertIn(line, printed(self.notebook))

class VisualGroundingNotebook(notebook_case.NotebookCase):
    name = "08-visual-grounding"
    test_figures_have_a_picture_for_readers_without_plotly = None  # Its views draw over pictures, as PNG.

    def test_the_training_lowers_the_loss(self):
        rows = self.table_with("update", "loss", "W_dt")
        self.assertLess(float(rows[-1]["loss"]), float(rows[0]["loss"]))

    def test_branches_are_compared_with_intervals_and_times(self):
        texts = [data["text/plain"] for data in bundles(self.notebook) if "text/plain" in data]
        scores = [text for text in texts if text.startswith("Grounding of 300 expressions")]
        self.assertEqual(len(scores), 2)
        self.assertTrue(all("95 % interval" in text for text in scores))

    def test_the_token_branch_grounds_better_than_chance(self):
        scores = [data["text/plain"] for data in bundles(self.notebook) if "text/plain" in data and "Grounding of 300" in data["text/plain"]]
        precision = float(re.search(r"test\s+([\d.]+) %", scores[0]).group(1))
        # The mean box of the phrases gets less than one percent.
        self.assertGreater(precision, 10)

    def test_times_are_those_of_both_branches(self):
        times = {row["branch"]: float(row["encoder and head, ms"]) for row in self.table_with("branch", "encoder and head, ms")}
        self.assertEqual(set(times), {"token", "decoder"})

    def test_the_views_are_saved_within_their_budget(self):
        for mime in ("application/vnd.fovea.grounding.v1+json", "application/vnd.fovea.review.v1+json"):
            view = next(data for data in bundles(self.notebook) if mime in data)
            self.assertLessEqual(len(str(view)), 300 * 1024)
            self.assertIn("image/png", view)
        self.assertEqual(len(view["application/vnd.fovea.review.v1+json"]["items"]), 10)


class GradualRefinementNotebook(notebook_case.NotebookCase):
    name = "09-gradual-refinement"
    test_figures_have_a_picture_for_readers_without_plotly = None  # The viewer has its own.

    def test_a_plan_that_contradicts_itself_is_refused(self):
        self.assertIn("the rate of stage fine alignment must be below that of stage coarse alignment", printed(self.notebook))

    def test_each_stage_changes_its_groups_and_no_others(self):
        rows = {row["stage"]: row for row in self.table_with("stage", "changed", "kept every bit")}
        self.assertEqual(rows["coarse alignment"]["changed"], "connector")
        self.assertEqual(rows["fine alignment"]["kept every bit"], "language_model")
        self.assertEqual(rows["world knowledge"]["changed"], "vision, connector, language_model")

    def test_the_view_is_saved_within_its_budget(self):
        view = next(data for data in bundles(self.notebook) if "application/vnd.fovea.refinement.v1+json" in data)
        self.assertLessEqual(len(str(view)), 300 * 1024)
        self.assertIn("image/png", view)

    def test_both_transformers_are_read_with_intervals(self):
        rows = self.table_with("transformer", "right answers")
        for row in rows:
            self.assertRegex(row["right answers"], r"^[\d.]+ % \([\d.]+ to [\d.]+\)$")

    def test_the_transformer_leaves_with_its_features(self):
        self.assertIn("largest difference of a feature 0\n", printed(self.notebook))


if __name__ == "__main__":
    unittest.main()
