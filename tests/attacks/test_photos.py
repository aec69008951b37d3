"""Photos with changed bytes, in short: each is read, read with a hint, or refused."""

from attacks.photos import HINT, QUICK, READ, REFUSED, attack, run


def test_no_photo_with_changed_bytes_breaks_anything():
    outcomes = attack(QUICK, 0)
    *others, scrambled = outcomes
    assert [outcome for outcome in others if outcome.lost] == []
    assert scrambled.lost <= scrambled.tries / 5, "more pass for whole than the decoder excuses"
    assert {outcome.attack.split()[0] for outcome in outcomes} >= {"JPEG", "PNG", "TIFF", "AVIF"}


def test_the_same_seed_gives_the_same_photos():
    first, second = (run(20, 7)[0] for _ in range(2))
    assert [each[:2] for each in first] == [each[:2] for each in second]
    assert {result for _, result, _ in first} <= {READ, HINT, REFUSED}
