"""Pages of other sites and robots, in short: no kernel starts for them, no place is held."""

from attacks import rebinding


def test_no_kernel_starts_for_another_site_and_robots_hold_no_place():
    for outcome in rebinding.attack(rebinding.QUICK, 0):
        assert outcome.lost == 0, outcome
