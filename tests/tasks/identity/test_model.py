"""The embedding network, and a gallery as a model: who it says a face is, and why."""

import json

import cv2
import numpy as np
import pytest
from helpers.likeness import MIDDLE, TINTS, album, likeness_bundle, tinted

from facelens import load_model
from facelens.bundles.bundle import write_manifest
from facelens.errors import BundleError, ThresholdError
from facelens.faces import Box, Face
from facelens.tasks import TASKS
from facelens.tasks.base import Style, Verdict
from facelens.tasks.example import write_example
from facelens.tasks.identity.answers import MEMORY, Recognition
from facelens.tasks.identity.curves import per_person
from facelens.tasks.identity.enrolled import GalleryModel
from facelens.tasks.identity.gallery import Gallery

TASK = TASKS["identity"]


@pytest.fixture
def bundle(tmp_path):
    return likeness_bundle(tmp_path)


@pytest.fixture
def network(bundle):
    return load_model(str(bundle))


def crop(tint, level=160, noise=0):
    pixels = np.full((218, 178, 3), level, np.uint8)
    if noise:
        pixels += np.random.default_rng(noise).integers(0, 40, pixels.shape, np.uint8)
    return tinted(pixels, tint)


def face(tint, hints=(), **more):
    box = Box(0, 0, 100, 100)
    return Face(
        box, 1.0, np.zeros((5, 2), np.float32), np.eye(2, 3), crop(tint, **more), "haar", hints
    )


@pytest.fixture
def gallery(network):
    crops = [crop(TINTS[name], noise=i) for name in ("Anna", "Ben") for i in (1, 2)]
    person = np.array([0, 0, 1, 1], np.int32)
    return Gallery(("Anna", "Ben"), network.embed(crops), person, network.name, network.checksum)


@pytest.fixture
def saved(gallery, tmp_path):
    gallery.save(tmp_path / "gallery.npz")
    return tmp_path / "gallery.npz"


@pytest.fixture
def model(saved):
    return load_model(str(saved))


# the network


def test_embeddings_are_unit_and_the_means_of_their_maps(network):
    crops = np.stack([crop(tint, noise=3) for tint in TINTS.values()])
    found, lengths, maps = network.embed_with_maps(crops)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(maps.mean((2, 3)), found * lengths[:, None], atol=1e-4)
    assert found.dtype == np.float32
    assert network.embed([]).shape == (0, 8)
    many = network.embed(np.repeat(crops, 4, 0))  # more than a batch
    np.testing.assert_allclose(many[::4], found, atol=1e-6)


def test_alone_it_says_that_nobody_is_enrolled(network):
    answer = network.predict([crop((1, 1, 1))])[0]
    assert answer.person == "nobody enrolled"
    said, text = TASK.describe(network, face((1, 1, 1)), answer, Style())
    assert said["people"] == []
    assert text.startswith("Nobody is enrolled: facelens enrol FOLDER")
    assert TASK.row(network, None, answer) == ("nobody enrolled", None, None, None, None)
    assert [str(word) for word in TASK.words(network, None, answer, Style())] == ["no"]
    assert network.blend(answer, answer, 0.5) is answer


def test_no_model_named_is_a_sentence():
    with pytest.raises(BundleError, match="Nobody is enrolled: facelens enrol FOLDER"):
        load_model(task="identity")


def test_its_example_is_checked_on_this_machine(bundle):
    write_example(load_model(str(bundle)))
    model = load_model(str(bundle))
    model.check()
    assert model.deviation.is_fine
    assert model.deviation.difference < 1e-3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: v.pop("curves"), "garbles"),
        (lambda v: v["curves"].update(margin=3), "garbles"),
        (lambda v: v["curves"]["photo"].update(cuts=[2.0] * 17), "garbles"),
        (lambda v: v.update(names=[str(i) for i in range(600)]), "more than 512 numbers"),
        (lambda v: v.update(names=["a", "b"]), "does not fit its config.json"),
        (lambda v: v.update(task="mask"), "a bundle for 'mask'"),
    ],
)
def test_a_config_that_says_what_cannot_be_is_a_sentence(bundle, change, words):
    path = bundle / "config.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    write_manifest(bundle)
    with pytest.raises(BundleError, match=words):
        load_model(str(bundle), task="identity").embed([crop((1, 1, 1))])


# who it is


def test_the_file_opens_as_a_model(model, saved, network, gallery):
    assert model.title == f"{network.title} + 2 people"
    assert model.place == saved
    assert model.names == ("Anna", "Ben")
    assert model.label("Anna") == "Anna"
    assert "2 people are enrolled: Anna (2 photos), Ben (2 photos)." in model.card
    assert load_model(str(saved), task="identity").gallery.checksum == gallery.checksum
    with pytest.raises(BundleError, match="is a gallery of people, for the task identity, not for"):
        load_model(str(saved), task="attributes")


def test_a_gallery_in_memory_has_no_place(network, gallery):
    model = GalleryModel(network, gallery)
    assert model.predict([crop(TINTS["Ben"])])[0].person == "Ben"
    with pytest.raises(BundleError, match="save it first"):
        _ = model.place


def test_each_is_recognised_and_a_stranger_is_nobody(model):
    answers = model.predict([crop(TINTS[name], noise=7) for name in ("Anna", "Ben", "Cleo")])
    assert [answer.person for answer in answers] == ["Anna", "Ben", "nobody enrolled"]
    verdicts = [Verdict.YES, Verdict.YES, Verdict.NO]
    assert [answer.verdict for answer in answers] == verdicts
    assert answers[0].nearest == "Anna"
    assert answers[0].second == "Ben"
    assert answers[0]["Anna"] == pytest.approx(answers[0].similarities[0])


def test_between_two_it_is_not_sure(model):
    (answer,) = model.predict([crop((1.0, 1.0, 0.2))])
    answer = answer.at(0.3)
    assert abs(answer["Anna"] - answer["Ben"]) < answer.margin
    assert answer.verdict is Verdict.DOUBTFUL
    assert answer.person == "not sure"


def test_the_threshold_is_read_from_the_curve_by_the_number_of_people(model):
    curve = model.recogniser.curves.mean
    assert model.threshold() == pytest.approx(curve.threshold(per_person(0.01, 2)))
    assert model.threshold(0.001) > model.threshold() > model.threshold(0.1)
    (answer,) = model.predict([crop(TINTS["Cleo"])])
    assert answer.threshold == model.threshold()
    assert model.at(answer, Style("0.1")).threshold == model.threshold(0.1)


@pytest.mark.parametrize("threshold", ["f1", "0.5", "0", "-1", "nan", "precision90"])
def test_a_threshold_that_is_no_share_of_strangers_is_a_sentence(model, threshold):
    with pytest.raises(ThresholdError, match="give the share of strangers"):
        model.check_style(Style(threshold))


def test_what_speaks_for_a_person_is_exact(model):
    answers = model.predict([crop(TINTS["Anna"], noise=5), crop(TINTS["Ben"])], maps=True)
    for answer in answers:
        assert answer.maps.shape == (2, 16, 16)
        np.testing.assert_allclose(answer.maps.mean((1, 2)), answer.similarities, atol=1e-5)
        np.testing.assert_array_equal(answer.evidence("Ben"), answer.maps[1])
    half = crop(TINTS["Anna"])
    half[:, 89:] = tinted(np.full((218, 89, 3), 160, np.uint8), TINTS["Ben"])
    (answer,) = model.predict([half], maps=True)
    left, right = np.split(answer.evidence("Anna"), 2, 1)
    assert left.mean() > right.mean(), "what is hers speaks for her"
    with pytest.raises(ValueError, match="maps=True"):
        model.predict([half])[0].evidence("Anna")


def test_a_tracked_face_keeps_its_name_through_a_bad_frame(model):
    anna, ben = model.predict([crop(TINTS["Anna"]), crop(TINTS["Ben"])])
    answer = model.blend(anna, anna, 1.0)
    for _ in range(5):
        answer = model.blend(answer, model.predict([crop(TINTS["Anna"], noise=2)])[0], 1.0)
    assert answer.frames == 6
    answer = model.blend(answer, ben, 1.0)
    assert answer.nearest == "Anna"
    np.testing.assert_allclose(np.linalg.norm(answer.embedding), 1, atol=1e-6)
    np.testing.assert_allclose(answer.similarities, model.gallery.means @ answer.embedding)
    for _ in range(3 * MEMORY):
        answer = model.blend(answer, ben, 1.0)
    assert answer.person == "Ben", "a track that was taken over by another is not stuck"


# in words


def test_words_and_sentence(model):
    anna, ben, cleo = model.predict([crop(TINTS[name]) for name in TINTS])
    words = TASK.words(model, face(TINTS["Anna"]), anna, Style())
    assert [(word.label, word.verdict) for word in words] == [
        ("Anna", Verdict.YES), ("Ben", None),
    ]  # fmt: skip
    assert 0 <= words[1].value <= words[0].value <= 1
    brief = TASK.words(model, face(TINTS["Ben"]), ben, Style(brief=True))
    assert [word.label for word in brief] == ["Ben"]
    (word,) = TASK.words(model, face(TINTS["Cleo"]), cleo, Style(brief=True))
    assert (word.label, word.verdict) == ("Nobody enrolled", Verdict.NO)
    (word,) = TASK.words(model, face((1, 1, 1)), ben, Style(names=("Anna",), brief=True))
    assert (word.label, word.verdict) == ("Anna", None)
    said = TASK.sentence(model, face(TINTS["Anna"]), anna, Style())
    assert said.startswith("This face is like Anna (similarity ")
    said = TASK.sentence(model, face(TINTS["Cleo"]), cleo, Style())
    assert said.startswith("This face is like nobody enrolled; nearest is ")


def test_a_name_on_a_blurred_face_is_doubtful(model):
    (anna,) = model.predict([crop(TINTS["Anna"])])
    poor = face(TINTS["Anna"], hints=("The face is blurred.",))
    assert TASK.words(model, poor, anna, Style())[0].verdict is Verdict.DOUBTFUL
    assert TASK.sentence(model, poor, anna, Style()).startswith("This face is perhaps Anna (")
    said, _ = TASK.describe(model, poor, anna, Style())
    assert (said["person"], said["verdict"]) == ("not sure", "doubtful")


def test_two_names_stand_where_it_is_not_sure(model):
    answer = Recognition(
        ("Anna", "Ben"), np.array([0.71, 0.7], np.float32), 0.6, 0.05, np.zeros(8, np.float32)
    )
    said = TASK.sentence(GivenThreshold(), face((1, 1, 1)), answer, Style())
    assert said.startswith("This face is like Anna and like Ben, too close to tell (")
    (word,) = TASK.words(GivenThreshold(), face((1, 1, 1)), answer, Style(brief=True))
    assert (word.label, word.verdict) == ("Anna or Ben", Verdict.DOUBTFUL)
    del model


class GivenThreshold:
    def at(self, answer, _):
        return answer


def test_json_and_text_list_all_by_likeness(model):
    (ben,) = model.predict([crop(TINTS["Ben"])])
    said, text = TASK.describe(model, face(TINTS["Ben"]), ben, Style())
    assert (said["person"], said["verdict"]) == ("Ben", "yes")
    assert [each["name"] for each in said["people"]] == ["Ben", "Anna"]
    assert said["threshold"] == round(model.threshold(), 4)
    assert [line.split()[0] for line in text.splitlines()[2:]] == ["Ben", "Anna"]
    row = dict(zip(TASK.columns(model), TASK.row(model, None, ben), strict=True))
    assert (row["person"], row["nearest_person"], row["second_person"]) == ("Ben", "Ben", "Anna")
    assert row["similarity"] > row["second_similarity"]


# of another network


def test_another_version_of_the_network_is_a_sentence(saved, bundle):
    import onnx

    graph = onnx.load(bundle / "model.onnx")
    graph.producer_name = "another"
    onnx.save(graph, bundle / "model.onnx")
    write_manifest(bundle)
    with pytest.raises(BundleError, match="enrolled by another version of likeness"):
        load_model(str(saved))


def test_a_network_that_is_not_here_is_a_sentence(saved, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    saved.rename(elsewhere / "gallery.npz")
    with pytest.raises(BundleError, match="likeness, which is not here; put its folder beside it"):
        load_model(str(elsewhere / "gallery.npz"))


def test_embeddings_of_another_width_are_refused(network, gallery):
    narrow = Gallery(
        gallery.names, gallery.embeddings[:, :4], gallery.person, "likeness", network.checksum
    )
    with pytest.raises(BundleError, match="embeddings of 4 numbers"):
        GalleryModel(network, narrow)


# on the command line


@pytest.fixture
def photos(astronaut, tmp_path):
    return album(tmp_path / "people", astronaut)


@pytest.fixture
def enrolled(photos, bundle, tmp_path, run):
    out = tmp_path / "enrolled.npz"
    for cleo in (photos / "Cleo").iterdir():
        cleo.unlink()
    (photos / "Cleo").rmdir()
    code, _, err = run("enrol", photos, "--out", out, "--recogniser", bundle, "--detector", "haar")
    assert (code, err) == (0, "")
    return out


def test_predict_label_and_a_film_say_who_it_is(enrolled, astronaut, tmp_path, run):
    pixels = cv2.imread(str(astronaut))[..., ::-1]
    stranger = tmp_path / "stranger.png"
    for name, tint in (("anna", TINTS["Anna"]), ("stranger", TINTS["Cleo"])):
        cv2.imwrite(str(tmp_path / f"{name}.png"), tinted(pixels, tint)[..., ::-1])
    code, out, _ = run(
        "predict", tmp_path / "anna.png", stranger, "--task", "identity", "--model", enrolled,
        "--json", "--detector", "haar",
    )  # fmt: skip
    assert code == 0
    found = [json.loads(line)["faces"][0] for line in out.splitlines()]
    assert [each["person"] for each in found] == ["Anna", "nobody enrolled"]
    album_ = tmp_path / "album"
    album_.mkdir()
    stranger.rename(album_ / "stranger.png")
    (tmp_path / "anna.png").rename(album_ / "anna.png")
    for table in ("faces.csv", "faces.parquet"):
        code, *_ = run(
            "label", album_, "--task", "identity", "--model", enrolled, "--out", tmp_path / table,
            "--workers", 1, "--detector", "haar",
        )  # fmt: skip
        assert code == 0
    from facelens.tables import read_records

    for table in ("faces.csv", "faces.parquet"):
        rows = read_records(tmp_path / table)
        assert [row["person"] for row in rows] == ["Anna", "nobody enrolled"]
        assert rows[0]["nearest_person"] == "Anna"
        assert float(rows[0]["similarity"]) > float(rows[0]["second_similarity"])


def test_a_film_has_a_name_for_each_face(enrolled, astronaut, tmp_path):
    from facelens.tables import read_records
    from facelens.video.annotated import track_film

    frame = cv2.resize(cv2.imread(str(astronaut)), (320, 320))
    lit = tinted(frame[..., ::-1], TINTS["Ben"])[..., ::-1]
    film = tmp_path / "film.avi"
    writer = cv2.VideoWriter(
        str(film), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"MJPG"), 5, (320, 320)
    )
    for _ in range(4):
        writer.write(np.ascontiguousarray(lit))
    writer.release()
    model = str(enrolled)
    track_film(film, tmp_path / "film.csv", task="identity", model=model, detector="haar")
    rows = read_records(tmp_path / "film.csv")
    assert {(row["face"], row["person"]) for row in rows} == {("1", "Ben")}
    copy = track_film(film, tmp_path / "copy.avi", task="identity", model=model, detector="haar")
    assert copy.tracks == 1


def test_predict_with_nobody_enrolled_is_a_sentence(astronaut, run):
    code, out, err = run("predict", astronaut, "--task", "identity")
    assert (code, out) == (2, "")
    assert err.startswith("facelens: Nobody is enrolled: facelens enrol FOLDER")
    assert MIDDLE > 0
