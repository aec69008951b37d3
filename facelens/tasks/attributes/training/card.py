"""The model card: a bundle's README.md, every figure from the bundle itself."""

import math
from pathlib import Path
from typing import Any

from facelens.data.celeba import CELEBA_CONFIG, CELEBA_REPO
from facelens.data.people import crowd
from facelens.files import write_text
from facelens.tasks.attributes.evaluate import Evaluation
from facelens.tasks.attributes.names import JUDGEMENTS_NOTE, describe
from facelens.tasks.config import ClassifierConfig
from facelens.tasks.fairness import BASE_RATE, NO_GROUPS, RULE, gaps, verdict

_TITLES = {
    "accuracy": "mean accuracy at 0.5",
    "average_precision": "macro average precision",
    "f1": "macro F1 at 0.5",
    "balanced_accuracy": "balanced accuracy at 0.5",
}
GUARANTEED = "## Guaranteed thresholds"
_CELEBA_TERMS = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
# What the Hub shows beside the card: our name of a figure, the Hub's, and in words.
_ON_THE_HUB = {
    "accuracy": ("accuracy", "mean accuracy at 0.5"),
    "average_precision": ("average_precision", "macro average precision"),
    "ece": ("expected_calibration_error", "mean ECE, 15 bins"),
}


def write_card(path: Path, config: ClassifierConfig, results: dict[str, Evaluation]) -> None:
    """Write the card of the bundle `config` with the figures of each measured split."""
    shown = results.get("test") or results.get("valid")
    parts = [_head(config, results), _intro(config), _use(config), _training(config)]
    if shown:
        split = "test" if "test" in results else "validation"
        parts += [_overall(results), _by_attribute(config, shown, split), _by_group(shown, split)]
    parts += [guaranteed(config), _limits(config, results)]
    write_text(path, "\n\n".join(part for part in parts if part) + "\n")


def _is_celeba(config: ClassifierConfig) -> bool:
    return str(config.data.get("name", "")).startswith("CelebA")


def _head(config: ClassifierConfig, results: dict[str, Evaluation]) -> str:
    """What the Hub reads: terms, data, figures."""
    from huggingface_hub import ModelCardData

    figures = _eval_results(config, results)
    celeba = _is_celeba(config)
    head = ModelCardData(
        license="other",
        license_name="non-commercial-research" if celeba else "stated-in-the-card",
        license_link=_CELEBA_TERMS if celeba else None,
        library_name="facelens",
        pipeline_tag="image-classification",
        tags=["face-attributes", "multi-label", "onnx"],
        datasets=[CELEBA_REPO] if celeba else None,
        metrics=[figure.metric_type for figure in figures] or None,
        model_name=f"{config.name} {config.version}",
        eval_results=figures or None,
    )
    return f"---\n{head.to_yaml()}\n---"


def _eval_results(config: ClassifierConfig, results: dict[str, Evaluation]) -> list[Any]:
    """The figures of the test faces, or of the validation faces where there are no others."""
    from huggingface_hub import EvalResult

    split = "test" if "test" in results else "valid"
    if split not in results:
        return []
    measured, celeba = results[split], _is_celeba(config)
    name = str(config.data.get("name") or "unnamed data")
    return [
        EvalResult(
            task_type="image-classification",
            task_name="face attributes, multi-label",
            dataset_type=CELEBA_REPO if celeba else name,
            dataset_name=name,
            dataset_config=CELEBA_CONFIG if celeba else None,
            dataset_split=split,
            dataset_args={"faces": measured.faces, "people": measured.people},
            metric_type=kind,
            metric_name=title,
            metric_value=float(measured.overall[key]["value"]),
        )
        for key, (kind, title) in _ON_THE_HUB.items()
        if math.isfinite(measured.overall[key]["value"])
    ]


def _intro(config: ClassifierConfig) -> str:
    return f"""\
# {config.name} {config.version}

{config.architecture} that answers {len(config.names)} yes/no questions about a face, each \
with a probability. It takes 178x218 crops aligned to CelebA's template; resizing to \
{config.input_size[0]}x{config.input_size[1]} (height x width), normalising\
{" and averaging with the mirrored crop" if config.flip_average else ""} happen inside \
`model.onnx`. Trained on {config.data.get("name", "unnamed data")}."""


def _use(config: ClassifierConfig) -> str:
    parts = [
        "## Use",
        "**Meant for** seeing and teaching what a network reads in a face, and where it errs.",
        "**Not meant for** deciding anything about anyone: no hiring, policing, access, "
        "advertising or identification; no claim about gender, age, health, character or emotion.",
        f"**Terms** {config.licence}",
    ]
    judgements = [name for name in config.names if describe(name).is_judgement]
    if judgements and _is_celeba(config):
        parts.append(f"**Judgements** {JUDGEMENTS_NOTE}")
    elif judgements:
        parts.append(
            f"**Judgements** {', '.join(judgements)}: opinions of those who labelled the pictures, "
            "not facts about anyone."
        )
    return "\n\n".join(parts)


def _training(config: ClassifierConfig) -> str:
    recipe = config.recipe
    rows = recipe.get("history", [])
    table = ["| stage | epoch | picture | training loss | validation loss | accuracy | macro AP |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    table += [
        f"| {'frozen' if recipe['stages'][int(row['stage'])]['frozen'] else 'unfrozen'} "
        f"| {int(row['epoch']) + 1} | {row['size']} | {row['train_loss']} | {row['valid_loss']} "
        f"| {row['accuracy']} | {row['macro_ap']} |"
        for row in rows
    ]
    return f"""## Training

{_facts(config)}{_teachers(recipe)} Binary cross-entropy, AdamW with \
one-cycle, mixup {recipe.get("mixup")}, averaged weights (EMA {recipe.get("ema")}), flips, small \
turns, shifts and changes of light. Validation figures below are of the averaged weights \
on pictures of {config.input_size[0]}x{config.input_size[1]}, uncalibrated and without mirroring; \
the training loss is of mixed pictures and reads higher.

{chr(10).join(table)}

{_graph(config.metrics)}"""


def _facts(config: ClassifierConfig) -> str:
    """On how many faces it was trained, and from which weights; a run may not say."""
    data, start = config.data, config.recipe.get("start")
    faces = "How many faces it learnt from is not recorded."
    if {"train", "valid"} <= data.keys():
        faces = f"{data['train']} training and {data['valid']} validation faces, people apart."
    return f"{faces} Start: {start}." if start else f"{faces} Its first weights are not recorded."


def _graph(metrics: dict[str, Any]) -> str:
    text = f"The graph and torch differ by at most {metrics['graph_difference']:.1g} in a logit."
    if "rounding" not in metrics:
        return text
    how = (
        "It was then made to compute in int8"
        if metrics["precision"] == "int8"
        else f"Its kernels were then stored as {metrics['precision']}"
    )
    return (
        f"{text} {how}, which moves a logit by {metrics['rounding']:.2g} (root mean square); "
        "every figure below is of the graph as shipped."
    )


def _teachers(recipe: dict[str, Any]) -> str:
    teachers = recipe.get("teachers", [])
    if not teachers:
        return ""
    return (
        f" Learnt from the labels and, with a share of {recipe['teacher_share']:g}, from "
        f"{' and '.join(teachers)}."
    )


def _overall(results: dict[str, Evaluation]) -> str:
    lines = ["## How good", "", "Measured on the graph as shipped by `facelens evaluate`; 95 % "
             "intervals by bootstrap over people.", ""]  # fmt: skip
    lines[2] += "".join(
        f" {split.capitalize()}: {crowd(r.faces, r.people, r.unknown)}."
        for split, r in results.items()
        if r.unknown or r.people == 1
    )
    names = list(results)
    lines += [
        "| | " + " | ".join(f"{n} ({results[n].faces} faces)" for n in names) + " |",
        "|---|" + "---|" * len(names),
    ]
    for key, title in _TITLES.items():
        cells = [_between(results[n].overall[key], "value", 4) for n in names]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    for key, title in (
        ("majority", "majority class"),
        ("ece", "mean ECE, 15 bins"),
        ("ece_floor", "its sampling floor"),
        ("ece_steady", "mean ECE without attributes labelled otherwise in test"),
        ("ece_floor_steady", "its sampling floor"),
    ):
        cells = [f"{results[n].overall[key]['value']:.4f}" for n in names]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    if "valid" in results:
        lines += ["", "Calibration and thresholds were fitted on the validation faces: its ECE "
                  "flatters. Nothing was tuned on the test faces."]  # fmt: skip
    return "\n".join(lines)


def _by_attribute(config: ClassifierConfig, shown: Evaluation, split: str) -> str:
    notes = _is_celeba(config)  # which are about CelebA's labels
    lines = [
        f"## By attribute ({split} faces)",
        "",
        "| attribute | rate | majority | accuracy | AP | F1 | balanced | ECE (floor) | note |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {row['prevalence']:.3f} | {row['majority']:.3f} | {row['accuracy']:.3f} "
        f"| {row['average_precision']:.2f} | {row['f1']:.2f} | {row['balanced_accuracy']:.2f} "
        f"| {row['ece']:.3f} ({row['ece_floor']:.3f}) | {describe(name).note if notes else ''} |"
        for name, row in shown.attributes.items()
    ]
    return "\n".join(lines)


def _by_group(shown: Evaluation, split: str) -> str:
    title = f"## Error by group ({split} faces)"
    if not shown.groups:
        return f"{title}\n\n{NO_GROUPS}"
    lines = [
        title,
        "",
        *_gate(shown),
        "",
        "Groups are labels, not facts about people. Share of wrong answers over all "
        "attributes at 0.5, with its 95 % interval.",
        "",
        "| group | faces | error |",
        "|---|---|---|",
    ]
    for title, group in shown.groups.items():
        lines.append(f"| {title} | {group['faces']} | {_error(group)} |")
    lines += [
        "",
        "Share of the faces with a yes that are found in each group, with its 95 % interval; "
        "“too few” under 20 faces with a yes.",
        "",
        f"| attribute | {' | '.join(shown.groups)} |",
        f"|---|{'---|' * len(shown.groups)}",
    ]
    asked = {name: None for group in shown.groups.values() for name in group.get("recall", {})}
    lines += [
        f"| {name} | {' | '.join(_share(group, name) for group in shown.groups.values())} |"
        for name in asked
    ]
    return "\n".join(lines)


def _gate(shown: Evaluation) -> list[str]:
    """Where the error of a group is more than twice another's, or that there is no such group."""
    found = gaps(shown.groups)
    if not found:
        return [f"{' '.join(verdict(shown.groups))} The rule: {RULE}."]
    return [
        "**Warning: it errs more than twice as often on some people as on others.** Groups whose "
        f"error is more than twice another's; the rule: {RULE}. {BASE_RATE}",
        "",
        "| | errs more on | wrong | errs less on | wrong |",
        "|---|---|---|---|---|",
        *(
            f"| {gap.what} | {gap.worse} ({gap.faces[0]} faces) | {100 * gap.errors[0]:.1f} % "
            f"| {gap.better} ({gap.faces[1]} faces) | {100 * gap.errors[1]:.1f} % |"
            for gap in found
        ),
    ]


def _share(group: dict[str, Any], name: str) -> str:
    found = group.get("recall", {}).get(name, "too few")
    if isinstance(found, str):
        return found
    return f"{found['value']:.2f} ({found['low']:.2f}-{found['high']:.2f})"


def _error(group: dict[str, Any]) -> str:
    if isinstance(group["error"], str):
        return group["error"]
    return _between(group, "error", 3)


def _between(figure: dict[str, Any], key: str, digits: int) -> str:
    """A figure with its 95 % interval, which a single person does not give."""
    text = f"{figure[key]:.{digits}f}"
    if figure["low"] is None or math.isnan(figure["low"]):
        return text
    return f"{text} ({figure['low']:.{digits}f}-{figure['high']:.{digits}f})"


def guaranteed(config: ClassifierConfig) -> str:
    """The section on the thresholds whose precision is guaranteed, empty if there are none."""
    found = config.metrics.get("guarantee")
    if not found or "sure90" not in config.operating_points:
        return ""
    pairs = zip(config.names, config.operating_points["sure90"], strict=True)
    reached = [name for name, threshold in pairs if math.isfinite(threshold)]
    names = ", ".join(reached) or "none"
    text = (
        f"At the operating point `sure90` at least {found['precision']:.0%} of the yeses are "
        f"right, with {found['confidence']:.0%} confidence for each attribute by itself (Learn "
        f"then Test, Angelopoulos et al., 2021, on {found['faces']:,} faces of "
        f"{found['people']:,} people). {len(reached)} of {len(config.names)} attributes reach it: "
        f"{names}. "
        "It holds over draws of faces like these, not for other photos."
    )
    return f"{GUARANTEED}\n\n{text}"


def _limits(config: ClassifierConfig, results: dict[str, Evaluation]) -> str:
    name = config.data.get("name", "unnamed data")
    parts = []
    if _is_celeba(config):
        parts.append(
            "CelebA shows celebrities on press photos, mostly young, light-skinned and made up; on "
            "other faces every figure here is optimistic. Its labels are noisy: people agree on "
            "only a dozen of the 40. A probability says how often CelebA's labellers would click "
            "yes on such a picture, not what is true of a person."
        )
    else:
        parts.append(
            f"The figures hold for faces like those of {name}, labelled as they were; on others "
            "they are optimistic. A probability says how often those who labelled them would say "
            "yes to such a picture, not what is true of a person."
        )
    parts.append(
        "It expects a face that was detected and aligned as `facelens` does. Small, turned, dark "
        "or blurred faces are answered worse."
    )
    measured = results.get("test") or results.get("valid")
    if measured:
        parts.append(
            f"Measured on {crowd(measured.faces, measured.people, measured.unknown)}. "
            "Differences smaller than the intervals above mean nothing, and a rare attribute rests "
            "on few faces."
        )
    return "## Limits\n\n" + " ".join(parts)
