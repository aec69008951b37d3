"""The tables of docs/identity.md: what is not measured, and what is left out with a word."""

import csv
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.append(str(ROOT / "benchmarks"))

from tables import identity

STAMP = {"date": "2026-12-01", "machine": "a machine"}


@pytest.fixture
def results(tmp_path, monkeypatch):
    for module in ("identity", "common"):
        monkeypatch.setattr(f"tables.{module}.RESULTS", tmp_path)

    def write(name, rows):
        with (tmp_path / f"identity_{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, [*STAMP, *rows[0]])
            writer.writeheader()
            writer.writerows(STAMP | row for row in rows)

    return write


@pytest.mark.usefixtures("results")
def test_nothing_is_measured_yet():
    assert {table() for table in identity.TABLES.values()} == {"Not measured yet."}


def test_a_way_that_is_not_there_is_said(results):
    row = {
        "what": "three dense layers", "seeds": 5, "train_photos": 157, "test_photos": 80,
        "train": "0.98", "valid": "0.5", "gap": "0.48", "test": "0.61", "test_least": "0.5",
        "test_most": "0.7", "minutes": "0.31",
    }  # fmt: skip
    results("ways", [{"way": "1", **row}, {"way": "4", **row, "what": "SFace, nearest mean"}])
    lines = identity.ways().splitlines()
    assert "157 photos to learn from" in lines[0]
    assert "means over 5 splits" in lines[0]
    assert "| 1 | three dense layers | 98.0 % | 50.0 % | 48.0 | 61.0 % (50.0-70.0) | 0.3 |" in lines
    assert "| 3 | our own embedding, nearest mean: not trained yet | - | - | - | - | - |" in lines
    assert lines[-1].startswith("| 4 | SFace, nearest mean | 98.0 % |")


def test_pairs_thresholds_and_strangers(results):
    about = {"way": "sface", "what": "SFace"}
    figure = {
        f"{name}{end}": value
        for name in ("accuracy", "auc", "true_accept_at_1_percent_false")
        for end, value in (("", "0.99"), ("_low", "0.97"), ("_high", "1.0"))
    }
    more = {"detector": "yunet", "pairs": 600, "people": 71, "without_face": 2}
    results("pairs", [about | more | figure])
    cell = "99.0 % (97.0-100.0)"
    assert f"| SFace | {cell} | {cell} | {cell} | 2 |" in identity.pairs()
    assert identity.pairs().endswith("Our own embedding: not trained yet.")
    cuts = {f"{name}{end}": "0.3155" for name in ("photo", "mean") for end in ("", "_low", "_high")}
    results("curves", [about | cuts | {"on": "some faces", "rate": "0.01"}])
    text = identity.thresholds()
    assert "SFace, on some faces; in brackets" in text
    cell = "0.316 (0.316-0.316)"
    assert f"| 1 % | {cell} | {cell} |" in text
    row = {
        "seeds": 5, "people": 71, "different_pairs": 39760, "threshold": "0.31",
        "false_accepts": "0.012", "false_accepts_most": "0.02", "true_accepts": "0.99",
        "unknown": 20, "unknown_accepted": "0.2", "unknown_accepted_most": 1,
        "gallery_threshold": "0.41", "unknown_accepted_by_curve": 0, "enrolled": 80,
        "enrolled_named_by_curve": 78,
    }  # fmt: skip
    results("strangers", [about | row, {"way": "ours", "what": "ours"} | row])
    text = identity.strangers()
    assert text.startswith("39,760 pairs of two people, 71 people in two halves")
    assert "| SFace | 0.310 | 1.2 % (2.0) | 99.0 % | 0.2 (1) | 0 | 78 |" in text
    assert "not trained yet" not in text


def test_time(results):
    row = {"way": "sface", "what": "SFace", "detector": "yunet", "milliseconds": "9.1",
           "photos": 90, "people": 3, "enrolled": 71, "seconds": "8.0"}  # fmt: skip
    results("speed", [row])
    assert "| SFace | 9.1 | 8.0 | 71 |" in identity.speed()


def test_errors_by_group(results):
    row = {"way": "sface", "what": "SFace", "threshold": "0.3145", "faces": 1414, "people": 402}
    ends = ("", "_low", "_high")
    keys = [f"{name}{end}" for name in ("false_rejects", "false_accepts") for end in ends]
    full = {"pairs_of_one": 900, "pairs_of_two": 20000} | dict.fromkeys(keys, "0.02")
    empty = dict.fromkeys(full, "")
    results("groups", [row | {"group": "Male"} | full, row | {"group": "not Male"} | empty])
    text = identity.groups()
    assert "| Male | 1,414, 402 | 2.0 % (2.0-2.0) | 2.0 % (2.0-2.0) |" in text
    assert "| not Male | 1,414, 402 | too few pairs | too few pairs |" in text
    assert "SFace, at 0.315 for all" in text or "SFace, at 0.314 for all" in text
