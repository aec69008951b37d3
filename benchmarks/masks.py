"""Train detectors of masks, and measure them: average precision, false alarms, speed.

    python benchmarks/masks.py data DATA          what the set holds
    python benchmarks/masks.py ablations DATA     what each choice gains, on a fifth of train
    python benchmarks/masks.py folds DATA         five folds over all photos, of the chosen network
    python benchmarks/masks.py measure DATA       what is trained, and the shipped network on test
    python benchmarks/masks.py stages DATA        beside it: YuNet, then a classifier of its faces
    python benchmarks/masks.py alarms DATA        bare faces called masked; masks drawn on faces
    python benchmarks/masks.py speed DATA         a photo of 640x480, the fullest photo, the peer

DATA holds masks/; for alarms celeba/, celeba_more/ if there, and portraits/. Every network is kept
in --runs; a command that was stopped resumes after the last whole epoch. `measure` trains nothing:
what is not trained to its end is said and left out. Without --model the embedded network is
measured. Written to benchmarks/results: masks_data.csv, masks_ablations.csv, masks_folds.csv (a row
a fold), masks_cross.csv (all folds together) and masks_test.csv (the test photos), a row a size and
class each, masks_stages.csv, masks_alarms.csv, masks_speed.csv.
"""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from measure import EXAMPLE, QUICK, in_turns, write

from facelens import find_faces, load_model, read_photo
from facelens.data.alike import groups
from facelens.data.boxes import BoxedPhoto, boxed_photos, folds
from facelens.errors import FacelensError
from facelens.tasks.mask import alarms, figures
from facelens.tasks.mask.figures import Answers
from facelens.tasks.mask.model import letterbox
from facelens.tasks.mask.names import NAMES
from facelens.tasks.mask.training.detect import as_answers
from facelens.tasks.mask.training.ladder import LEVELS, Level
from facelens.tasks.mask.training.run import MaskRun, data_of, open_run, read_sides

log = logging.getLogger(__name__)

FOLDS = 5
CHOSEN = "ours"
DRAWS = 20 if QUICK else figures.DRAWS
TURNS = 20
SIDES = (640, 480)
# Pixels at which the chosen network is also asked, which was trained at fewer or more.
SEEN = (320, 512, 640)
OURS = LEVELS[CHOSEN]
_HOW = OURS.augmentation
# A choice each, given up; the first is the chosen network.
ABLATIONS: dict[str, tuple[str, Level]] = {
    CHOSEN: ("as chosen", OURS),
    "no mosaic": ("photos alone", replace(OURS, augmentation=replace(_HOW, mosaic=0.0))),
    "no flips": ("not mirrored", replace(OURS, augmentation=replace(_HOW, flip=0.0))),
    "no scale": ("scaled as it is", replace(OURS, augmentation=replace(_HOW, scale=(1.0, 1.0)))),
    "no colour": (
        "in its own light", replace(OURS, augmentation=replace(_HOW, light=0.0, grey=0.0)),
    ),
    "no balance": ("rare faces weigh no more", replace(OURS, often=0.0, rare_power=0.0)),
    "coarse": ("no map at a stride of 4", replace(OURS, strides=(8, 16, 32))),
    "side 320": ("320 pixels", replace(OURS, side=320, sides=(256, 320, 384))),
    "side 512": ("512 pixels", replace(OURS, side=512, sides=(448, 512, 576))),
}  # fmt: skip


def whole(data: Path, limit: int | None) -> list[BoxedPhoto]:
    """All photos, those of train first."""
    return [
        photo
        for split in ("train", "test")
        for photo in boxed_photos(data / "masks", split, NAMES)[:limit]
    ]


def count(args: argparse.Namespace) -> None:
    """Photos, boxes and their sides by split, and how many photos are like another."""
    photos = whole(args.data, args.limit)
    learnt = len(boxed_photos(args.data / "masks", "train", NAMES)[: args.limit])
    alike = groups(photos)
    twice = np.bincount(alike)[alike] > 1
    rows = []
    for name, part in {
        "train": slice(0, learnt), "test": slice(learnt, None), "together": slice(None),
    }.items():  # fmt: skip
        boxes = np.concatenate([photo.boxes for photo in photos[part]])
        labels = [label for photo in photos[part] for label in photo.labels]
        sides = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], 1))
        rows.append(
            {
                "set": name,
                "photos": len(photos[part]),
                "boxes": len(labels),
                **{each: labels.count(each) for each in NAMES},
                "median_side": f"{np.median(sides):.0f}",
                "alike": int(twice[part].sum()),
            }
        )
    save("masks_data", rows)


def ablations(args: argparse.Namespace) -> None:
    sides = read_sides(args.data / "masks", 0, args.limit)
    for name in args.variants:
        train(args, f"ablation-{name.replace(' ', '-')}", ABLATIONS[name][1], sides, 0)


def fold_sides(
    photos: Sequence[BoxedPhoto],
) -> list[tuple[list[BoxedPhoto], list[BoxedPhoto]]]:
    """Photos to learn from and photos held out, of each fold."""
    fold = folds(photos, FOLDS)
    return [
        (
            [photo for photo, of in zip(photos, fold, strict=True) if of != k],
            [photo for photo, of in zip(photos, fold, strict=True) if of == k],
        )
        for k in range(FOLDS)
    ]


def cross(args: argparse.Namespace) -> None:
    for k, sides in enumerate(fold_sides(whole(args.data, args.limit))):
        if k in args.folds:
            train(args, f"fold-{k}", OURS, sides, k)


def train(
    args: argparse.Namespace,
    name: str,
    how: Level,
    sides: tuple[Sequence[BoxedPhoto], Sequence[BoxedPhoto]],
    fold: int,
) -> None:
    run = open_run(
        args.runs / name, CHOSEN, fold=fold, how=how, epochs=args.epochs, data=data_of(sides),
        start="random" if args.from_scratch else "ImageNet",
    )  # fmt: skip
    run.train(
        sides,
        backbone_weights=args.backbone_weights,
        from_scratch=args.from_scratch,
        device=args.device,
    )


def finished(folder: Path) -> MaskRun | None:
    """The run in a folder if it is trained to its end; else it is said why it is left out."""
    if not (folder / "config.json").is_file():
        log.info("%s is not trained yet.", folder)
        return None
    run = open_run(folder)
    if run.is_finished:
        return run
    log.info("%s is trained to epoch %d of %d.", folder, len(run.history), run.recipe.how.epochs)
    return None


def answers_of(
    run: MaskRun, photos: Sequence[BoxedPhoto], side: int | None = None
) -> list[Answers]:
    """What a trained network finds in photos, seen at the side of the training or at another."""
    network, side, found = run.network(), side or run.recipe.how.side, []
    for photo in photos:
        picture, scale = letterbox(photo.pixels, side)
        with torch.no_grad():
            raw = network(torch.from_numpy(picture[None]).permute(0, 3, 1, 2))
        found.append(as_answers(raw[0], scale))
    return found


def row(found: dict[str, Any]) -> dict[str, Any]:
    """The figures of a network in a row."""
    common, larger = found["common"], found["by_size"]["over_16"]["common"]
    of = {
        "photos": found["photos"],
        "boxes": found["boxes"],
        **{key: found[key] for key in ("map50", "map50_low", "map50_high", "map50_95")},
        **{f"common_{key}": common[key] for key in ("ap50", "ap50_low", "ap50_high")},
        **{f"larger_{key}": larger[key] for key in ("ap50", "ap50_low", "ap50_high")},
    }
    for name, each in found["classes"].items():
        of[f"{name}_ap50"], of[f"{name}_count"] = each["ap50"], each["count"]
    return rounded(of)


def by_size(found: dict[str, Any]) -> list[dict[str, Any]]:
    """A row a size and class, and one for the mean of the common classes of each size."""
    rows = []
    for size, of in {"all": found, **found["by_size"]}.items():
        for name, each in of["classes"].items():
            rows.append({"size": size, "class": name, **each})
        common = {key: value for key, value in of["common"].items() if key != "names"}
        count = sum(of["classes"][name]["count"] for name in of["common"]["names"])
        rows.append({"size": size, "class": "common", **common, "count": count})
    return [rounded({"photos": found["photos"], **each}) for each in rows]


def rounded(of: dict[str, Any]) -> dict[str, Any]:
    """Four digits of a share; NaN is blank."""
    return {
        key: ("" if np.isnan(value) else f"{value:.4f}") if isinstance(value, float) else value
        for key, value in of.items()
    }


def measure(args: argparse.Namespace) -> None:
    """Everything that is trained; a table is written where there is something to write."""
    _, held = read_sides(args.data / "masks", 0, args.limit)
    rows = []
    for name, (what, _) in ABLATIONS.items():
        run = finished(args.runs / f"ablation-{name.replace(' ', '-')}")
        for side in (None, *SEEN) if run and name == CHOSEN else (None,) if run else ():
            found = figures.measure(held, answers_of(run, held, side), NAMES, draws=DRAWS)
            about = {"name": name, "what": what if side is None else f"but seen at {side} pixels"}
            rows.append({**about, **of_run(run, side), **row(found)})
    save("masks_ablations", rows)
    rows, truth, said = [], [], []
    for k, (_, held) in enumerate(fold_sides(whole(args.data, args.limit))):
        run = finished(args.runs / f"fold-{k}")
        if run:
            answers = answers_of(run, held, args.side)
            truth += held
            said += answers
            found = figures.measure(held, answers, NAMES, draws=DRAWS)
            rows.append({"fold": k, **of_run(run, args.side), **row(found)})
    save("masks_folds", rows)
    # A part of the folds would be other photos than those of the next time.
    if len(rows) == FOLDS:
        save("masks_cross", by_size(figures.measure(truth, said, NAMES, draws=DRAWS)))
    try:
        model = load_model(args.model, task="mask")
    except FacelensError as error:
        log.info("The test photos are not measured: %s", error)
        return
    photos = boxed_photos(args.data / "masks", "test", NAMES)[: args.limit]
    answers = [model.answers(photo.pixels) for photo in photos]
    found = figures.measure(photos, answers, NAMES, draws=DRAWS)
    save("masks_test", [{"model": model.title, **each} for each in by_size(found)])


def of_run(run: MaskRun, side: int | None) -> dict[str, Any]:
    return {
        "epochs": len(run.history),
        "side": side or run.recipe.how.side,
        "weights": sum(p.numel() for p in run.network().parameters()),
        "minutes": f"{run.minutes:.1f}",
    }


def save(name: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        write(name, rows)


def stages(args: argparse.Namespace) -> None:
    """YuNet's faces and a classifier, trained and measured on the photos of the first ablation."""
    from facelens.tasks.mask.training.second import SecondStage

    sides = read_sides(args.data / "masks", 0, args.limit)
    test = boxed_photos(args.data / "masks", "test", NAMES)[: args.limit]
    second = SecondStage.train(
        sides[0],
        epochs=args.epochs,
        backbone_weights=args.backbone_weights,
        from_scratch=args.from_scratch,
        device=args.device,
    )
    finder = find_faces(read_photo(EXAMPLE))[0].detector
    rows = []
    for name, photos in (("held out", sides[1]), ("test", test)):
        answers = [second.answers(photo.pixels) for photo in photos]
        found = figures.measure(photos, answers, NAMES, draws=DRAWS)
        about = {"set": name, "detector": finder, "weights": second.weights}
        rows += [about | each for each in by_size(found)]
    save("masks_stages", rows)


def alarm_rows(args: argparse.Namespace) -> None:
    model: Any = load_model(args.model, task="mask")
    faces = [
        bare
        for file in alarms.celeba_files(args.data)
        for bare in alarms.bare_faces(file, args.limit)
    ]
    found = {f"CelebA, {name}": of for name, of in alarms.false_alarms(model, faces).items()}
    found["CelebA, mask drawn on"] = alarms.drawn_on_faces(model, faces[::6])
    for name, of in alarms.drawn_on_portraits(model, alarms.portraits(args.data)).items():
        found[f"portraits, {name if name == 'bare' else 'mask drawn on'}"] = of
    save(
        "masks_alarms", [{"model": model.title, "what": w, **rounded(r)} for w, r in found.items()]
    )


def speed(args: argparse.Namespace) -> None:
    """Ours against the peer, in turns, on a photo of 640x480; and the photo with most faces."""
    from torchvision.models.detection import fasterrcnn_resnet50_fpn

    model: Any = load_model(args.model, task="mask")
    photos = whole(args.data, args.limit)
    fullest = max(photos, key=lambda photo: len(photo.labels))
    photo = cv2.resize(photos[0].pixels, SIDES, interpolation=cv2.INTER_LINEAR)
    crowd = fullest.pixels
    # Random weights take as long as trained ones, but for the proposals of which fewer are left.
    torch.manual_seed(0)
    peer = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=4).eval()
    tensor = torch.from_numpy(photo).permute(2, 0, 1).float() / 255

    def other() -> None:
        with torch.inference_mode():
            peer([tensor])

    ours = in_turns(
        {"ours": lambda: model.predict([photo]), "crowd": lambda: model.predict([crowd])},
        turns=TURNS,
    )
    taken = {**ours, **in_turns({"faster r-cnn": other}, turns=max(TURNS // 5, 1), warm=1)}
    # As it is answered: a face once, by its most probable class.
    (faces,) = model.predict([crowd])
    answer = Answers(
        np.array([face.corners for face in faces], float).reshape(-1, 4),
        [face.name for face in faces],
        np.array([face.confidence for face in faces]),
    )
    rows: list[dict[str, Any]] = [
        {"what": what, "milliseconds": f"{1000 * seconds:.1f}"} for what, seconds in taken.items()
    ]
    about = {"threads": torch.get_num_threads(), "model": model.title, "ratio": "",
             "boxes": "", "found": "", "right": ""}  # fmt: skip
    rows[0]["ratio"] = f"{taken['faster r-cnn'] / taken['ours']:.1f}"
    any_class = figures.recall([fullest], [answer], NAMES, 0.0, any_class=True)
    right = figures.recall([fullest], [answer], NAMES, 0.0)
    rows[1] |= {"boxes": right["boxes"], "found": any_class["found"], "right": right["found"]}
    save("masks_speed", [about | each for each in rows])


COMMANDS = {
    "data": count,
    "ablations": ablations,
    "folds": cross,
    "measure": measure,
    "stages": stages,
    "alarms": alarm_rows,
    "speed": speed,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("data", type=Path)
    parser.add_argument("--runs", type=Path, default=Path("runs/masks"))
    parser.add_argument("--variants", nargs="*", choices=ABLATIONS, default=[*ABLATIONS])
    parser.add_argument("--folds", nargs="*", type=int, default=[*range(FOLDS)])
    parser.add_argument("--model", help="a bundle, instead of the embedded one")
    parser.add_argument("--side", type=int, help="at which the folds see photos; default: trained")
    parser.add_argument("--epochs", type=int, help="instead of the level's own")
    parser.add_argument("--limit", type=int, help="only the first so many photos of each split")
    parser.add_argument("--backbone-weights", type=Path, help="torchvision's MobileNetV2, a file")
    parser.add_argument("--from-scratch", action="store_true", help="begin with random weights")
    parser.add_argument("--device", help="cpu or cuda")
    parser.add_argument("--threads", type=int, help="that torch may use; default: its own choice")
    args = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.INFO)
    if args.threads:
        torch.set_num_threads(args.threads)
    COMMANDS[args.command](args)


if __name__ == "__main__":
    main()
