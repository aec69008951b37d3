"""Measuring maps of networks that are not exported yet, and of some ways only."""

import csv
import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`: pip install -e '.[train]'")
pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")
pytest.importorskip("matplotlib", reason="needs the extra `train`: pip install -e '.[train]'")

import pyarrow as pa
import pyarrow.parquet as pq
from helpers.toy import NAMES, RECIPE, write_split
from PIL import Image
from safetensors.torch import save_file

from facelens import find_faces, metrics, read_photo
from facelens.data.parquet import images
from facelens.tasks.attributes.training.export import Graph
from facelens.training.network import build
from facelens.training.run import open_run

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "benchmarks"))

import figures
import map_variants
import maps
from bare import opened
from regions import REGIONS, hits
from tables import training

pytestmark = pytest.mark.train
torch.set_num_threads(1)

ASKED = ("Smiling", "Wearing_Hat")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The toy's validation faces, under names that have a region."""
    folder = tmp_path_factory.mktemp("data")
    write_split(folder, "valid", 24, 1)
    file = folder / "valid-00000-of-00001.parquet"
    table = pq.read_table(file)
    renamed = [dict(zip(NAMES, ASKED, strict=True)).get(name, name) for name in table.column_names]
    pq.write_table(table.rename_columns(renamed), file)
    return folder


@pytest.fixture(scope="module")
def network():
    """Random weights that say yes to about half of the faces."""
    torch.manual_seed(0)
    network = build("resnet18", 2, from_scratch=True).eval()
    torch.nn.init.normal_(network.head.weight, std=1.0)
    return network


@pytest.fixture
def run(tmp_path, network):
    """A run that was ended after its second epoch."""
    recipe = replace(RECIPE, local=0.5, local_cut="swap", local_margin=0)
    run = open_run(
        tmp_path / "run", recipe, data={"train": 1234, "valid": 24, "names": list(ASKED)},
        start="another network",
    )  # fmt: skip
    for epoch in range(2):
        run.add_row({"stage": 1, "epoch": epoch, "valid_loss": 1.0, "size": "64x64"})
    run.save_weights("best", network.state_dict())
    return run


def asked_of_torch(network, run, data):
    """Logits, labels and maps of the validation faces, straight from torch."""
    rows = pq.read_table(data / "valid-00000-of-00001.parquet").to_pylist()
    crops = np.stack([np.array(Image.open(io.BytesIO(row["image"]["bytes"]))) for row in rows])
    with torch.no_grad():
        logits, evidence, *_ = Graph(network, run.recipe, flip_average=True)(torch.tensor(crops))
    labels = np.array([[row[name] for name in ASKED] for row in rows])
    return logits.numpy(), labels, evidence.numpy()


def measured(monkeypatch, out, *args):
    monkeypatch.setattr(sys, "argv", ["map_variants", *map(str, args), "--out", str(out)])
    map_variants.main()
    with out.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_is_measured_before_it_is_exported(run, network, data, tmp_path, monkeypatch):
    (row,) = measured(
        monkeypatch, tmp_path / "v.csv", f"mine={run.folder}", "--data", data, "--faces", 3
    )
    logits, labels, evidence = asked_of_torch(network, run, data)
    assert 0.1 < (logits >= 0).mean() < 0.9, "else there is little to measure"
    assert row["faces"] == "24"
    assert float(row["accuracy"]) == pytest.approx(((logits >= 0) == labels).mean(), abs=1e-4)
    precision = metrics.average_precision(logits, labels).mean()
    assert float(row["macro_ap"]) == pytest.approx(precision, abs=1e-3)
    for number, name in enumerate(ASKED):
        game = [hits(maps[number], name) for maps, z in zip(evidence, logits, strict=True)
                if z[number] >= 0]  # fmt: skip
        assert float(row[name]) == pytest.approx(np.mean(game), abs=0.01)
    assert row["compared_faces"] == "3"
    assert -1 <= float(row["low"]) <= float(row["correlation_with_covering"]) <= 1
    told = {name: row[name] for name in ("network", "cut", "weight", "margin", "epochs")}
    assert told == {
        "network": "mine", "cut": "swap", "weight": "0.5", "margin": "0", "epochs": "2",
    }  # fmt: skip
    assert (row["train_faces"], row["picture"], row["rate"]) == ("1234", "64x64", "0.002")
    assert (row["start"], row["maps"]) == ("another network", "fine")


@pytest.mark.parametrize("maps", ["spread", "narrow", "coarse"])
def test_a_network_is_built_as_its_run_was(tmp_path, data, maps):
    recipe = replace(
        RECIPE,
        fine_maps=maps != "coarse",
        spread_kernels=maps == "spread",
        narrow_kernels=maps == "narrow",
    )
    run = open_run(tmp_path / "run", recipe, data={"names": list(ASKED)})
    how = {"fine_maps": recipe.fine_maps, "spread_kernels": recipe.spread_kernels,
           "narrow_kernels": recipe.narrow_kernels}  # fmt: skip
    network = build("resnet18", 2, from_scratch=True, **how).eval()
    run.save_weights("best", network.state_dict())
    aside = tmp_path / "aside"
    aside.mkdir()
    found = opened(run.folder, data / "valid-00000-of-00001.parquet", aside)
    assert map_variants.maps_of(found.recipe) == maps
    logits, *_ = asked_of_torch(network, run, data)
    rows = images(data / "valid-00000-of-00001.parquet", ())
    answers = found.model.predict([row.pixels(data) for row in rows])
    np.testing.assert_allclose([answer.logits for answer in answers], logits, atol=2e-3)


def test_a_network_measured_again_takes_the_place_of_its_row(run, data, tmp_path, monkeypatch):
    how = ("--data", data, "--faces", 1, "--limit", 8)
    both = (f"one={run.folder}", f"two={run.folder}")
    first = measured(monkeypatch, tmp_path / "v.csv", *both, *how, "--base", "two")
    assert [(row["network"], row["base"]) for row in first] == [("one", ""), ("two", "yes")]
    again = measured(
        monkeypatch, tmp_path / "v.csv", f"two={run.folder}", "--data", data, "--faces", 2
    )
    assert [(row["network"], row["base"], row["faces"]) for row in again] == [
        ("one", "", "8"), ("two", "yes", "24"),
    ]  # fmt: skip
    with pytest.raises(SystemExit):
        measured(monkeypatch, tmp_path / "v.csv", "two", *how)


def test_weights_alone_claim_no_recipe(tmp_path, data):
    folder, aside = tmp_path / "weights", tmp_path / "aside"
    aside.mkdir()
    folder.mkdir()
    save_file(
        build("mobilenet_v2", 2, from_scratch=True).state_dict(), folder / "model.safetensors"
    )
    network = opened(folder, data / "valid-00000-of-00001.parquet", aside)
    assert (network.recipe, network.train_faces, network.start) == ({}, None, "")
    assert network.model.names == ASKED
    row = map_variants.figures("w", network, map_variants.look(
        network.model, [data / "valid-00000-of-00001.parquet"], 0, 6
    ))  # fmt: skip
    told = ("maps", "cut", "epochs", "correlation_with_covering")
    assert {row[key] for key in told} == {""}


ROWS = [
    {"network": name, "base": base, "accuracy": accuracy, "pointing": pointing}
    for name, base, accuracy, pointing in (
        ("plain", "yes", "0.9140", "0.50"),
        ("local", "", "0.9120", "0.70"),
        ("strong", "", "0.9119", "0.80"),
    )
]
REST = {
    "date": "2026-11-30", "maps": "fine", "cut": "swap", "weight": "1", "margin": "0",
    "epochs": "1", "train_faces": "14000", "picture": "160x128", "faces": "6111",
    "macro_ap": "0.79",
    "ece": "0.01", "attributes": "18", "least": "Wearing_Hat", "least_pointing": "0.30",
    "compared_faces": "200", "correlation_with_covering": "0.650", "low": "0.6", "high": "0.7",
}  # fmt: skip


def test_the_best_points_best_of_those_that_cost_little(tmp_path, monkeypatch):
    assert training.best(ROWS)["network"] == "local", "0.2 points are allowed, 0.21 are not"
    assert training.best([row | {"base": ""} for row in ROWS])["network"] == "strong"
    monkeypatch.setattr(training, "RESULTS", tmp_path)
    assert (training.variants(), training.threads()) == ("", ""), "nothing is measured yet"
    with (tmp_path / "map_variants.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [*ROWS[0], *REST])
        writer.writeheader()
        writer.writerows(row | REST for row in ROWS)
    monkeypatch.setattr("tables.common.RESULTS", tmp_path)
    text = training.variants()
    assert "By it local is chosen." in text
    assert "| **local** | fine | swap | 1 | 0 | 1, 14,000 |" in text
    monkeypatch.setattr(figures, "RESULTS", tmp_path)
    assert figures.draw("map_variants", tmp_path).stat().st_size > 1000


def test_threads_are_compared_alone_and_in_company(tmp_path, monkeypatch):
    lines = [
        "date,machine,network,size,threads,waits,other_programs,images_per_second",
        *(f"2026-11-30,a machine,resnet50,64x56,{threads},{waits},{others},{rate}"
          for others, rates in ((0, (50.1, 90.2, 90.3)), (2, (26.4, 8.5, 30.6)))
          for (threads, waits), rate in zip(
              ((1, "asleep"), (2, "spinning"), (2, "asleep")), rates, strict=True)),
    ]  # fmt: skip
    (tmp_path / "training_threads.csv").write_text("\n".join(lines))
    monkeypatch.setattr(training, "RESULTS", tmp_path)
    monkeypatch.setattr("tables.common.RESULTS", tmp_path)
    assert training.threads().splitlines() == [
        "`resnet50` at 64x56, measured 2026-11-30 on a machine.",
        "",
        "| threads | they wait | images/s alone | images/s beside 2 programs |",
        "|---|---|---|---|",
        "| 1 | asleep | 50.1 | 26.4 |",
        "| 2 | spinning | 90.2 | 8.5 |",
        "| 2 | asleep | 90.3 | 30.6 |",
    ]


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """Two crops of the example, one of them mirrored, as validation faces."""
    folder = tmp_path_factory.mktemp("faces")
    (folder / "celeba").mkdir()
    (face,) = find_faces(read_photo(ROOT / "facelens" / "ui" / "astronaut.jpg"), detector="haar")
    rows = []
    for crop in (face.crop, np.ascontiguousarray(face.crop[:, ::-1])):
        stream = io.BytesIO()
        Image.fromarray(crop).save(stream, "PNG")
        rows.append({"image": {"bytes": stream.getvalue(), "path": "a.png"}})
    pq.write_table(pa.Table.from_pylist(rows), folder / "celeba" / "valid-00000-of-00001.parquet")
    return folder


def test_some_ways_only_leave_the_results_alone(faces, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(maps, "RESULTS", tmp_path / "results")
    kept, out = tmp_path / "kept", tmp_path / "fast.csv"
    kept.mkdir()

    def fast(*more):
        monkeypatch.setattr(
            sys, "argv",
            ["maps", str(faces), "--faces", "2", "--curves", "0", "--ways", "exact", *more],
        )  # fmt: skip
        maps.main()

    fast("--out", str(out), "--kept", str(kept))
    with out.open(newline="") as file:
        rows = {row["way"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["the exact map", "covering"]
    assert rows["covering"]["correlation_with_covering"] == "1.000"
    assert rows["the exact map"]["deletion"] == ""
    with out.with_stem("fast_pointing").open(newline="") as file:
        assert {row["attribute"] for row in csv.DictReader(file)} <= set(REGIONS)
    assert not (tmp_path / "results").exists()
    (first, _) = sorted(kept.iterdir())
    assert set(json.loads(first.read_text())) == {"the exact map", "covering"}
    # Without a file of their own they would take the place of every way.
    with pytest.raises(SystemExit):
        fast()
    assert "--out" in capsys.readouterr().err


def test_a_kept_face_is_asked_again_for_what_it_lacks():
    here = {"the exact map": {"alike": [0.5, 0.6], "curves": []}}
    assert maps.is_known(here, ["the exact map"], curves=False)
    assert not maps.is_known(here, ["the exact map"], curves=True)
    assert not maps.is_known(here, ["the exact map", "covering"], curves=False)
