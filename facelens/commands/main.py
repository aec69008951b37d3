"""`facelens …`: thin, one function a command.

Every failure that Facelens foresees is one sentence on stderr: exit 2, or 3 where a photo
holds no face.
"""

import argparse
import errno
import json
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from facelens import __version__
from facelens.errors import (
    BundleError,
    DownloadError,
    FacelensError,
    MissingExtraError,
    NoFaceError,
)

if TYPE_CHECKING:
    import subprocess

    import numpy as np

    from facelens.bulk.work import Labelled
    from facelens.faces import Face
    from facelens.photo import Photo
    from facelens.tasks.attributes.thresholds import Verdict
    from facelens.tasks.base import Prediction
    from facelens.tasks.classifier import Model

# These bring their own options, which are read only where torch is installed.
TRAINING = {
    "train": "train a network on labelled faces (needs the extra train)",
    "export": "write a training run as a bundle (needs the extra train)",
    "experiment": "train a table of networks and compare them (needs the extra train)",
}

_CANNOT_WRITE = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}

PREDICT_JSON = """\
--json prints one object:
  photo, width, height   the path as given; pixels of the upright photo
  model, detector        what answered, and what found the faces: "yunet" or "haar"
  faces                  largest first, [] where there is none; each with
    box                  {x, y, w, h} in pixels
    points               five [x, y]: eyes, nose tip, mouth corners, the viewer's left first
    confidence           of the detector, from 0 to 1
    hints                sentences that say why the answer is worth less
    attributes           all of the model's, in its order; each with
      name, probability, threshold (null where out of reach), verdict: "yes", "no", "doubtful"
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and say how it ended: 0, or an exit code that says why not."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # file names may be any bytes
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except FacelensError as error:
        print(f"facelens: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        if error.errno not in _CANNOT_WRITE:
            if error.filename is None:
                raise
            print(f"facelens: {_about(error)}", file=sys.stderr)
            return 2
        # What Python still holds of the answer must not fail once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if error.errno == errno.EPIPE:  # whoever read the answer has had enough
            return 1
        print(f"facelens: The answer cannot be written: {error.strerror}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return code


def _about(error: OSError) -> str:
    """What the system says of a file, e.g. that its name is too long."""
    from facelens.photo import printable

    return f"{printable(str(error.filename))} cannot be used: {error.strerror}."


def _run(argv: list[str]) -> int:
    if argv and argv[0] in TRAINING:
        return _training(argv)
    argv, handed = _split(argv)
    args = _parser().parse_args(argv)
    args.handed = handed
    return int(args.call(args))


def _split(argv: list[str]) -> tuple[list[str], list[str]]:
    """Part what follows -- from a benchmark's names."""
    if argv[:1] != ["bench"] or "--" not in argv:
        return argv, []
    at = argv.index("--")
    return argv[:at], argv[at + 1 :]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="facelens",
        description="See what a neural network reads in a face.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"facelens {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for add in (
        _add_predict, _add_label, _add_keypoints, _add_video, _add_evaluate, _add_download,
        _add_prepare, _add_push, _add_pull, _add_dashboard, _add_live, _add_bench,
    ):  # fmt: skip
        add(commands)
    for name, what in TRAINING.items():
        commands.add_parser(name, help=what)
    return parser


def _command(commands: Any, call: Any, what: str, **options: Any) -> argparse.ArgumentParser:
    name = call.__name__.strip("_")
    description = options.pop("description", f"{what[0].upper()}{what[1:]}.")
    parser = commands.add_parser(
        name, help=what, description=description, allow_abbrev=False, **options
    )
    parser.set_defaults(call=call)
    return parser


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        metavar="M",
        help="a bundle: a folder, an embedded one's name, or owner/repo[@revision] on the Hub",
    )


def _add_detector(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--detector",
        metavar="auto|haar|yunet[:PATH]",
        help="what finds faces; auto is YuNet if it has been downloaded, else the cascades",
    )


def _whole(low: int, high: int, what: str) -> Any:
    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
        return value

    return number


_COUNT = _whole(1, 1_000_000_000, "a whole number from 1 up")
_SEED = _whole(0, 2**32 - 1, "a whole number from 0 up")


# predict


def _add_predict(commands: Any) -> None:
    parser = _command(
        commands,
        _predict,
        "say what each face of a photo shows",
        epilog=PREDICT_JSON,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("photo", metavar="PHOTO", help="JPEG, PNG, WebP, BMP, GIF or HEIC")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--threshold",
        metavar="half|f1|balanced|precision90|0.5",
        default="half",
        help="from which probability on an attribute is a yes (default: half)",
    )
    parser.add_argument(
        "--judgements", action="store_true", help="show the eight opinions about people too"
    )
    _add_model(parser)
    _add_detector(parser)


def _predict(args: argparse.Namespace) -> int:
    from facelens.faces import detector_in_use, find_faces
    from facelens.photo import printable, read_photo
    from facelens.tasks import load_model
    from facelens.tasks.attributes import thresholds

    photo = read_photo(args.photo)
    model = load_model(args.model)
    points = thresholds.operating_point(model.config, args.threshold)
    detector = detector_in_use(args.detector)
    faces = find_faces(photo, detector=args.detector)
    predictions = model.predict(faces)
    verdicts = [
        thresholds.verdicts(prediction, points, model.curves, hints=face.hints)
        for face, prediction in zip(faces, predictions, strict=True)
    ]
    answers = list(zip(faces, predictions, verdicts, strict=True))
    if args.json:
        answer = {
            "photo": args.photo,
            "width": photo.width,
            "height": photo.height,
            "model": model.title,
            "detector": detector,
            "faces": [_face_as_json(*row, points) for row in answers],
        }
        print(json.dumps(answer, indent=1))
    if not faces:
        sys.stdout.flush()
        raise NoFaceError(
            f"No face was found in {printable(args.photo)}; try one that is larger, upright "
            "and lit from the front."
        )
    if not args.json:
        print(_headline(args.photo, photo, model, detector, len(faces)))
        for number, row in enumerate(answers, 1):
            text = _face_as_text(
                number, len(faces), *row, points=points, judgements=args.judgements
            )
            print(text)
    return 0


def _face_as_json(
    face: "Face", prediction: "Prediction", verdicts: "Sequence[Verdict]", points: "np.ndarray"
) -> dict[str, Any]:
    import numpy as np

    rows = zip(prediction.names, prediction.probabilities, points, verdicts, strict=True)
    return {
        "box": {side: round(float(value), 1) for side, value in face.box._asdict().items()},
        "points": [[round(float(x), 1), round(float(y), 1)] for x, y in face.landmarks],
        "confidence": round(float(face.confidence), 4),
        "hints": list(face.hints),
        "attributes": [
            {
                "name": name,
                "probability": round(float(probability), 6),
                "threshold": round(float(threshold), 6) if np.isfinite(threshold) else None,
                "verdict": str(verdict),
            }
            for name, probability, threshold, verdict in rows
        ],
    }


def _headline(path: str, photo: "Photo", model: "Model", detector: str, count: int) -> str:
    from facelens.photo import printable

    return (
        f"{printable(path)}: {photo.width} x {photo.height} pixels, "
        f"{count} {'face' if count == 1 else 'faces'} found by {detector}, read by {model.title}"
    )


def _face_as_text(
    number: int,
    count: int,
    face: "Face",
    prediction: "Prediction",
    verdicts: "Sequence[Verdict]",
    *,
    points: "np.ndarray",
    judgements: bool,
) -> str:
    from facelens.tasks.attributes import names, thresholds

    box = face.box
    lines = [
        "",
        f"Face {number} of {count}: {box.w:.0f} x {box.h:.0f} pixels at {box.x:.0f}, {box.y:.0f}, "
        f"confidence {face.confidence:.2f}",
        thresholds.sentence(prediction, verdicts, points, hints=face.hints),
    ]
    folded = 0
    rows: dict[str, list[str]] = {}
    for name, probability, verdict, point in zip(
        prediction.names, prediction.probabilities, verdicts, points, strict=True
    ):
        said = verdict if math.isfinite(point) else "no threshold"
        attribute = names.describe(name)
        if attribute.is_judgement and not judgements:
            folded += 1
            continue
        row = f"    {attribute.label:<26}{probability:>5.2f}  {said}"
        rows.setdefault(attribute.group, []).append(row)
    for group in sorted(rows, key=[*names.GROUPS, *rows].index):
        lines += ["", f"  {names.group_title(group)}", *rows[group]]
        if group == "judgements":
            lines += ["", f"  {names.JUDGEMENTS_NOTE}"]
    if folded:
        lines += [
            "",
            f"  {folded} judgements about people are folded away; --judgements shows them.",
        ]
    return "\n".join(lines)


# label


def _add_label(commands: Any) -> None:
    parser = _command(
        commands,
        _label,
        "write a table with a row for every face of many photos",
        description="Write a table with a row for every face of many photos. Stop it and give "
        "the same command again: it goes on where it stopped.",
    )
    parser.add_argument("source", metavar="FOLDER_OR_PARQUET", help="photos, or a data set's file")
    parser.add_argument("--out", metavar="FILE", required=True, help="ends in .csv or .parquet")
    parser.add_argument(
        "--aligned", action="store_true", help="the photos are 178 x 218 CelebA crops already"
    )
    parser.add_argument("--force", action="store_true", help="write over a finished FILE")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--workers", type=_COUNT, metavar="N", help="processes; default: the cores")
    where.add_argument("--scheduler", metavar="ADDRESS", help="a Dask scheduler, tcp://host:8786")
    _add_model(parser)
    _add_detector(parser)


def _label(args: argparse.Namespace) -> int:
    from facelens.bulk.label import label
    from facelens.bundles.session import cores

    result = label(
        args.source,
        args.out,
        model=args.model,
        detector=args.detector,
        aligned=args.aligned,
        workers=args.workers or cores(),
        scheduler=args.scheduler,
        force=args.force,
        progress=_progress if sys.stderr and sys.stderr.isatty() else None,
    )
    print(_told(result))
    return 0


# keypoints


def _add_keypoints(commands: Any) -> None:
    parser = _command(
        commands,
        _keypoints,
        "write a table with fifteen points of every face of many photos",
        description="Write a table with a row for every face: the photo, then x and y of fifteen "
        "points under Kaggle's names, in pixels of the photo. Left is the person's left. Stop it "
        "and give the same command again: it goes on where it stopped.",
    )
    parser.add_argument(
        "source",
        metavar="FOLDER_OR_PARQUET",
        help="photos, a data set's file; or Kaggle's test.csv",
    )
    parser.add_argument("--out", metavar="FILE", required=True, help="ends in .csv or .parquet")
    parser.add_argument(
        "--cropped", action="store_true",
        help="the photos are faces of 96 x 96 already; the points are in pixels of these",
    )  # fmt: skip
    parser.add_argument(
        "--lookup", metavar="IdLookupTable.csv",
        help="write what Kaggle asks for there, from its test.csv, to hand in",
    )  # fmt: skip
    parser.add_argument("--force", action="store_true", help="write over a finished FILE")
    parser.add_argument("--workers", type=_COUNT, metavar="N", help="processes; default: the cores")
    parser.add_argument(
        "--model", metavar="M", help="a bundle: a folder, or owner/repo[@revision] on the Hub"
    )
    _add_detector(parser)


def _keypoints(args: argparse.Namespace) -> int:
    from facelens.bulk.kaggle import hand_in, locate
    from facelens.bundles.session import cores

    if args.lookup is not None:
        count = hand_in(args.source, args.out, args.lookup, model=args.model, force=args.force)
        print(f"{count:,} answers are in {args.out}.")
        return 0
    result = locate(
        args.source,
        args.out,
        model=args.model,
        detector=args.detector,
        cropped=args.cropped,
        workers=args.workers or cores(),
        force=args.force,
        progress=_progress if sys.stderr and sys.stderr.isatty() else None,
    )
    print(_told(result))
    return 0


def _told(result: "Labelled") -> str:
    return (
        f"{result.faces:,} faces of {result.photos:,} photos are in {result.out}; "
        f"{result.errors:,} photos without one, or unreadable, in {result.errors_out}."
    )


def _progress(done: int, total: int) -> None:
    end = "\n" if done == total else ""
    print(f"\r{done:,} of {total:,} photos", end=end, file=sys.stderr, flush=True)


# video


def _add_video(commands: Any) -> None:
    parser = _command(
        commands,
        _video,
        "follow the faces of a film: a table, or a copy with answers drawn on it",
        description="Follow the faces of a film. Out comes a table with a row for every face of "
        "every frame, or a copy of the film, without its sound, on which each face has a box, a "
        "number and a few attributes. Nobody is recognised: who leaves and comes back gets a new "
        "number.",
    )
    parser.add_argument("film", metavar="FILM", help="MP4, MOV, WebM, MKV or AVI")
    parser.add_argument(
        "--out", metavar="FILE", required=True,
        help="a table: .csv or .parquet; a film without sound: .mp4, .webm or .avi",
    )  # fmt: skip
    parser.add_argument("--force", action="store_true", help="write over FILE")
    parser.add_argument(
        "--attributes", metavar="A,B,C",
        help="what is written beside a face of a film (default: a few everyday ones)",
    )  # fmt: skip
    parser.add_argument(
        "--threshold",
        metavar="half|f1|balanced|precision90|0.5",
        help="from which probability on an attribute is a yes in a film (default: half)",
    )
    _add_model(parser)
    _add_detector(parser)


def _video(args: argparse.Namespace) -> int:
    from facelens.video.annotated import watch

    shown = bool(sys.stderr and sys.stderr.isatty())
    names = None
    if args.attributes is not None:
        names = tuple(filter(None, map(str.strip, args.attributes.split(","))))
    try:
        watched = watch(
            args.film,
            args.out,
            model=args.model,
            detector=args.detector,
            attributes=names,
            threshold=args.threshold,
            force=args.force,
            progress=_frames if shown else None,
        )
    finally:
        if shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if not watched.followed:
        raise NoFaceError(str(watched))
    print(watched)
    return 0


def _frames(done: int, total: int) -> None:
    of = f" of {total:,}" if total else ""
    print(f"\r{done:,}{of} frames\x1b[K", end="", file=sys.stderr, flush=True)


# evaluate


def _add_evaluate(commands: Any) -> None:
    parser = _command(commands, _evaluate, "measure a model on labelled, aligned faces")
    parser.add_argument("parquet", metavar="PARQUET", type=Path, help="a file or a folder")
    parser.add_argument(
        "--loose", action="store_true", help="frame each face loosely, then find and straighten it"
    )
    parser.add_argument(
        "--seed", type=_SEED, default=0, metavar="N", help="of --loose (default: 0)"
    )
    parser.add_argument(
        "--split-by", metavar="A,B", help="show errors by these attributes: Male,Young"
    )
    parser.add_argument("--limit", type=_COUNT, metavar="N", help="only the first N faces")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--against", metavar="M", help="another model, compared on the same faces, pair by pair"
    )
    _add_model(parser)
    _add_detector(parser)


def _evaluate(args: argparse.Namespace) -> int:
    from facelens.tasks import load_model
    from facelens.tasks.attributes.evaluate import as_text, evaluate

    result = evaluate(
        args.parquet,
        load_model(args.model),
        loose=args.loose,
        seed=args.seed,
        split_by=tuple(filter(None, (args.split_by or "").split(","))),
        detector=args.detector,
        limit=args.limit,
        against=load_model(args.against) if args.against else None,
    )
    print(json.dumps(result.asdict(), indent=1) if args.json else as_text(result))
    return 0


# train, export


def _training(argv: list[str]) -> int:
    try:
        from facelens.commands import training
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("facelens"):
            raise
        raise MissingExtraError(
            f"facelens {argv[0]} needs {error.name}: pip install 'facelens[train]'."
        ) from None
    return int(training.main(argv) or 0)


# download


def _add_download(commands: Any) -> None:
    parser = _command(commands, _download, "fetch the YuNet face detector, or the CelebA data set")
    what = parser.add_subparsers(metavar="WHAT", required=True)
    detector = what.add_parser(
        "detector", help="YuNet, 230 kB", allow_abbrev=False,
        description="Fetch the YuNet face detector; --detector auto uses it from then on.",
    )  # fmt: skip
    detector.set_defaults(what="detector")
    celeba = what.add_parser(
        "celeba", help="the faces that networks are trained on", allow_abbrev=False,
        description="Fetch CelebA, for non-commercial research only, as parquet files.",
    )  # fmt: skip
    celeba.add_argument("folder", metavar="DIR", type=Path, help="where the parquet files go")
    part = celeba.add_mutually_exclusive_group()
    part.add_argument(
        "--slice",
        metavar="facelens|NAMES",
        help="only the 21,723 images of Facelens' figures, or those that a text file names",
    )
    part.add_argument(
        "--shards",
        type=_COUNT,
        metavar="N",
        help="only the first N training files, with all of validation and test",
    )
    celeba.add_argument(
        "--from",
        dest="source",
        metavar="FOLDER",
        type=Path,
        help="fetch nothing: FOLDER holds img_align_celeba/, list_attr_celeba.txt and "
        "list_eval_partition.txt, or Kaggle's .csv of these, and perhaps identity_CelebA.txt",
    )
    celeba.set_defaults(what="celeba")


def _download(args: argparse.Namespace) -> int:
    from facelens.data import celeba

    if args.what == "detector":
        from facelens.faces.fetch import detector

        print(f"YuNet is in {detector()}.")
        return 0
    names = Path(args.slice) if args.slice else None
    if args.slice == "facelens":
        names = celeba.OUR_SLICE
    if args.source and args.shards:
        raise FacelensError("--shards counts the Hub's files; leave it out with --from.")
    if args.source:
        fetched = celeba.convert(
            args.source,
            args.folder,
            names=names,
            progress=_progress if sys.stderr and sys.stderr.isatty() else None,
        )
    else:
        print(celeba.need(args.folder, names=names, shards=args.shards), flush=True)
        fetched = celeba.celeba(args.folder, names=names, shards=args.shards)
    print(f"{fetched.rows:,} faces are in {fetched.folder}.")
    if fetched.unknown:
        print(
            f"facelens: {len(fetched.unknown):,} names have no image here, "
            f"{fetched.unknown[0]} the first.",
            file=sys.stderr,
        )
    return 0


# push, pull


def _add_push(commands: Any) -> None:
    parser = _command(
        commands,
        _push,
        "publish a bundle on the Hugging Face Hub",
        description="Publish a bundle on the Hugging Face Hub. The token is HF_TOKEN, or that of "
        "`hf auth login`. A published bundle that is better on the same validation faces is not "
        "replaced; older versions stay there, each under its commit.",
    )
    parser.add_argument("bundle", metavar="BUNDLE", help="its folder, or an embedded one's name")
    parser.add_argument("repo", metavar="owner/repo", help="made if there is none")
    parser.add_argument("--private", action="store_true", help="only for those whom you let in")
    parser.add_argument(
        "--force", action="store_true", help="replace what is better, or cannot be compared"
    )


def _push(args: argparse.Namespace) -> int:
    from facelens import publish

    done = publish.push(args.bundle, args.repo, private=args.private, force=args.force)
    print(done.comparison)
    print(done)
    return 0


def _add_pull(commands: Any) -> None:
    parser = _command(
        commands,
        _pull,
        "fetch a whole bundle from the Hugging Face Hub",
        description="Fetch a whole bundle, training weights too, from the Hugging Face Hub into "
        "a folder that is new, empty or an older bundle.",
    )
    parser.add_argument("repo", metavar="owner/repo[@revision]", help="a commit, tag or branch")
    parser.add_argument("folder", metavar="DIR", type=Path, help="where its files go")


def _pull(args: argparse.Namespace) -> int:
    from facelens import publish

    bundle = publish.pull(args.repo, args.folder)
    print(f"{bundle.source} is in {bundle.folder}.")
    return 0


# prepare


def _add_prepare(commands: Any) -> None:
    parser = _command(
        commands,
        _prepare,
        "make a training set of your own photos and a table of yes and no",
        description="Find and straighten the face in each photo that a table names, and write "
        "train-, valid- and test-*.parquet as facelens train takes them.",
    )
    parser.add_argument("photos", metavar="FOLDER", type=Path, help="where the photos are")
    parser.add_argument(
        "table", metavar="TABLE", type=Path,
        help="a .csv with a column photo, perhaps one person, and columns of yes and no",
    )  # fmt: skip
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="for the parquet")
    parser.add_argument(
        "--seed", type=_SEED, default=0, metavar="N", help="of the split (default: 0)"
    )
    _add_detector(parser)


def _prepare(args: argparse.Namespace) -> int:
    from facelens.data.custom import prepare

    print(
        prepare(
            args.photos,
            args.table,
            args.out,
            detector=args.detector,
            seed=args.seed,
            progress=_progress if sys.stderr and sys.stderr.isatty() else None,
        )
    )
    return 0


# dashboard, live


def _add_dashboard(commands: Any) -> None:
    _add_page(_command(commands, _dashboard, "open the page in a browser"))


def _add_live(commands: Any) -> None:
    _add_page(_command(commands, _live, "open the page for the camera: answers while you move"))


def _add_page(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", type=_whole(1, 65535, "a port from 1 to 65535"), default=8866, metavar="N",
        help="where the page is served (default: 8866)",
    )  # fmt: skip
    parser.add_argument("--no-browser", action="store_true", help="only serve it")
    parser.add_argument(
        "--host", metavar="ADDRESS", type=_address,
        help="serve it to others, at this address of the machine; 0.0.0.0 is every one of them",
    )  # fmt: skip
    _add_model(parser)
    _add_detector(parser)


def _dashboard(args: argparse.Namespace) -> int:
    return _serve(args, "selfie.ipynb")


def _live(args: argparse.Namespace) -> int:
    return _serve(args, "live.ipynb")


def _serve(args: argparse.Namespace, notebook: str) -> int:
    import signal
    import subprocess

    from facelens.bundles.bundle import DEFAULT
    from facelens.bundles.find import is_repository
    from facelens.faces.detect import resolve
    from facelens.serve.offered import listed
    from facelens.tasks import load_model

    if not _is_free(args.host or "127.0.0.1", args.port):
        raise FacelensError(f"Port {args.port} is taken; give another with --port.")
    chosen = args.model or os.environ.get("FACELENS_MODEL")
    try:
        # A wrong name is said here, not by a page that stays empty.
        model = load_model(args.model)
    except (DownloadError, BundleError) as error:
        # A server for others starts again by itself, whatever has become of a repository.
        if not isinstance(error, DownloadError) and not (args.host and is_repository(chosen or "")):
            raise
        model = load_model(DEFAULT)  # as the page does, which will say so too
        print(f"facelens: {error} Meanwhile {model.title} answers.", file=sys.stderr)
    name, file = resolve(args.detector)
    package = Path(__file__).parents[1]
    pages = [package.parent / "dashboards", package / "_dashboards"]
    folder = next((page for page in pages if (page / notebook).is_file()), None)
    if folder is None:
        raise FacelensError("The page is missing from this installation; install Facelens anew.")
    env = os.environ | {
        "FACELENS_DETECTOR": f"{name}:{file.resolve()}" if file else name,
        # A page that answers this machine alone may have its visitor fetch any network.
        "FACELENS_OWN_MACHINE": "" if args.host else "1",
        # Kernels run beside the page: folders are named in full.
        "FACELENS_MODELS": ",".join(_in_full(name) for name in listed()),
    }
    if chosen:
        env["FACELENS_MODEL"] = _in_full(chosen)
    if (package.parent / "pyproject.toml").is_file():
        env["PYTHONPATH"] = os.pathsep.join(
            filter(None, (str(package.parent), os.environ.get("PYTHONPATH")))
        )
    command = [sys.executable, "-m", "voila", notebook, f"--port={args.port}"]
    if args.host:
        os.chdir(folder)
        _host([*command, f"--Voila.ip={args.host}"], env)
    command.append("--Voila.ip=localhost")  # whatever the user's own settings say
    if args.no_browser:
        command.append("--no-browser")
    # Ended from outside, the server must end too: the signal becomes an exception.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    server = subprocess.Popen(command, cwd=folder, env=env)  # noqa: S603 - our own interpreter
    try:
        page = f"http://localhost:{args.port}/"
        print(f"{model.title} with {name} at {page} - Ctrl-C ends it.", flush=True)
        return server.wait()
    finally:
        _end(server)


def _end(server: "subprocess.Popen[bytes]") -> None:
    """End the server, which does not hear of it while it starts."""
    import subprocess

    for _ in range(20):
        server.terminate()
        try:
            server.wait(1)
        except subprocess.TimeoutExpired:
            continue
        return
    server.kill()


def _host(command: list[str], env: dict[str, str]) -> NoReturn:
    """Become the server: what checked the network takes no memory, and signals reach it."""
    import tempfile

    from jupyter_core.paths import jupyter_runtime_dir

    for number in ("FACELENS_READY", "FACELENS_VISITORS"):
        if not env.get(number, "0").isdecimal():
            raise FacelensError(f"{number} must be a whole number, not {env[number]!r}.")
    prefix = "/".join(["", *filter(None, env.get("FACELENS_PREFIX", "").split("/")), ""])
    # A socket's path has 107 letters at most, of which a kernel's name takes half.
    if len(jupyter_runtime_dir()) > 50:
        env["JUPYTER_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="facelens-")
    # None but our settings: dashboards/hosted/voila.json.
    settings = [f"--Voila.base_url={prefix}", "--Voila.config_file_paths=hosted"]
    os.execve(sys.executable, [*command, *settings], env)  # noqa: S606 - our own interpreter


def _in_full(name: str) -> str:
    return str(Path(name).resolve()) if Path(name).is_dir() else name


def _address(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it must be an address of this machine, or 0.0.0.0")
    return text


def _is_free(host: str, port: int) -> bool:
    import socket

    try:
        (family, *_, where), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise FacelensError(f"{host} is no address of this machine; give another.") from error
    with socket.socket(family) as door:
        if os.name == "posix":  # a page that has just ended leaves its port waiting
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(where)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise FacelensError(
                    f"{host} is no address of this machine; give another."
                ) from None
            return False
    return True


# bench


def _add_bench(commands: Any) -> None:
    parser = _command(
        commands,
        _bench,
        "measure this machine: without a name, list what can be measured",
        description="Measure this machine, in a checkout of Facelens. What follows -- is handed to "
        "the benchmark: facelens bench faces -- loose DATA.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="run these, one after the other")


def _bench(args: argparse.Namespace) -> int:
    import subprocess

    there = _benchmarks()
    if not args.names:
        width = max(map(len, there))
        for name, (_, what) in there.items():
            print(f"{name:<{width}}  {what}")
        return 0
    unknown = [name for name in args.names if name not in there]
    if unknown:
        raise FacelensError(
            f"There is no benchmark {unknown[0]!r}; facelens bench lists those there are."
        )
    for name in args.names:
        command = [sys.executable, str(there[name][0]), *args.handed]
        code = subprocess.run(command, check=False).returncode  # noqa: S603 - our own interpreter
        if code:
            return code
    return 0


def _benchmarks() -> dict[str, tuple[Path, str]]:
    """The scripts that write a table of results, and what each asks."""
    import ast

    folder = Path(__file__).parents[2] / "benchmarks"
    found = {}
    for path in sorted(folder.glob("*.py")):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if "benchmarks/results/" in text:
            found[path.stem] = (path, " ".join(text.partition("\n\n")[0].split()))
    if not found:
        raise FacelensError(
            "Benchmarks come with a checkout of Facelens, not with the package; clone it first."
        )
    return found
