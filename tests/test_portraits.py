"""The whole road on photos that are no aligned crops: plain facts are answered right."""

import csv

import pytest

from facelens import find_faces, load_model, read_photo

pytestmark = pytest.mark.data


@pytest.mark.parametrize("detector", ["haar", "own", "yunet"])
def test_what_is_plain_to_the_eye_is_answered_right(portraits, detector, request):
    if detector == "yunet":
        detector = f"yunet:{request.getfixturevalue('yunet')}"
    model = load_model()
    right, wrong = 0, []
    with (portraits / "labels.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            photo = row.pop("photo")
            faces = find_faces(read_photo(portraits / photo), detector=detector)
            assert len(faces) == 1, photo
            answer = model.predict(faces)[0]
            for name, fact in row.items():
                if fact and (answer[name] >= 0.5) == (fact == "1"):
                    right += 1
                elif fact:
                    wrong.append(f"{photo} {name}")
    assert right + len(wrong) == 65
    assert right >= 59, wrong
