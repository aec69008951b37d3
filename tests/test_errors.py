from facelens.errors import many


def test_one_is_counted_as_one():
    assert many(1, "photo") == "1 photo"
    assert many(0, "photo") == "0 photos"
    assert many(1200, "photo") == "1,200 photos"
    assert many(1, "face is", "faces are") == "1 face is"
    assert many(2, "other entry", "other entries") == "2 other entries"
