"""Tables as people write them, tables that nobody would, and what is made of them.

Odd but honest tables have to be read right; mutated ones have to be read or refused with a
sentence, in little time and memory; one photo must not be in two splits, whatever it is called;
the fairness gate has to warn of groups that are worse served, and of no others. Needs no data.
"""

import multiprocessing as mp
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from attacks.outcome import Outcome
from facelens.data import custom, original, parquet
from facelens.errors import FacelensError
from facelens.tasks.keypoints import marks

TRIES = 10_000
QUICK = 100
SECONDS = 2.0  # of the processor, in which a small table has to be read or refused
MEGABYTES = 200  # by which a small table may grow the process


def attack(tries: int, seed: int) -> list[Outcome]:
    """Send `tries` mutated tables of each kind, and everything else that is odd about tables."""
    with tempfile.TemporaryDirectory(prefix="facelens-tables-") as folder:
        here = Path(folder)
        return [
            _forms("a table of photos in the forms of spreadsheets, pandas, CelebA", *_texts(here)),
            _forms("parquet with other types of image, path, label and identity", *_files(here)),
            _forms("rows of parquet that name files outside of its folder", *_strangers(here)),
            _fuzz("mutated csv for prepare", tries, seed, _csv, here),
            _fuzz("mutated files of CelebA's own", tries // 5, seed, _celeba, here),
            _fuzz("mutated csv of Kaggle's keypoints", tries, seed, _kaggle, here),
            _fuzz("mutated parquet", tries, seed, _parquet, here),
            _splits(max(10, tries // 50), seed, here),
            *_gate(max(20, tries // 50), seed),
        ]


# honest forms


def _forms(name: str, forms: list[Callable[[], bool]], right: str) -> Outcome:
    """Try each form; it is lost if it is read wrong, or raises."""
    lost = 0
    for form in forms:
        try:
            lost += not form()
        except Exception:  # noqa: BLE001 - a traceback is what a user would see
            lost += 1
    return Outcome(name, len(forms), lost, f"{len(forms) - lost} of {len(forms)} {right}")


TEXTS = (
    "3\nhat smile\na.jpg  1 -1\nb.jpg -1  NaN\nc.jpg -1  1\n",
    "hat smile \na.jpg  1 -1 \nb.jpg -1  nan \nc.jpg -1  1 \n",
    "image_id,hat,smile\na.jpg,1,-1\nb.jpg,-1,\nc.jpg,-1,1\n",
    "file_name,hat,smile\na.jpg,1,-1\nb.jpg,-1,\nc.jpg,-1,1\n",
    "Photo,hat,smile\na.jpg,1.0,0.0\nb.jpg,0.0,NaN\nc.jpg,0.0,1.0\n",
    ",photo,hat,smile\n0,a.jpg,1.0,0.0\n1,b.jpg,0.0,\n2,c.jpg,0.0,1.0\n",
    ",hat,smile\na.jpg,1,0\nb.jpg,0,\nc.jpg,0,1\n",
    "photo;hat;smile\na.jpg;1,0;0,0\nb.jpg;0,0;\nc.jpg;0,0;1,0\n",
    "sep=;\nphoto;hat;smile\na.jpg;yes;no\nb.jpg;no;n/a\nc.jpg;no;yes\n",
    '"photo","hat","smile"\n"a.jpg","TRUE","FALSE"\n"b.jpg","F",""\n"c.jpg","f","T"\n',
    '"photo"; "hat"; "smile"\n"a.jpg"; "1"; "0"\n"b.jpg"; "0";\n"c.jpg"; "0"; "1"\n',
    "photo,hat,smile,\na.jpg,y,n,\nb.jpg,n,?,\nc.jpg,n,y,\n",
    "photo\that\tsmile\r\na.jpg\t1\t0\r\nb.jpg\t0\t\r\nc.jpg\t0\t1\r\n",
    "photo|hat|smile\na.jpg|1|0\nb.jpg|0|\nc.jpg|0|1\n",
)
_READ = [("a.jpg", (True, False)), ("b.jpg", (False, None)), ("c.jpg", (False, True))]


def _texts(here: Path) -> tuple[list[Callable[[], bool]], str]:
    """Each text in three encodings, and three quotes that never close, which have to be refused."""

    def right(data: bytes) -> bool:
        path = here / "t.csv"
        path.write_bytes(data)
        names, lines = custom.read_table(path)
        found = [(line.photo, line.answers) for line in lines]
        return names == ("hat", "smile") and found == _READ

    def refused(data: bytes) -> bool:
        path = here / "t.csv"
        path.write_bytes(data)
        try:
            custom.read_table(path)
        except FacelensError as error:
            return "line 2" in str(error) and "quote" in str(error)
        return False

    encoded = [text.encode(kind) for text in TEXTS for kind in ("utf-8", "utf-8-sig", "utf-16")]
    quotes = [
        b'photo,hat\n"a.jpg,1\nb.jpg,0\n',
        b'photo,hat\n"a.jpg,1\n"b.jpg",0\n',
        b'photo,hat\n"a.jpg,1\n' + b"b.jpg,0\n" * 50_000,
    ]
    forms = [lambda data=data: right(data) for data in encoded]
    return [*forms, *(lambda data=data: refused(data) for data in quotes)], "read right"


def _image(paths: pa.Array, data: pa.Array | None = None) -> pa.Array:
    photos = pa.array([b"0", b"1", b"2"]) if data is None else data
    return pa.StructArray.from_arrays([photos, paths], ["bytes", "path"])


def _files(here: Path) -> tuple[list[Callable[[], bool]], str]:
    """Image columns of every type that holds photos; two of them, which have to be refused."""
    names = ["0.jpg", "1.jpg", "2.jpg"]
    for i, name in enumerate(names):
        (here / name).write_bytes(str(i).encode())
    texts = pa.array(names)
    columns = [
        _image(texts),
        _image(texts.cast(pa.binary())),
        _image(texts.cast(pa.large_string())),
        _image(texts.dictionary_encode()),
        _image(texts.cast(pa.string_view())),
        _image(pa.nulls(3)),
        _image(texts, pa.nulls(3)),
        _image(texts, pa.nulls(3, pa.binary())),
        _image(texts, pa.array([b"0", b"1", b"2"], pa.large_binary())),
        pa.array([b"0", b"1", b"2"]),
        pa.array([b"0", b"1", b"2"], pa.large_binary()),
        texts,
        pa.StructArray.from_arrays([pa.array([b"0", b"1", b"2"])], ["bytes"]),
        pa.StructArray.from_arrays([texts], ["path"]),
    ]

    def read(column: pa.Array) -> bool:
        pq.write_table(pa.table({"image": column}), here / "a.parquet")
        return [row.data for row in parquet.images(here / "a.parquet")] == [b"0", b"1", b"2"]

    def two() -> bool:
        table = pa.table([_image(texts), _image(texts)], names=["image", "image"])
        pq.write_table(table, here / "a.parquet")
        try:
            list(parquet.images(here / "a.parquet"))
        except FacelensError as error:
            return "two columns" in str(error)
        return False

    labels = [
        lambda value=value: _labels(here, value)
        for value in (bool, int, float, lambda y: 1 if y else -1, lambda y: "1" if y else "-1")
    ]
    people = [
        lambda column=column: _people(here, column)
        for column in (
            pa.nulls(3, pa.int64()),
            pa.array([[]] * 3, pa.list_(pa.int64())),
            pa.array([float("nan")] * 3),
            pa.array([""] * 3),
        )
    ]
    forms = [*(lambda column=column: read(column) for column in columns), two, *labels, *people]
    return forms, "read right"


def _aligned(here: Path, columns: dict[str, Any]) -> Any:
    """The evaluation of three grey crops with forty labels."""
    import io

    from PIL import Image

    from facelens.tasks import load_model
    from facelens.tasks.attributes import evaluate

    stream = io.BytesIO()
    Image.new("RGB", (178, 218), "grey").save(stream, "PNG")
    image = _image(pa.array(["a", "b", "c"]), pa.array([stream.getvalue()] * 3))
    path = here / "faces.parquet"
    model = load_model()
    labels = {name: pa.array([True, False, True]) for name in model.names}
    pq.write_table(pa.table({"image": image, **labels, **columns}), path)
    return evaluate.evaluate(path, model)


def _labels(here: Path, value: Callable[[bool], Any]) -> bool:
    """Whether labels written by `value` are the labels that they mean."""
    given = _aligned(here, {"Smiling": pa.array([value(True), value(False), value(True)])})
    return abs(given.attributes["Smiling"]["prevalence"] - 2 / 3) < 1e-9


def _people(here: Path, column: pa.Array) -> bool:
    """Whether faces of nobody known are three, and said to be unknown."""
    given = _aligned(here, {"celeb_id": column})
    return given.people == 3 and getattr(given, "unknown", 0) == 3


def _strangers(here: Path) -> tuple[list[Callable[[], bool]], str]:
    folder = here / "set"
    folder.mkdir()
    (here / "secret.jpg").write_bytes(b"secret")
    (folder / "link.jpg").symlink_to("../secret.jpg")
    os.mkfifo(folder / "pipe.jpg")
    paths = [
        "../secret.jpg", str(here / "secret.jpg"), "link.jpg", "pipe.jpg", "/dev/zero",
        "/etc/passwd", "x/../../secret.jpg", "a\0b", "x" * 5000,
    ]  # fmt: skip

    def safe(path: str) -> bool:
        pq.write_table(
            pa.table({"image": _image(pa.array([path]), pa.array([b""]))}), folder / "a.parquet"
        )
        (row,) = parquet.images(folder / "a.parquet")
        return row.data == b"" and bool(getattr(row, "missing", ""))

    return [lambda path=path: safe(path) for path in paths], "not read, and the row says why"


# mutations

TOKENS = [
    b'"', b'""', b",", b";", b"\t", b"\n", b"\r", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"sep=;\n",
    b"-1", b"1.0", b"nan", b"1e999", b"9" * 5000, "\u0664".encode(), "\u2028".encode(), b"'", b"=",
    b"\\", b" ", b"../", b"image", b"photo", b"RowId", b"1_0", b"inf", b"0x1",
]  # fmt: skip


def mutate(data: bytes, draw: random.Random) -> bytes:
    """Change a few bytes: flip, cut, repeat, overwrite, insert what parsers trip over."""
    work = bytearray(data)
    text = b"\0" not in data
    for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
        at = draw.randrange(len(work) + 1)
        end = min(len(work), at + draw.choice((1, 1, 2, 4, 16, 200)))
        what = draw.randrange(6)
        if what == 0 and at < len(work):
            work[at] ^= 1 << draw.randrange(7 if text else 8)
        elif what == 1:
            del work[at:end]
        elif what == 2:
            work[at:at] = work[at:end] * draw.choice((1, 2, 50))
        elif what == 3:
            work[at:at] = draw.choice(TOKENS)
        elif what == 4:
            values = b'09-., "' if text else b"\0\x7f\x80\xff"
            work[at:end] = bytes(draw.choice(values) for _ in range(end - at))
        else:
            work[at:end] = draw.choice(TOKENS)
    return bytes(work) if draw.random() > 0.05 else bytes(work[: draw.randrange(len(work) + 1)])


def _csv(here: Path, draw: random.Random) -> None:
    path = here / "m.csv"
    rows = "".join(f"p{i}.jpg,q{i % 3},{i % 2},yes\n" for i in range(20))
    own = draw.choice([*TEXTS, "photo,person,hat,smile\n" + rows])
    path.write_bytes(mutate(own.encode(draw.choice(("utf-8", "utf-8-sig", "utf-16"))), draw))
    _, lines = custom.read_table(path)
    if any("\n" in line.photo for line in lines):
        raise AssertionError("a field spans lines")


def _celeba(here: Path, draw: random.Random) -> None:
    folder = here / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True, exist_ok=True)
    names = [f"{i:06}.jpg" for i in range(1, 5)]
    for name in names:
        (folder / "img_align_celeba" / name).write_bytes(b"\xff\xd8 photo \xff\xd9")
    texts = {
        "list_attr_celeba.txt": "4\nBald Young \n" + "".join(f"{n}  1 -1\n" for n in names),
        "list_eval_partition.txt": "".join(f"{n} {i % 3}\n" for i, n in enumerate(names)),
        "identity_CelebA.txt": "".join(f"{n} {i + 7}\n" for i, n in enumerate(names)),
    }
    chosen = draw.choice(list(texts))
    for name, text in texts.items():
        data = text.encode()
        (folder / name).write_bytes(mutate(data, draw) if name == chosen else data)
    original.convert(folder, here / "converted")


def _kaggle(here: Path, draw: random.Random) -> None:
    from facelens.bulk.kaggle import write_submission

    path = here / "k.csv"
    if draw.random() < 0.5:
        grey = " ".join(["7"] * marks.SIDE**2)
        row = ",".join(["1.5"] * len(marks.COLUMNS))
        text = f"{','.join(marks.COLUMNS)},Image\n{row},{grey}\n{row},{grey}\n"
        # Most of the text is one picture; what is mutated should not be only that.
        head, tail = text.encode()[:1200], text.encode()[1200:]
        path.write_bytes(mutate(head, draw) + (tail if draw.random() < 0.7 else mutate(tail, draw)))
        marks.read_kaggle(path)
        return
    rows = "".join(f"{i},{i % 3 + 1},nose_tip_{'xy'[i % 2]},\n" for i in range(1, 9))
    path.write_bytes(mutate(f"RowId,ImageId,FeatureName,Location\n{rows}".encode(), draw))
    write_submission(np.full((3, 15, 2), 48.0), path, here / "submission.csv")


def _parquet(here: Path, draw: random.Random) -> None:
    path = here / "m.parquet"
    data = bytearray(draw.choice(_templates()))
    if draw.random() < 0.6:  # the footer says where everything is
        size = int.from_bytes(data[-8:-4], "little") + 8
        start = len(data) - size
        data[start:-8] = mutate(bytes(data[start:-8]), draw)
        if draw.random() < 0.8:
            data[-8:-4] = (len(data) - start - 8).to_bytes(4, "little")
    else:
        data = bytearray(mutate(bytes(data), draw))
    path.write_bytes(data)
    for row in parquet.images(path):
        if not isinstance(row.data, bytes) or not isinstance(row.path, str):
            raise TypeError("a photo of another type")
    parquet.count(path)
    sum(1 for _ in parquet.pieces(path, 100))
    parquet.bool_columns(path)


_TEMPLATES: list[bytes] = []


def _templates() -> list[bytes]:
    """A small data set as a file, written in five ways."""
    if not _TEMPLATES:
        n = 12
        table = pa.table(
            {
                "image": _image(
                    pa.array([f"{i}.jpg" for i in range(n)]),
                    pa.array([b"photo %d " % i * 20 for i in range(n)]),
                ),
                "celeb_id": pa.array(range(n)),
                "who": pa.array([f"person {i % 3}" for i in range(n)]),
                "when": pa.array([i * 10**9 for i in range(n)], pa.timestamp("us")),
                "Smiling": pa.array([i % 2 == 0 for i in range(n)]),
            }
        )
        ways: list[dict[str, Any]] = [
            {"compression": "none"},
            {"compression": "snappy", "row_group_size": 4},
            {"compression": "zstd", "use_dictionary": False},
            {"compression": "gzip", "data_page_version": "2.0"},
            {"compression": "none", "use_dictionary": False, "write_statistics": False},
        ]
        for way in ways:
            sink = pa.BufferOutputStream()
            pq.write_table(table, sink, **way)
            _TEMPLATES.append(sink.getvalue().to_pybytes())
    return _TEMPLATES


Try = Callable[[Path, random.Random], None]


def _fuzz(name: str, tries: int, seed: int, one: Try, here: Path) -> Outcome:
    """Try mutations in a process of their own: a decoder may end it, or take its memory."""
    read = refused = 0
    lost: dict[str, int] = {}
    slowest = most = 0.0
    for result in _results(one, tries, seed, here):
        kind, seconds, grown = result
        slowest, most = max(slowest, seconds), max(most, grown)
        if kind == "refused":
            refused += 1
        elif kind == "read":
            read += 1
        if kind not in {"read", "refused"}:
            lost[kind] = lost.get(kind, 0) + 1
        elif seconds > SECONDS:
            lost["too slow"] = lost.get("too slow", 0) + 1
        elif grown > MEGABYTES:
            lost["too much memory"] = lost.get("too much memory", 0) + 1
    told = f"{read:,} read, {refused:,} refused with a sentence"
    if lost:
        told += "; " + ", ".join(f"{count:,} {kind}" for kind, count in sorted(lost.items()))
    told += f"; at most {slowest:.1f} s of the processor and {most:.0f} MB more"
    return Outcome(name, tries, sum(lost.values()), told)


Result = tuple[str, float, float]  # what came of it, seconds, MB that the process grew by


def _results(one: Try, tries: int, seed: int, here: Path) -> Iterator[Result]:
    """The result of each try, from as many processes one after the other as it takes."""
    context, done = mp.get_context("spawn"), 0
    while done < tries:
        receiver, sender = context.Pipe(duplex=False)
        child = context.Process(target=_work, args=(one, seed, range(done, tries), here, sender))
        child.start()
        sender.close()
        try:
            receiver.recv()  # it has begun
            while done < tries:
                if not receiver.poll(20 * SECONDS):
                    yield "hung", 20 * SECONDS, 0.0
                    done += 1
                    break
                yield receiver.recv()
                done += 1
        except EOFError:
            yield "ended the process", 0.0, 0.0
            done += 1
        child.kill()
        child.join()


def _work(one: Try, seed: int, numbers: range, here: Path, sender: Any) -> None:
    sender.send("begun")
    for number in numbers:
        draw = random.Random(f"{one.__name__} {seed} {number}")  # noqa: S311 - not for secrets
        before, begun = _megabytes(), time.process_time()
        try:
            one(here, draw)
            kind = "read"
        except FacelensError as error:
            kind = "refused" if "\n" not in str(error) else "sentence of several lines"
        except Exception as error:  # noqa: BLE001 - what a user would see as a traceback
            kind = f"{type(error).__name__}"
        sender.send((kind, time.process_time() - begun, _megabytes() - before))


def _megabytes() -> float:
    """The most memory that this process has held, without that of the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


# splits


def _splits(tables: int, seed: int, here: Path) -> Outcome:
    """Name each of thirty photos in several ways, and look which files are in two splits."""
    photos = here / "photos"
    (photos / "more").mkdir(parents=True)
    for i in range(30):
        (photos / f"{i}.jpg").write_bytes(b"photo %d" % i)
        os.link(photos / f"{i}.jpg", photos / f"hard{i}.jpg")
        (photos / f"soft{i}.jpg").symlink_to(f"{i}.jpg")
        (photos / f"copy{i}.jpg").write_bytes(b"photo %d" % i)
    ways = ("{}.jpg", "./{}.jpg", "more/../{}.jpg", "hard{}.jpg", "soft{}.jpg", "copy{}.jpg")
    # No face has to be found here, and none is in these files.
    read, find = custom.read_photo, custom.find_faces
    custom.read_photo = lambda path, **_: path
    custom.find_faces = lambda *_, **__: [SimpleNamespace(crop=np.zeros((2, 2, 3), np.uint8))]
    lost = refused = leaked = 0
    try:
        for number in range(tables):
            draw = random.Random(f"splits {seed} {number}")  # noqa: S311 - not for secrets
            rows = [
                f"{way.format(i)},{i % 2}"
                for i in range(30)
                for way in draw.sample(ways, draw.randint(1, 3))
            ]
            draw.shuffle(rows)
            table = here / "splits.csv"
            table.write_text("\n".join(["photo,hat", *rows]))
            try:
                made = custom.prepare(photos, table, here / "splits", seed=number)
            except FacelensError:
                refused += 1
                continue
            where: dict[bytes, set[str]] = {}
            for file in parquet.files(made.out):
                for row in parquet.images(file):
                    where.setdefault((photos / row.path).read_bytes(), set()).add(file.name)
            here_twice = sum(len(splits) > 1 for splits in where.values())
            leaked += here_twice
            lost += here_twice > 0
    finally:
        custom.read_photo, custom.find_faces = read, find
    told = f"{leaked:,} of {30 * tables:,} photos in two splits"
    if refused:
        told += f", {refused} tables refused"
    return Outcome("photos under several names, links and copies", tables, lost + refused, told)


# the gate


def _gate(evaluations: int, seed: int) -> list[Outcome]:
    """Evaluate answers that are equally good for two groups, and answers that are not."""
    from facelens.tasks.attributes.evaluate import Answers, summarise

    def warned(ratio: float, number: int) -> bool:
        draw = np.random.default_rng([seed, number, int(10 * ratio)])
        n, names = 1000, ("Male", *(f"question {i}" for i in range(10)))
        labels = draw.random((n, len(names))) < 0.5
        error = np.where(labels[:, :1], 0.08 * ratio, 0.08)
        wrong = draw.random(labels.shape) < error
        p = np.where(labels ^ wrong, 0.9, 0.1)
        given = Answers(names, p, labels, np.arange(n) // 2, np.log(p / (1 - p)))
        result = summarise(given, "toy", split_by=("Male",), draws=200)
        fairness = getattr(result, "fairness", None)
        return bool(fairness and fairness["warnings"])

    outcomes = []
    for ratio, name in ((1.0, "as often"), (1.5, "1.5 times as often"), (3.0, "3 times as often")):
        said = sum(warned(ratio, number) for number in range(evaluations))
        # Intervals of 95 % leave one in twenty to chance. At 1.5 a warning is neither right nor
        # wrong: the error that was measured is more than twice another.
        lost = {1.0: max(0, said - evaluations // 20), 3.0: evaluations - said}.get(ratio, 0)
        outcomes.append(
            Outcome(
                f"networks that err on one group {name} as on another",
                evaluations,
                lost,
                f"{said} of {evaluations} warned of",
            )
        )
    return outcomes
