"""Measure the embedded bundle on real faces: straight, loosely framed, and on portraits.

    python benchmarks/accuracy.py DATA --yunet PATH

DATA holds celeba/, portraits/ and, if it is there, celeba_more/: figures are of the test faces of
both, and of each apart. Writes benchmarks/results/accuracy.csv (a row a figure),
accuracy_by_attribute.csv and accuracy_by_group.csv, from which `benchmarks/readme.py` fills the
README and docs/accuracy.md.
"""

import argparse
import csv
import datetime as dt
import platform
from collections.abc import Iterator
from pathlib import Path

from measure import RESULTS

from facelens import find_faces, load_model, read_photo
from facelens.tasks.attributes.evaluate import Evaluation, evaluate
from facelens.tasks.attributes.model import AttributeModel

Row = dict[str, object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--yunet", type=Path, required=True, help="a YuNet .onnx file")
    parser.add_argument("--limit", type=int)
    args = parser.parse_args()
    model = load_model()
    test = sorted(args.data.glob("celeba*/test-*.parquet"))
    straight = evaluate(test, model, limit=args.limit, split_by=("Male", "Young"))
    rows = [*figures("aligned", "", straight)]
    for part in test if len(test) > 1 else ():
        alone = evaluate(part, model, limit=args.limit)
        rows += figures(f"aligned, {part.parent.name}", "", alone)
    for detector in (f"yunet:{args.yunet}", "haar"):
        name = detector.partition(":")[0]
        loose = evaluate(test, model, loose=True, seed=0, detector=detector, limit=args.limit)
        rows += figures("loose", name, loose)
        rows += portraits(args.data / "portraits", model, detector)
    about: Row = {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "machine": f"{platform.machine()} {platform.system()}, Python {platform.python_version()}",
        "model": model.title,
    }
    write("accuracy.csv", [{**about, **row} for row in rows])
    write(
        "accuracy_by_attribute.csv",
        [
            {**about, "attribute": name, **{key: f"{value:.4f}" for key, value in row.items()}}
            for name, row in straight.attributes.items()
        ],
    )
    write("accuracy_by_group.csv", [{**about, **row} for row in groups(straight)])


def figures(faces: str, detector: str, result: Evaluation) -> Iterator[Row]:
    """The rows of one evaluation."""
    for metric, figure in result.overall.items():
        yield row(faces, detector, metric, figure["value"], result.faces, interval=figure)
    if result.detection:
        total = result.detection.faces
        yield row(faces, detector, "found", result.detection.share, total)
        yield row(faces, detector, "extra_boxes", result.detection.extra_share, total)


def groups(result: Evaluation) -> Iterator[Row]:
    """The error of each group, empty where it has too few faces."""
    for title, group in result.groups.items():
        known = {key: group[key] for key in ("error", "low", "high") if key in group}
        counted = all(not isinstance(value, str) for value in known.values())
        yield {
            "group": title,
            "faces": group["faces"],
            **{key: f"{known[key]:.4f}" if counted else "" for key in ("error", "low", "high")},
        }


def portraits(folder: Path, model: AttributeModel, detector: str) -> Iterator[Row]:
    """Facts that are plain to the eye in portraits, right at 0.5; photos with just one face."""
    right = asked = single = photos = 0
    with (folder / "labels.csv").open(newline="") as file:
        for labels in csv.DictReader(file):
            photo, *_ = labels.values()
            faces = find_faces(read_photo(folder / photo), detector=detector)
            photos += 1
            single += len(faces) == 1
            if not faces:
                asked += sum(labels[name] != "" for name in model.names if name in labels)
                continue
            answer = model.predict(faces[:1])[0]
            for name in set(labels) & set(model.names):
                if labels[name] != "":
                    asked += 1
                    right += (answer[name] >= 0.5) == (labels[name] in {"1", "True", "true"})
    name = detector.partition(":")[0]
    yield row("portraits", name, "facts_right", right, asked)
    yield row("portraits", name, "one_face", single, photos)


def row(
    faces: str,
    detector: str,
    metric: str,
    value: float,
    count: int,
    *,
    interval: dict[str, float] | None = None,
) -> Row:
    """A row of accuracy.csv."""
    low, high = ((interval or {}).get(end) for end in ("low", "high"))
    return {
        "faces": faces,
        "detector": detector,
        "metric": metric,
        "value": f"{value:.4f}",
        "low": "" if low is None else f"{low:.4f}",
        "high": "" if high is None else f"{high:.4f}",
        "of": count,
    }


def write(name: str, rows: list[Row]) -> None:
    """Write rows to a csv under benchmarks/results."""
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{RESULTS / name}: {len(rows)} rows")


if __name__ == "__main__":
    main()
