"""Predictions of VLMEvalKit as spreadsheets, by openpyxl: shared strings, and strings in their cells (its streaming writer).

    python test/tasks/answers/golden/make_xlsx.py        # openpyxl 3.1.5; writes shared.xlsx and inline.xlsx beside itself
"""

from pathlib import Path

from openpyxl import Workbook

HERE = Path(__file__).parent
ROWS = [
    ["index", "question", "A", "B", "answer", "category", "prediction"],
    [0, "is there a cat?", "yes", "no", "A", "existence", "A. yes"],
    [1, 'which "sign" & <letters>?', "x", None, "A", "reading", "(A)"],
    [2, "two\nlines\tand a tab", "red", "blue", "B", "color", "blue."],
    [3, "übergroß 猫", "yes", "no", "B", "existence", None],
]


def main():
    for name, write_only in [("shared", False), ("inline", True)]:
        book = Workbook(write_only=write_only)
        sheet = book.create_sheet("Sheet1") if write_only else book.active
        for row in ROWS:
            sheet.append(row)
        book.save(HERE / f"{name}.xlsx")


if __name__ == "__main__":
    main()
