"""Seconds of a state, face by face."""

from facelens.tasks.base import State
from facelens.video.stopwatch import GAP, Stopwatch
from facelens.video.stream import Observation

BARE = State("seconds_bare", lambda answer: answer == "bare")


def seen(**answers):
    return [Observation(int(name[1:]), None, answer) for name, answer in answers.items()]


def test_time_passes_between_two_frames_that_both_show_the_state():
    watch = Stopwatch(BARE)
    for seconds, first, second in (
        (10.0, "bare", "masked"), (10.5, "bare", "bare"), (11.0, "masked", "bare"),
        (11.5, "bare", "bare"), (12.25, "bare", "masked"),
    ):  # fmt: skip
        watch.note(seconds, seen(n1=first, n2=second))
    assert watch.spent(1) == 0.5 + 0.75
    assert watch.spent(2) == 1.0
    assert watch.spent(3) == 0


def test_a_face_out_of_sight_is_counted_only_if_it_is_soon_back_and_no_clock_runs_back():
    watch = Stopwatch(BARE)
    watch.note(0.0, seen(n1="bare"))
    watch.note(0.4, [])
    watch.note(0.8, seen(n1="bare"))
    assert watch.spent(1) == 0.8
    watch.note(0.8 + GAP + 0.1, seen(n1="bare"))
    assert watch.spent(1) == 0.8
    watch.note(0.5, seen(n1="bare"))
    assert watch.spent(1) == 0.8
