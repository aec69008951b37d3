"""A taught word: the head, its file, and the network that answers with it."""

import io
import json
import shutil

import numpy as np
import pytest
from helpers.terminal import is_one_sentence
from helpers.tiny import tiny_bundle
from PIL import Image
from safetensors.numpy import load, save

from facelens import find_faces, load_model, read_photo
from facelens.errors import BundleError, DataError
from facelens.tasks.attributes import head as heads
from facelens.tasks.attributes.head import features, last_maps, read_head, teach
from facelens.tasks.attributes.taught import TaughtModel


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture(scope="module")
def face(astronaut):
    return find_faces(read_photo(astronaut), detector="haar")[0].crop


@pytest.fixture(scope="module")
def crops(face):
    """Twenty faces, each a little different; the first ten wear a black bar."""
    rng = np.random.default_rng(0)
    shifted = [np.roll(face, rng.integers(-8, 9, 2), (0, 1)) for _ in range(20)]
    made = np.stack([(each * rng.uniform(0.8, 1)).astype(np.uint8) for each in shifted])
    made[:10, 95:125, 40:140] = 0
    return made


YES = np.arange(20) < 10


@pytest.fixture(scope="module")
def seen(model, crops):
    return features(model, crops)


@pytest.fixture(scope="module")
def lesson(model, seen):
    return teach(model, "black bar", seen, YES)


@pytest.fixture
def saved(lesson, tmp_path):
    path = tmp_path / "bar.safetensors"
    lesson.head.save(path)
    return path


def test_what_can_be_seen_is_told(lesson):
    head = lesson.head
    assert head.can_tell
    assert head.area > 0.95
    assert head.high == 1 or head.high > head.area
    assert ((lesson.left_out > 0.5) == YES).mean() > 0.9
    assert head.sentence.startswith("The network tells “black bar” ")
    assert f"{head.area:.2f} ({head.low:.2f} to {head.high:.2f}) from 10 photos" in head.sentence


def test_shuffled_answers_are_not_told(model, seen):
    lesson = teach(model, "nothing", seen, np.random.default_rng(1).permutation(YES))
    assert not lesson.head.can_tell
    assert lesson.head.sentence.startswith("The network cannot tell “nothing” from 10 photos")
    assert lesson.contrary(YES) == []
    verdicts = TaughtModel(model, lesson.head).curves
    assert (verdicts.doubt_low[-1] == 0).all()
    assert (verdicts.doubt_high[-1] == 1).all()


def test_the_contrary_photo_is_the_one_with_the_wrong_answer(model, seen):
    wrong = YES.copy()
    wrong[[3, 12]] = [False, True]
    lesson = teach(model, "black bar", seen, wrong)
    assert set(lesson.contrary(wrong)[:2]) == {3, 12}


def test_features_are_the_mean_of_the_last_maps_and_of_both_mirror_images(model, crops, seen):
    last = [layer for layer in model.layers(crops[0]) if layer.name == model.config.map_layer]
    mirrored = model.layers(np.ascontiguousarray(crops[0, :, ::-1]))[-1].maps
    both = (last[0].maps.mean((1, 2)) + mirrored.mean((1, 2))) / 2
    np.testing.assert_allclose(seen[0], both, atol=1e-5)
    assert len(last_maps(model, crops[:1])) == 2


def test_the_networks_own_head_on_these_features_gives_its_own_logits(model, crops, seen):
    from facelens.bundles.bundle import read_tensors

    weight = read_tensors(model.bundle)["head.weight"].astype(np.float32)
    logits = seen @ weight.T + model.config.bias
    (answer,) = model.predict(crops[:1])
    # The mirrored crop is looked at by itself here: shrinking adds up in another order, by which a
    # graph of int8 may round a value the other way. Less than what int8 itself moves a logit by.
    atol = model.config.metrics["rounding"] if model.config.metrics["precision"] == "int8" else 1e-4
    assert atol < 0.5
    np.testing.assert_allclose(logits[0], answer.logits, atol=atol)


def test_the_answer_is_the_forty_and_the_word(model, crops, seen, lesson):
    taught = TaughtModel(model, lesson.head)
    assert taught.names == (*model.names, "black bar")
    before, answers = model.predict(crops), taught.predict(crops, maps=True)
    for old, new, row in zip(before, answers, seen, strict=True):
        np.testing.assert_allclose(new.logits[:-1], old.logits, atol=1e-5)
        logit = row @ lesson.head.weight + lesson.head.bias
        assert new.logits[-1] == pytest.approx(logit, abs=1e-4)
        # The exact map: its mean and the bias are the logit.
        whole = new.evidence("black bar").mean() + lesson.head.bias
        assert whole == pytest.approx(new.logits[-1], abs=1e-4)
        assert new.maps.shape == (41, 10, 8)
    right = np.array([answer["black bar"] > 0.5 for answer in answers]) == YES
    assert right.mean() > 0.9
    assert taught.predict(crops[:1])[0].maps is None
    assert len(taught.layers(crops[0])) == len(model.config.layers)
    assert taught.curves.names == taught.names
    assert set(taught.config.operating_points) == set(model.config.operating_points)
    assert "black bar, taught" in taught.card


def test_the_file_opens_as_a_model(saved, lesson, crops):
    opened = load_model(str(saved))
    assert opened.title.endswith(" + black bar")
    given, kept = lesson.head, opened.head
    assert np.array_equal(given.weight, kept.weight)
    assert (given.word, given.yes, given.no, given.checksum) == (
        kept.word, kept.yes, kept.no, kept.checksum,
    )  # fmt: skip
    assert kept.area == pytest.approx(given.area)
    both = [TaughtModel(load_model(), given), opened]
    one, two = (each.predict(crops[:1])[0].probabilities for each in both)
    assert np.array_equal(one, two)


def test_a_folder_with_the_file_opens_too(saved, tmp_path):
    folder = tmp_path / "bar"
    folder.mkdir()
    shutil.copy(saved, folder / heads.FILE)
    assert load_model(str(folder)).head.word == "black bar"


def test_the_file_holds_nothing_of_a_single_photo(saved, seen):
    tensors = load(saved.read_bytes())
    assert {name: each.size for name, each in tensors.items()} == {
        "weight": seen.shape[1], "bias": 1, "curves": 11 * 101, "scalars": 3,
    }  # fmt: skip
    assert len(saved.read_bytes()) < 20_000


def damaged(saved, **changes):
    """The file with other metadata or tensors."""
    data = saved.read_bytes()
    size = int.from_bytes(data[:8], "little")
    about = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["facelens"])
    tensors = load(data)
    for name, value in changes.items():
        if name in tensors:
            tensors[name] = value
        else:
            about[name] = value
    saved.write_bytes(save(tensors, metadata={"facelens": json.dumps(about)}))
    return saved


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"checksum": "0" * 64}, "another version of mobilenet_v2"),
        ({"base": "no_such"}, "was taught on the network no_such, which is not here"),
        ({"base": "../mobilenet_v2"}, "which is not here"),
        ({"base": "a\nb"}, "names its network"),
        ({"word": "x" * 41}, "names its word"),
        ({"word": "a\x1b[2Jb"}, "names its word"),
        ({"word": "Smiling"}, "answers “Smiling” already"),
        ({"format": 2}, "is a head of format 2"),
        ({"format": "two"}, "lacks or garbles"),
        ({"auc": [0.5, 0.4]}, "shares that are not from 0 to 1"),
        ({"auc": [float("nan")] * 3}, "shares that are not from 0 to 1"),
        ({"yes": -3}, "a number of photos that cannot be"),
        ({"weight": np.ones(7, np.float32)}, "weighs 7 feature maps"),
        ({"weight": np.ones((2, 2), np.float32)}, "tables of another shape"),
        ({"weight": np.full(1280, np.nan, np.float32)}, "weights that are no numbers"),
        ({"weight": np.full(1280, 1e30, np.float32)}, "weights that are no numbers"),
        ({"weight": np.ones(1280)}, "tables of another shape"),
        ({"bias": np.full(1, np.inf, np.float32)}, "weights that are no numbers"),
        ({"curves": np.full((11, 101), 7, np.float32)}, "shares that are not from 0 to 1"),
    ],
)
def test_a_strange_file_is_refused_with_a_sentence(saved, changes, text):
    with pytest.raises(BundleError) as caught:
        load_model(str(damaged(saved, **changes)))
    assert text in str(caught.value)
    assert is_one_sentence(f"facelens: {ascii(str(caught.value))[1:-1]}\n")


@pytest.mark.parametrize("data", [b"", b"\x80\x04pickle", b"\xff" * 40, bytes(2_000_000)])
def test_what_is_no_head_is_refused(tmp_path, data):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(data)
    with pytest.raises(BundleError):
        load_model(str(path))


def test_a_head_is_for_its_task_alone(saved):
    with pytest.raises(BundleError, match="not for keypoints"):
        load_model(str(saved), task="keypoints")


def test_a_base_in_a_folder_is_found_beside_the_head(tmp_path, crops):
    folder = tiny_bundle(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config["version"] = "9"
    (folder / "config.json").write_text(json.dumps(config))
    from facelens.bundles.bundle import write_manifest

    write_manifest(folder)
    base = load_model(str(folder))
    teach(base, "bar", features(base, crops), YES).head.save(tmp_path / "h.safetensors")
    assert load_model(str(tmp_path / "h.safetensors")).base.config.version == "9"
    assert str(tmp_path).encode() not in (tmp_path / "h.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("  ", "letters that can be shown"),
        ("x" * 41, "at most 40 characters"),
        ("smiling", "answers “smiling” already"),
        ("wearing hat", "already"),
    ],
)
def test_a_word_that_does_not_do_is_refused(model, seen, word, text):
    with pytest.raises(DataError, match=text):
        teach(model, word, seen, YES)


def test_too_few_too_many_and_a_second_word_are_refused(model, seen, lesson):
    with pytest.raises(DataError, match="faces in 4 photos of yes and 16 of no"):
        teach(model, "few", seen, np.arange(20) < 4)
    with pytest.raises(DataError, match="at most 100 in all"):
        teach(model, "many", np.tile(seen, (6, 1)), np.tile(YES, 6))
    with pytest.raises(DataError, match="has a taught word already"):
        teach(TaughtModel(model, lesson.head), "second", seen, YES)


# the command line


def photo(crop):
    """A photo of one crop, large enough to be found."""
    stream = io.BytesIO()
    Image.fromarray(crop).resize((356, 436)).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def folders(tmp_path, face):
    """Six photos of a dark face, six of a light one, and one without a face."""
    rng = np.random.default_rng(0)
    for name, low in (("yes", 0.25), ("no", 0.85)):
        (tmp_path / name).mkdir()
        for i in range(6):
            dimmed = (face * (low + 0.1 * rng.random())).astype(np.uint8)
            (tmp_path / name / f"{i}.png").write_bytes(photo(dimmed))
    (tmp_path / "no" / "grey.png").write_bytes(photo(np.full((218, 178, 3), 90, np.uint8)))
    return tmp_path / "yes", tmp_path / "no"


def test_the_command_teaches_and_predict_and_label_answer(run, folders, tmp_path, astronaut):
    out = tmp_path / "dark.safetensors"
    asked = ("teach", *folders, "--word", "dark photo", "--out", out, "--detector", "haar")
    code, said, err = run(*asked)
    assert code == 0, err
    assert "dark photo" in said.splitlines()[0]
    assert "your judgement, not a fact about people" in said
    assert "No face was found in" in err
    assert "grey.png" in err
    code, said, err = run("predict", astronaut, "--model", out, "--detector", "haar")
    assert code == 0, err
    assert "read by mobilenet_v2" in said
    assert "Dark photo" in said
    table = tmp_path / "t.csv"
    code, _, err = run("label", folders[0], "--out", table, "--model", out, "--workers", "1",
                       "--detector", "haar")  # fmt: skip
    assert code == 0, err
    assert table.read_text().splitlines()[0].endswith(",dark photo")

    code, _, err = run(*asked)
    assert code == 2
    assert "--force" in err
    assert run(*asked, "--force")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--word", "smiling"], "already"),
        (["--word", "w", "--model", "no_such"], "There is no model"),
    ],
)
def test_the_command_refuses_with_a_sentence(run, folders, tmp_path, arguments, text):
    code, _, err = run("teach", *folders, "--out", tmp_path / "x.safetensors", *arguments)
    assert code == 2
    assert text in err
    assert not (tmp_path / "x.safetensors").exists()


def test_folders_that_do_not_do_are_refused(run, folders, tmp_path):
    out = ("--word", "w", "--out", tmp_path / "x.safetensors", "--detector", "haar")
    code, _, err = run("teach", tmp_path / "none", folders[1], *out)
    assert (code, "There is no folder" in err) == (2, True)
    (tmp_path / "empty").mkdir()
    code, _, err = run("teach", folders[0], tmp_path / "empty", *out)
    assert (code, "No face was found in the photos of" in err) == (3, True)
    code, _, err = run("teach", folders[0], folders[0], *out)
    assert (code, "in the other folder" in err) == (2, True)
    code, _, err = run("teach", *folders, *out[:3], tmp_path / "x.bin")
    assert (code, "does not end in .safetensors" in err) == (2, True)


def test_reading_a_head_needs_no_base(saved):
    assert read_head(saved).word == "black bar"


# real faces


@pytest.fixture(scope="module")
def expressions(model, data_dir):
    """Features of a hundred small faces each of happy, of fear and of others, and their names."""
    import cv2
    import pyarrow.parquet as pq
    from conftest import missing

    path = data_dir / "expressions" / "valid-00000-of-00001.parquet"
    if not path.is_file():
        missing(f"{path} is missing: FER2013's faces in the Hub's layout")
    rows = [row for row in pq.read_table(path).to_pylist() if not row["repeat"]]
    warp = np.array([[2.2, 0, 35.7], [0, 2.2, 69.2]], np.float32)  # onto CelebA's template
    seen, names = [], []
    for name in ("happy", "fear", "neutral", "sad"):
        for row in [row for row in rows if row["expression"] == name][:60]:
            pixels = np.asarray(Image.open(io.BytesIO(row["image"]["bytes"])).convert("RGB"))
            crop = cv2.warpAffine(
                pixels, warp, (178, 218), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
            )
            seen.append(features(model, crop[None])[0])
            names.append(name)
    return np.stack(seen), np.array(names)


@pytest.mark.data
@pytest.mark.parametrize(("word", "told"), [("happy", True), ("fear", False)])
def test_happy_is_told_and_fear_is_not_claimed(model, expressions, word, told):
    seen, names = expressions
    rng = np.random.default_rng(0)
    few = np.concatenate(
        [
            rng.permutation(np.flatnonzero((names == word) == answer))[:30]
            for answer in (True, False)
        ]
    )
    head = teach(model, word, seen[few], (names == word)[few]).head
    assert head.can_tell == told
    assert (head.area >= 0.75) == told
    assert ("cannot tell" in head.sentence) != told
