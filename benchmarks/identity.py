"""Who is it: four ways to tell eight people apart, strangers, pairs, time.

    python benchmarks/identity.py curves DATA      what SFace's similarities mean, on CelebA
    python benchmarks/identity.py ways DATA        four ways on the same photos, five splits each
    python benchmarks/identity.py strangers DATA   who is not enrolled: halves, and twenty
    python benchmarks/identity.py pairs DATA       600 pairs, as `facelens verify` has them
    python benchmarks/identity.py groups DATA      false accepts and rejects by Male x Young
    python benchmarks/identity.py speed DATA       a face, and enrolling three people with 30 photos

DATA holds people/; for curves and groups celeba/ and celeba_more/ if there. Ways 1 and 2 begin with
ImageNet's weights of MobileNetV2, which torchvision downloads unless --backbone-weights names the
file; with --arch vgg16 those of VGG16, as the study had it. Way 3 is our own network, by default
the embedded one, and way 4 SFace; what is not here is said and left out. Nobody in people/ has a
name.
Written to benchmarks/results: identity_curves.csv, identity_ways.csv (a row a way),
identity_strangers.csv, identity_pairs.csv, identity_groups.csv, identity_speed.csv. `curves`
writes facelens/tasks/identity/sface.json too, unless FACELENS_RESULTS is set.
"""

import argparse
import logging
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measure import QUICK, ROOT, in_turns, write
from torch import nn

from facelens import find_faces, load_model, read_photo
from facelens.data import parquet
from facelens.errors import FacelensError
from facelens.faces import Face, detector_in_use
from facelens.files import write_json
from facelens.tasks.fairness import titles
from facelens.tasks.identity import curves as curves_of
from facelens.tasks.identity import figures, pairs
from facelens.tasks.identity.curves import Curves, mean_of, per_person
from facelens.tasks.identity.enrolled import GalleryModel
from facelens.tasks.identity.enrolment import Enrolment
from facelens.tasks.identity.faces import read_faces
from facelens.tasks.identity.gallery import Gallery
from facelens.tasks.identity.recogniser import open_recogniser
from facelens.training.augment import Augmentation, augment, plain
from facelens.training.network import build

log = logging.getLogger(__name__)

SEEDS = 2 if QUICK else 5
SIZE = (160, 128)
KEPT_OUT = 0.2  # of the training photos, to validate on
STUDY_EPOCHS, MOST_EPOCHS, PATIENCE = 3, 40, 6
COPIES = 2 if QUICK else 12  # of each photo, augmented
RATE = 0.01
GROUPS = ("Male", "Young")
RATES = (0.1, 0.01, 0.001, 0.0001)
_AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class Photos:
    """The largest face of each photo: crops uint8 (n, 218, 178, 3) and the people's names (n,)."""

    crops: np.ndarray
    people: np.ndarray

    def __len__(self) -> int:
        return len(self.people)


def read(args: argparse.Namespace, name: str) -> Photos:
    """The faces of a file of people/; a photo without one is counted aloud."""
    crops, people, without = [], [], 0
    for row in rows_of(args, name):
        faces = find_faces(read_photo(row.data, name=row.path), detector=args.detector)
        without += not faces
        if faces:
            crops.append(faces[0].crop)
            people.append(str(row.values["person"]))
    if without:
        log.warning("No face was found in %d photos of %s.", without, name)
    return Photos(np.stack(crops), np.array(people))


def rows_of(args: argparse.Namespace, name: str) -> list[parquet.Row]:
    """The photos of a file, by person; with a limit of as many people as it can hold."""
    path = args.data / "people" / f"{name}-00000-of-00001.parquet"
    rows = sorted(parquet.images(path, ["person"]), key=lambda row: str(row.values["person"]))
    if args.limit and name != "pairs":
        rows = rows[:: max(len(rows) // args.limit, 1)]
    return rows[: args.limit]


def recognisers(args: argparse.Namespace) -> Iterator[tuple[str, Any]]:
    """Ours and SFace, as far as they are here."""
    for way, name in (("ours", args.ours), ("sface", args.sface)):
        try:
            yield way, open_recogniser(name, lambda bundle: load_model(bundle, task="identity"))
        except FacelensError as error:
            log.warning("%s is left out: %s", way, error)


# the four ways


def ways(args: argparse.Namespace) -> None:
    train, test = read(args, "train"), read(args, "test")
    names = sorted({*train.people.tolist(), *test.people.tolist()})
    answers = [np.array([names.index(each) for each in photos.people]) for photos in (train, test)]
    found = [*dense(args, (train, test), answers), *nearest(args, (train, test), answers)]
    write("identity_ways", found)


def splits(answers: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows held out, a fifth of each person's photos."""
    rng = np.random.default_rng(seed)
    held = np.zeros(len(answers), bool)
    for person in np.unique(answers):
        mine = rng.permutation(np.flatnonzero(answers == person))
        held[mine[: max(round(KEPT_OUT * len(mine)), 1)]] = True
    return np.flatnonzero(~held), np.flatnonzero(held)


def dense(
    args: argparse.Namespace, photos: tuple[Photos, Photos], answers: list[np.ndarray]
) -> Iterator[dict[str, Any]]:
    """Ways 1 and 2: a frozen ImageNet body and three new dense layers."""
    torch.manual_seed(0)
    body = build(
        args.arch, 1, backbone_weights=args.backbone_weights, from_scratch=args.from_scratch,
        fine_maps=False,
    ).body.eval()  # fmt: skip
    start = time.perf_counter()
    plainly = [features(body, plain(torch.from_numpy(each.crops), SIZE)) for each in photos]
    common = time.perf_counter() - start
    draw = torch.Generator().manual_seed(0)
    crops = torch.from_numpy(photos[0].crops)
    copies = [features(body, augment(crops, SIZE, Augmentation(), draw)) for _ in range(COPIES)]
    augmented = time.perf_counter() - start
    count = int(max(table.max() for table in answers)) + 1
    for way, what, seen, spent in (
        ("1", f"{args.arch} frozen, three dense layers, {STUDY_EPOCHS} epochs", [], common),
        ("2", "the same, augmented, dropout, stopped early", copies, augmented),
    ):
        begun = time.perf_counter()
        shares = []
        for seed in range(args.seeds):
            learnt, held = splits(answers[0], seed)
            torch.manual_seed(seed)
            head = layers(plainly[0].shape[1], count, 0.5 if seen else 0.0)
            fit(
                head, seen or [plainly[0]], plainly[0], torch.from_numpy(answers[0]),
                (learnt, held), early=bool(seen),
            )  # fmt: skip
            asked = ((0, learnt), (0, held), (1, np.arange(len(answers[1]))))
            shares.append(
                [right(head, plainly[side][rows], answers[side][rows]) for side, rows in asked]
            )
        minutes = (spent + (time.perf_counter() - begun) / args.seeds) / 60
        yield row_of(way, what, np.array(shares), minutes, photos)


def layers(inputs: int, count: int, drop: float) -> nn.Sequential:
    """Three dense layers."""
    return nn.Sequential(
        nn.Linear(inputs, 256), nn.ReLU(), nn.Dropout(drop),
        nn.Linear(256, 128), nn.ReLU(), nn.Dropout(drop), nn.Linear(128, count),
    )  # fmt: skip


def features(body: nn.Module, pictures: torch.Tensor) -> torch.Tensor:
    """The last maps, flat, float (n, d): as the study's network hands them to its dense layers."""
    with torch.inference_mode():
        found = [body(part).flatten(1) for part in pictures.split(_AT_ONCE)]
    return torch.cat(found).clone()


def fit(
    head: nn.Module,
    copies: list[torch.Tensor],
    plainly: torch.Tensor,
    answers: torch.Tensor,
    parts: tuple[np.ndarray, np.ndarray],
    *,
    early: bool,
) -> None:
    """Train the dense layers; with `early` until validation gets no better, and as it was best."""
    optimizer = torch.optim.Adam(head.parameters(), 1e-3)
    best, waited, kept, (learnt, held) = np.inf, 0, None, parts
    rows = torch.from_numpy(learnt)
    for epoch in range(MOST_EPOCHS if early else STUDY_EPOCHS):
        head.train()
        for part in rows[torch.randperm(len(rows))].split(16):
            loss = nn.functional.cross_entropy(
                head(copies[epoch % len(copies)][part]), answers[part]
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if not early:
            continue
        head.eval()
        with torch.no_grad():
            loss = nn.functional.cross_entropy(head(plainly[held]), answers[held])
        if float(loss) < best:
            best, waited = float(loss), 0
            kept = {name: value.clone() for name, value in head.state_dict().items()}
        elif (waited := waited + 1) >= PATIENCE:
            break
    if kept:
        head.load_state_dict(kept)


def right(head: nn.Module, seen: torch.Tensor, answers: np.ndarray) -> float:
    head.eval()
    with torch.no_grad():
        return float((head(seen).argmax(1).numpy() == answers).mean())


def nearest(
    args: argparse.Namespace, photos: tuple[Photos, Photos], answers: list[np.ndarray]
) -> Iterator[dict[str, Any]]:
    """Ways 3 and 4: the nearest mean of embeddings."""
    for way, network in recognisers(args):
        start = time.perf_counter()
        train, test = (network.embed(each.crops) for each in photos)
        shares = []
        for seed in range(args.seeds):
            learnt, held = splits(answers[0], seed)
            means = np.stack(
                [mean_of(train[learnt][answers[0][learnt] == p]) for p in np.unique(answers[0])]
            )
            shares.append(
                [
                    float(((table[rows] @ means.T).argmax(1) == answers[side][rows]).mean())
                    for side, table, rows in (
                        (0, train, learnt),
                        (0, train, held),
                        (1, test, np.arange(len(test))),
                    )
                ]
            )
        minutes = (time.perf_counter() - start) / 60
        what = f"{network.title}, nearest mean"
        yield row_of("3" if way == "ours" else "4", what, np.array(shares), minutes, photos)


def row_of(
    way: str, what: str, shares: np.ndarray, minutes: float, photos: tuple[Photos, Photos]
) -> dict[str, Any]:
    """A way's row: the mean over seeds, and the least and most on the test photos."""
    train, valid, test = shares.mean(0)
    return {
        "way": way,
        "what": what,
        "seeds": len(shares),
        "train_photos": len(photos[0]),
        "test_photos": len(photos[1]),
        "train": f"{train:.4f}",
        "valid": f"{valid:.4f}",
        "gap": f"{train - valid:.4f}",
        "test": f"{test:.4f}",
        "test_least": f"{shares[:, 2].min():.4f}",
        "test_most": f"{shares[:, 2].max():.4f}",
        "minutes": f"{minutes:.2f}",
    }


# strangers


def strangers(args: argparse.Namespace) -> None:
    """A threshold set on half of the pairs' people at 1 %, tested on the others and on twenty."""
    train, test, unknown, others = (
        read(args, name) for name in ("train", "test", "unknown", "pairs")
    )
    found = []
    for way, network in recognisers(args):
        embedded = network.embed(others.crops)
        _, owner = np.unique(others.people, return_inverse=True)
        eight = gallery(network, train)
        asked, known = network.embed(unknown.crops), network.embed(test.crops)
        halves = [half(embedded, owner, seed, len(eight.names)) for seed in range(args.seeds)]
        cuts, false, true, enrolled = np.array(halves).T
        nearest_of = (asked @ eight.means.T).max(1)
        own = np.array(
            [eight.names.index(each) if each in eight.names else -1 for each in test.people]
        )
        sims = known @ eight.means.T
        accepted = [int((nearest_of >= cut).sum()) for cut in enrolled]
        usual = GalleryModel(network, eight).threshold(RATE)
        kept = (sims.argmax(1) == own) & (sims.max(1) >= usual)
        found.append(
            {
                "way": way, "what": network.title, "seeds": args.seeds, "people": len(set(owner)),
                "different_pairs": int((owner[:, None] < owner[None]).sum()),
                "threshold": f"{cuts.mean():.4f}",
                "false_accepts": f"{false.mean():.4f}", "false_accepts_most": f"{false.max():.4f}",
                "true_accepts": f"{true.mean():.4f}",
                "unknown": len(asked), "unknown_accepted": f"{np.mean(accepted):.2f}",
                "unknown_accepted_most": max(accepted),
                "gallery_threshold": f"{usual:.4f}",
                "unknown_accepted_by_curve": int((nearest_of >= usual).sum()),
                "enrolled": len(known), "enrolled_named_by_curve": int(kept.sum()),
            }
        )  # fmt: skip
    if found:
        write("identity_strangers", found)


def gallery(network: Any, photos: Photos) -> Gallery:
    """The gallery of all photos."""
    names = tuple(sorted(set(photos.people.tolist())))
    person = np.array([names.index(each) for each in photos.people], np.int32)
    order = np.argsort(person, kind="stable")
    embeddings = network.embed(photos.crops)
    return Gallery(names, embeddings[order], person[order], network.name, network.checksum)


def half(
    embeddings: np.ndarray, owner: np.ndarray, seed: int, enrolled: int
) -> tuple[float, float, float, float]:
    """On half of the people a threshold, on the others its false and true accepts.

    The last number is the threshold of a gallery of `enrolled` people, for a photo against the mean
    of a person's other photos, from the first half too.
    """
    people = np.random.default_rng(seed).permutation(np.unique(owner))
    chosen = np.isin(owner, people[: len(people) // 2])
    first, second = (all_pairs(embeddings[rows], owner[rows]) for rows in (chosen, ~chosen))
    cut = figures.threshold(first[0][~first[1]], np.ones((~first[1]).sum()), RATE)
    over = second[0] > cut
    against = [
        embeddings[i] @ mean_of(embeddings[owner == person])
        for i in np.flatnonzero(chosen)
        for person in people[: len(people) // 2]
        if owner[i] != person
    ]
    mean_cut = figures.threshold(
        np.array(against), np.ones(len(against)), per_person(RATE, enrolled)
    )
    return cut, over[~second[1]].mean(), over[second[1]].mean(), mean_cut


def all_pairs(embeddings: np.ndarray, owner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The similarity of every pair, and whether it is of one person."""
    first, second = np.triu_indices(len(owner), 1)
    scores = np.einsum("nd,nd->n", embeddings[first], embeddings[second])
    return scores, owner[first] == owner[second]


# pairs, curves, time


def verified(args: argparse.Namespace) -> None:
    """Each recogniser on the pairs."""
    people = args.data / "people"
    every = list(parquet.images(people / "pairs-00000-of-00001.parquet", ["person"]))
    path = people / "pairs.csv"
    whole = pairs.read_pairs(path, [row.path for row in every])
    chosen = np.sort(np.random.default_rng(0).permutation(len(whole))[: args.limit])
    used, places = np.unique([whole.first[chosen], whole.second[chosen]], return_inverse=True)
    asked = pairs.Pairs(*places.reshape(2, -1), whole.same[chosen])
    found = []
    for way, network in recognisers(args):
        photos = pairs.embed_photos([every[i] for i in used], network, detector=args.detector)
        first, second = pairs.owners(photos, asked)
        figure = figures.measure(pairs.similarities(photos, asked), asked.same, first, second)
        row: dict[str, Any] = {
            "way": way, "what": network.title, "detector": detector_in_use(args.detector),
            "pairs": len(asked), "people": len({*first.tolist(), *second.tolist()}),
            "without_face": int((~photos.has_face).sum()),
        }  # fmt: skip
        for name in ("accuracy", "auc", "true_accept_at_1_percent_false"):
            low, high = figure[f"{name}_interval"]
            row |= {name: f"{figure[name]:.4f}", f"{name}_low": f"{low:.4f}",
                    f"{name}_high": f"{high:.4f}"}  # fmt: skip
        found.append(row)
    if found:
        write("identity_pairs", found)


def curves(args: argparse.Namespace) -> None:
    """What SFace's similarities mean; those of our own are in its bundle."""
    found = []
    for way, network in recognisers(args):
        known: Curves
        if way == "sface" and not args.as_is:
            folders = [args.data / name for name in ("celeba", "celeba_more")]
            tables = [
                read_faces(file, network, args.limit and 16 * args.limit)
                for folder in folders for file in sorted(folder.glob("valid-*.parquet"))
            ]  # fmt: skip
            embeddings, people = (np.concatenate(each) for each in zip(*tables, strict=True))
            count = len(np.unique(people))
            title = f"{len(people):,} faces of {count:,} validation people of CelebA"
            known = curves_of.measure(embeddings, people, title)
            if "FACELENS_RESULTS" not in os.environ:
                package = ROOT / "facelens" / "tasks" / "identity"
                write_json(package / "sface.json", known.as_json())
        else:
            known = network.curves
        for rate in RATES:
            row: dict[str, Any] = {
                "way": way, "what": network.title, "on": known.measured_on, "rate": rate,
                "margin": f"{known.margin:.4f}",
            }  # fmt: skip
            for name, curve in (("photo", known.photo), ("mean", known.mean)):
                low, high = curve.interval(rate)
                row |= {name: f"{curve.threshold(rate):.4f}", f"{name}_low": f"{low:.4f}",
                        f"{name}_high": f"{high:.4f}"}  # fmt: skip
            found.append(row)
    if found:
        write("identity_curves", found)


def groups(args: argparse.Namespace) -> None:
    """False rejects and accepts within each group of test faces, at one threshold for all."""
    found = []
    for way, network in recognisers(args):
        tables = [
            read_faces(file, network, args.limit, labels=GROUPS)
            for name in ("celeba", "celeba_more")
            for file in sorted((args.data / name).glob("test-*.parquet"))
        ]
        embeddings, people, labels = (np.concatenate(each) for each in zip(*tables, strict=True))
        whole = {"all": np.ones(len(people), bool)}
        parts = {title: (labels == wanted).all(1) for title, wanted in titles(GROUPS)}
        cut = network.curves.photo.threshold(RATE)
        for title, row in figures.by_group(embeddings, people, whole | parts, cut).items():
            about: dict[str, Any] = {"way": way, "what": network.title, "threshold": f"{cut:.4f}"}
            about |= {"group": title, "faces": row["faces"], "people": row["people"]}
            few = row["error"] == figures.TOO_FEW
            about |= {key: "" if few else row[key] for key in ("pairs_of_one", "pairs_of_two")}
            for name, (of, prefix) in {
                "false_rejects": ("error", ""), "false_accepts": ("false_accept", "false_accept_"),
            }.items():  # fmt: skip
                keys = {"": of, "_low": f"{prefix}low", "_high": f"{prefix}high"}
                about |= {
                    f"{name}{end}": "" if few else f"{row[key]:.4f}" for end, key in keys.items()
                }
            found.append(about)
    if found:
        write("identity_groups", found)


def speed(args: argparse.Namespace) -> None:
    """Milliseconds a face, detection apart, and seconds to enrol three people with 30 photos.

    Photos are decoded, faces detected, hints heeded, embeddings compared, as `facelens enrol` does.
    """
    chosen = photos_to_enrol(args)
    first = read_photo(chosen[0].data, name=chosen[0].path)
    faces: list[Face] = find_faces(first, detector=args.detector)[:1]
    found = []
    for way, network in recognisers(args):
        times = in_turns({"face": lambda of=network: of.embed(faces)}, turns=30)
        start = time.perf_counter()
        enrolment = Enrolment(network)
        for row in chosen:
            photo = read_photo(row.data, name=row.path)
            enrolment.add(
                str(row.values["person"]), row.path, find_faces(photo, detector=args.detector)
            )
        made = enrolment.gallery()
        found.append(
            {
                "way": way, "what": network.title, "detector": detector_in_use(args.detector),
                "milliseconds": f"{1000 * times['face']:.1f}", "photos": len(chosen),
                "people": len(made.names), "enrolled": len(made.embeddings),
                "seconds": f"{time.perf_counter() - start:.1f}",
            }
        )  # fmt: skip
    if found:
        write("identity_speed", found)


def photos_to_enrol(args: argparse.Namespace) -> list[parquet.Row]:
    """The three people with the most photos in train and test together, at most 30 of each."""
    rows = [
        row for name in ("train", "test")
        for row in parquet.images(
            args.data / "people" / f"{name}-00000-of-00001.parquet", ["person"]
        )
    ]  # fmt: skip
    counts = Counter(str(row.values["person"]) for row in rows)
    return [
        row for person, _ in counts.most_common(3)
        for row in [row for row in rows if row.values["person"] == person][: 2 if QUICK else 30]
    ]  # fmt: skip


WHAT = {
    "curves": curves, "ways": ways, "strangers": strangers, "pairs": verified, "groups": groups,
    "speed": speed,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("data", type=Path)
    parser.add_argument("--ours", default="own", metavar="M", help="our own network, or a bundle")
    parser.add_argument("--sface", default="sface", metavar="sface[:PATH]")
    parser.add_argument("--detector", help="as for facelens predict")
    parser.add_argument("--arch", default="mobilenet_v2", help="of ways 1 and 2")
    parser.add_argument("--backbone-weights", type=Path, metavar="FILE")
    parser.add_argument("--from-scratch", action="store_true", help="of ways 1 and 2")
    parser.add_argument(
        "--as-is", action="store_true", help="curves: those that come with Facelens, not measured"
    )
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--limit", type=int, help="the first so many photos of each file")
    args = parser.parse_args()
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    WHAT[args.what](args)


if __name__ == "__main__":
    main()
