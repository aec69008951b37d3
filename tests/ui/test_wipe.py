"""What was of a photo is zeroed when the visitor lets go of it."""

import gc
import weakref

import numpy as np
import pytest

from facelens.ui import Live, Selfie
from facelens.ui.wipe import release, wipe


def say(view, kind, buffers=(), **content):
    view._handle_custom_msg({"kind": kind, **content}, list(buffers))


@pytest.fixture
def page(sent, astronaut):  # noqa: ARG001
    page = Selfie(detector="haar")
    say(page.intake, "photo", [astronaut.read_bytes()], name="photo.jpg")
    return page


def test_arrays_are_zeroed_where_they_may_be():
    one, fixed = np.ones(3), np.frombuffer(b"abc", np.uint8)
    wipe(one, None, fixed)
    assert not one.any()
    assert bytes(fixed) == b"abc"


def test_clear_zeroes_photo_crop_and_feature_maps(page):
    say(page.inside, "ask", name=page.model.config.layers[0].name)
    held = [page._photo.pixels, page._faces[0].crop, page._layers[0].maps]
    assert all(array.any() for array in held)
    say(page.intake, "clear")
    assert not any(array.any() for array in held)


def test_the_next_photo_zeroes_the_one_before_it(page):
    held = [page._photo.pixels, page._faces[0].crop]
    say(page.intake, "example")
    assert not any(array.any() for array in held)
    assert page._photo.pixels.any()


def test_a_face_that_was_kept_stays_until_it_is_let_go(page):
    say(page.compare, "keep")
    kept, photo = page._faces[0].crop, page._photo.pixels
    say(page.intake, "example")
    assert kept.any()
    assert not photo.any()
    say(page.compare, "drop")
    assert not kept.any()


@pytest.mark.parametrize("end", ["clear", "keep"])
def test_a_kept_face_goes_with_clear_and_with_the_next_one(page, end):
    say(page.compare, "keep")
    kept = page._faces[0].crop
    say(page.intake, "example")
    say(page.intake if end == "clear" else page.compare, end)
    assert not kept.any()


def test_a_face_on_the_page_stays_when_it_is_no_longer_kept(page):
    say(page.compare, "keep")
    say(page.compare, "drop")
    assert page._faces[0].crop.any()
    say(page.compare, "keep")
    say(page.compare, "keep")
    assert page._faces[0].crop.any()


def test_a_frame_of_the_camera_is_zeroed_once_it_is_answered(sent, astronaut, monkeypatch):
    page, held = Live(detector="haar"), []
    say(page.intake, "ready")
    see = Live.see

    def seen(*args, **options):
        photo, faces = see(*args, **options)
        held.extend([photo.pixels, *(each.face.crop for each in faces)])
        assert all(array.any() for array in held)
        return photo, faces

    monkeypatch.setattr(Live, "see", seen)
    say(page.intake, "frame", [astronaut.read_bytes()], turn="1", seconds=0.0)
    assert len(held) == 2
    assert not any(array.any() for array in held)
    assert [content["kind"] for _, content, _ in sent][-1] == "seen"


def test_the_message_does_not_keep_the_upload(sent, astronaut):  # noqa: ARG001
    page, buffers = Selfie(detector="haar"), [memoryview(astronaut.read_bytes())]
    page.intake._handle_custom_msg({"kind": "photo", "name": "a.jpg"}, buffers)
    assert buffers == []


def test_release_collects_what_holds_itself():
    class Node:
        pass

    gc.disable()
    try:
        node = Node()
        node.me, gone = node, weakref.ref(node)
        del node
        release()
        assert gone() is None
    finally:
        gc.enable()
