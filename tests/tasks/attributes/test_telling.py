"""Which attribute tells the most about a face."""

import numpy as np
from helpers.few import FewAnswers

from facelens.tasks.attributes.telling import most_telling, telling_yeses
from facelens.tasks.base import Verdict
from facelens.tasks.classifier import Prediction


def answer(names, *probabilities):
    p = np.array(probabilities, np.float32)
    return Prediction(np.log(p / (1 - p)), p, tuple(names))


def network(names, prevalence):
    model = FewAnswers(names)
    model.curves.__dict__["prevalence"] = np.array(prevalence, np.float32)
    return model


def test_the_rarest_of_what_is_likely_comes_first():
    names = ["No_Beard", "Bangs", "Eyeglasses"]
    model = network(names, [0.83, 0.15, 0.06])
    assert most_telling(model, answer(names, 0.99, 0.7, 0.5)) == "Bangs"
    # Nothing is found: what is least surprising to be absent, and no error.
    assert most_telling(model, answer(names, 0.01, 0.01, 0.01)) == "Eyeglasses"


def test_a_judgement_is_never_chosen():
    names = ["Young", "Smiling"]
    model = network(names, [0.1, 0.5])
    assert most_telling(model, answer(names, 0.99, 0.2)) == "Smiling"
    assert most_telling(network(["Young"], [0.1]), answer(["Young"], 0.99)) is None


def test_only_a_yes_is_told_the_unusual_first():
    names = ["No_Beard", "Bangs", "Hat", "Young", "Smiling"]
    yes, no, doubt = Verdict.YES, Verdict.NO, Verdict.DOUBTFUL
    prediction = answer(names, 0.99, 0.8, 0.9, 0.99, 0.4)
    curves = network(names, [0.8, 0.1, 0.1, 0.1, 0.1]).curves
    told = telling_yeses(prediction, [yes, yes, doubt, yes, no], curves)
    assert told == ["Bangs", "No_Beard"]
