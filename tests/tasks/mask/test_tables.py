"""The tables of docs/masks.md: what is not measured, and no class without its count."""

import csv
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.append(str(ROOT / "benchmarks"))

from tables import masks

CLASSES = ("with_mask", "without_mask", "mask_weared_incorrect")
STAMP = {"date": "2026-12-01", "machine": "a machine"}


@pytest.fixture
def results(tmp_path, monkeypatch):
    for module in ("masks", "common"):
        monkeypatch.setattr(f"tables.{module}.RESULTS", tmp_path)

    def write(name, rows):
        with (tmp_path / f"masks_{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, [*STAMP, *rows[0]])
            writer.writeheader()
            writer.writerows(STAMP | row for row in rows)

    return write


def by_size():
    """As benchmarks/masks.py writes them: the rare class has no small face."""
    rows = []
    for size in ("all", "under_16", "16_to_32", "over_32", "over_16"):
        for name in (*CLASSES, "common"):
            none = name == CLASSES[2] and size == "under_16"
            ap = {"ap50": "0.4321", "ap50_low": "0.1", "ap50_high": "0.71239"}
            ap = dict.fromkeys(ap, "") if none else ap
            rows.append(
                {"photos": 767, "size": size, "class": name, **ap, "count": 0 if none else 114}
            )
    return rows


@pytest.mark.usefixtures("results")
def test_nothing_is_measured_yet():
    assert {table() for table in masks.TABLES.values()} == {"Not measured yet."}


def test_a_class_stands_beside_its_number_of_boxes(results):
    results("cross", by_size())
    lines = masks.cross().splitlines()
    cell = "0.432 (0.100-0.712), 114"
    assert f"| all sizes | {cell} | {cell} | {cell} | {cell} |" in lines
    assert f"| under 16 px | {cell} | {cell} | -, 0 | {cell} |" in lines
    assert "mAP50 0.76 (mask 0.95, no mask 0.90, worn wrongly 0.43)" in lines[-1]
    results("test", [{"model": "mask 1.0", **row} for row in by_size()])
    assert masks.test().startswith("mask 1.0 on 767 test photos.")
    about = {"detector": "yunet", "weights": 2227715}
    results(
        "stages",
        [{"set": name, **about, **row} for name in ("held out", "test") for row in by_size()],
    )
    text = masks.stages()
    assert "yunet's faces at twice the size, then a classifier with 2,227,715 weights" in text
    assert "The 767 photos held out:" in text
    assert "The 767 test photos:" in text


def test_folds_that_are_missing_are_counted(results):
    interval = {f"{key}{end}": "0.5" for key in ("map50", "common_ap50", "larger_ap50")
                for end in ("", "_low", "_high")}  # fmt: skip
    about = {"side": 416, "epochs": 80, "minutes": "61.2", "photos": 153, "boxes": 700}
    rare = {"map50_95": "0.3", "mask_weared_incorrect_ap50": "", "mask_weared_incorrect_count": 0}
    results("folds", [{"fold": k, **about, **interval, **rare} for k in range(2)])
    text = masks.single_folds()
    assert "| 1 | 153 | 0.500 (0.500-0.500) | 0.300 |" in text
    assert "| -, 0 | 61 |" in text
    assert text.endswith("2 of 5 folds are trained.")
    results("ablations", [{"name": "ours", "what": "as chosen", **about, **interval, **rare}])
    assert "| ours | as chosen | 416 | 0.500" in masks.ablations()


def test_alarms_and_speed(results):
    row = {
        "model": "mask 1.0", "what": "CelebA, bearded", "faces": 2832, "found": 2800, "masked": 20,
        "wrongly": 8, "share": "0.0100", "low": "0.0070", "high": "0.0144",
    }  # fmt: skip
    empty = row | {"what": "portraits, bare", "found": 0, "share": "", "low": "", "high": ""}
    results("alarms", [row, empty])
    text = masks.false_alarms()
    assert "| CelebA, bearded | 2,832 | 2,800 | 20 | 8 | 1.0 (0.7-1.4) |" in text
    assert "| portraits, bare | 2,832 | 0 | 20 | 8 | - |" in text
    about = {"threads": 2, "model": "mask 1.0", "ratio": "", "boxes": "", "found": "", "right": ""}
    results(
        "speed",
        [
            about | {"what": "ours", "milliseconds": "31.0", "ratio": "40.2"},
            about | {"what": "crowd", "milliseconds": "90", "boxes": 115, "found": 99, "right": 91},
            about | {"what": "faster r-cnn", "milliseconds": "1246.2"},
        ],
    )
    text = masks.speed()
    assert "| the photo with most faces, 115 | 90 |" in text
    assert "Of the 115 faces 99 are found, 91 of them with the right class." in text
    assert "1246.2, 40.2 times as long" in text
