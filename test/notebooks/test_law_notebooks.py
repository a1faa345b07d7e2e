"""The notebooks on the law of vision representation print the figures that they talk about."""

import unittest

import notebook_case
from notebook_case import bundles, printed


class LawNotebook(notebook_case.NotebookCase):
    name = "03-law-of-vision-representation"

    def test_it_reproduces_the_number_of_the_paper(self):
        # Figures of the published table (arXiv 2408.16357).
        for figure in ("95.7170 %", "85.2130 %", "90.4650 %"):
            self.assertIn(figure, printed(self.notebook))

    def test_it_shows_what_is_left_when_an_encoder_is_left_out(self):
        rows = self.table_with("benchmark", "R2, %", "adjusted R2, %", "Q2, %", "permutation p")
        self.assertEqual(len(rows), 8)
        for row in rows:
            self.assertGreater(float(row["R2, %"]), float(row["adjusted R2, %"]))
            self.assertGreater(float(row["adjusted R2, %"]), float(row["Q2, %"]))

    def test_vision_survives_without_the_two_clips_and_text_follows_as_told(self):
        rows = {row["group"]: row for row in self.table_with("group", "Q2 of 13, %", "Q2 of 11, %")}
        before, after = (float(rows["vision"][f"Q2 of {n}, %"]) for n in (13, 11))
        self.assertGreater(before, after)
        self.assertGreater(after, 50)

    def test_the_zoo_is_measured_and_the_reference_agrees_with_itself(self):
        rows = {row["encoder"]: row for row in self.table_with("encoder", "C, %", "A (cosine, raw)", "linear CKA")}
        for column in ("A (cosine, raw)", "mutual k-NN", "linear CKA"):
            self.assertAlmostEqual(float(rows["zoo/clip-vit"][column]), 1, places=3)
            self.assertLess(float(rows["zoo/untrained-hybrid"][column]), float(rows["zoo/parts-hybrid"][column]))
        self.assertGreater(float(rows["zoo/parts-hybrid"]["C, %"]), float(rows["zoo/clip-vit"]["C, %"]))

    def test_the_law_viewer_carries_a_picture(self):
        views = [data for data in bundles(self.notebook) if any("fovea.law" in mime for mime in data)]
        self.assertTrue(views)
        self.assertIn("image/png", views[0])

    def test_layers_of_the_zoo_have_a_law_of_their_own_whose_selections_reach_the_notebook(self):
        figures = [line for line in printed(self.notebook).split("\n") if line.startswith("degree ")]
        self.assertEqual([line.split(":")[0] for line in figures], ["degree 1", "degree 2"])
        views = [content for data in bundles(self.notebook) for mime, content in data.items() if "fovea.law" in mime]
        self.assertEqual(len(views[-1]["encoders"]), 12)
        self.assertTrue(views[-1]["selects"])


class PlannerNotebook(notebook_case.NotebookCase):
    name = "04-choosing-an-encoder"

    def test_the_walk_never_trains_twice_and_finds_the_best_before_the_end(self):
        steps = self.table_with("trained", "phase", "next", "gain", "best")
        self.assertEqual(len({row["next"] for row in steps}), len(steps))
        self.assertLess(len(steps), 13)
        text = printed(self.notebook)
        best = [line.split(":")[1] for line in text.split("\n") if line.startswith("best ")]
        self.assertEqual(best[0].strip(), best[1].strip())

    def test_the_replay_beats_chance_over_all_and_fails_where_the_text_says(self):
        column = "found by chance, as many drawn"
        rows = {row["benchmark"]: row for row in self.table_with("benchmark", "best encoder found", column)}

        def share(name, of):
            return float(rows[name][of].rstrip(" %"))

        self.assertGreater(share("all", "best encoder found"), share("all", column) + 20)
        self.assertLess(share("mmmu_val", "best encoder found"), share("mmmu_val", column))

    def test_a_lower_tolerance_costs_trainings_and_lowers_regret(self):
        rows = self.table_with("tolerance", "trained", "found", "regret")
        trained = [float(row["trained"]) for row in rows]
        regret = [float(row["regret"].rstrip(" %")) for row in rows]
        self.assertEqual(trained, sorted(trained, reverse=True))
        self.assertEqual(regret, sorted(regret))

    def test_it_admits_that_it_can_only_explore_at_first(self):
        self.assertIn("this can only explore", printed(self.notebook))


class MiniatureNotebook(notebook_case.NotebookCase):
    name = "10-law-in-miniature"
    test_figures_have_a_picture_for_readers_without_plotly = None  # The viewer has its own.

    def test_one_cell_of_the_table_is_trained_live(self):
        rows = self.table_with("benchmark", "chance, %", "told in words, %", "seen, %")
        self.assertEqual(len(rows), 8)
        for row in rows:
            self.assertTrue(0 <= float(row["seen, %"]) <= 100)
        [pck] = self.table_with("representation", "PCK@0.1", "PCK@0.01", "leads back, %")
        self.assertGreater(float(pck["PCK@0.1"]), float(pck["PCK@0.01"]))

    def test_the_committed_table_is_whole(self):
        rows = self.table_with("representation", "A", "C, %", "reading, %")
        self.assertGreaterEqual(len(rows), 13)
        self.assertEqual(len({row["representation"] for row in rows}), len(rows))

    def test_a_fit_that_must_predict_is_worse_than_one_that_may_look(self):
        for row in self.table_with("benchmark", "R2, %", "adjusted R2, %", "Q2, %", "permutation p"):
            self.assertGreater(float(row["R2, %"]), float(row["adjusted R2, %"]))
            self.assertGreater(float(row["R2, %"]), float(row["Q2, %"]))

    def test_tables_predict_each_other_both_ways(self):
        rows = self.table_with("way", "mean R2, %", "mean rank correlation")
        self.assertEqual(len(rows), 2)


if __name__ == "__main__":
    unittest.main()
