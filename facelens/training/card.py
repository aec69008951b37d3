"""The model card: a bundle's README.md, every figure from the bundle itself."""

from pathlib import Path
from typing import Any

from facelens.attributes import JUDGEMENTS_NOTE, describe
from facelens.evaluate import Evaluation
from facelens.model.bundle import Config

_TITLES = {
    "accuracy": "mean accuracy at 0.5",
    "average_precision": "macro average precision",
    "f1": "macro F1 at 0.5",
    "balanced_accuracy": "balanced accuracy at 0.5",
}


def write_card(path: Path, config: Config, results: dict[str, Evaluation]) -> None:
    """Write the card of the bundle `config` with the figures of each measured split."""
    shown = results.get("test") or results.get("valid")
    parts = [_head(config), _use(config), _training(config)]
    if shown:
        split = "test" if "test" in results else "validation"
        parts += [_overall(results), _by_attribute(shown, split), _by_group(shown, split)]
    parts.append(_limits())
    path.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


def _head(config: Config) -> str:
    return f"""---
license: other
license_name: non-commercial-research
library_name: facelens
pipeline_tag: image-classification
tags: [face-attributes, onnx]
---

# {config.name} {config.version}

{config.architecture} that answers {len(config.attributes)} yes/no questions about a face, each \
with a probability. It takes 178x218 crops straightened to CelebA's template; resizing to \
{config.input_size[0]}x{config.input_size[1]} (height x width), normalising\
{" and averaging with the mirrored crop" if config.flip_average else ""} happen inside \
`model.onnx`. Trained on {config.data.get("name", "unnamed data")}."""


def _use(config: Config) -> str:
    return f"""## Use

**Meant for** seeing and teaching what a network reads in a face, and where it errs.

**Not meant for** deciding anything about anyone: no hiring, policing, access, advertising or \
identification; no claim about gender, age, health, character or emotion.

**Terms** {config.licence}

**Judgements** {JUDGEMENTS_NOTE}"""


def _training(config: Config) -> str:
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
    data = config.data
    return f"""## Training

{data.get("train", "?")} training and {data.get("valid", "?")} validation faces, people apart. \
Start: {recipe.get("start", "?")}. Binary cross-entropy, AdamW with one-cycle, mixup \
{recipe.get("mixup")}, averaged weights (EMA {recipe.get("ema")}), flips, small turns, shifts and \
changes of light. Validation figures below are of the averaged weights, uncalibrated and \
without mirroring; the training loss is of mixed pictures and reads higher.

{chr(10).join(table)}

The graph and torch differ by at most {config.metrics["graph_difference"]:.1g} in a logit."""


def _overall(results: dict[str, Evaluation]) -> str:
    lines = ["## How good", "", "Measured on the graph as shipped by `facelens evaluate`; 95 % "
             "intervals by bootstrap over people.", ""]  # fmt: skip
    names = list(results)
    lines += [
        "| | " + " | ".join(f"{n} ({results[n].faces} faces)" for n in names) + " |",
        "|---|" + "---|" * len(names),
    ]
    for key, title in _TITLES.items():
        cells = [
            f"{o['value']:.4f} ({o['low']:.4f}-{o['high']:.4f})"
            for o in (results[n].overall[key] for n in names)
        ]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    for key, title in (
        ("majority", "majority class"),
        ("ece", "mean ECE, 15 bins"),
        ("ece_floor", "its sampling floor"),
    ):
        cells = [f"{results[n].overall[key]['value']:.4f}" for n in names]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    if "valid" in results:
        lines += ["", "Temperatures and thresholds were fitted on the validation faces: its ECE "
                  "flatters. Nothing was tuned on the test faces."]  # fmt: skip
    return "\n".join(lines)


def _by_attribute(shown: Evaluation, split: str) -> str:
    lines = [
        f"## By attribute ({split} faces)",
        "",
        "| attribute | rate | majority | accuracy | AP | F1 | balanced | ECE (floor) | note |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {row['prevalence']:.3f} | {row['majority']:.3f} | {row['accuracy']:.3f} "
        f"| {row['average_precision']:.2f} | {row['f1']:.2f} | {row['balanced_accuracy']:.2f} "
        f"| {row['ece']:.3f} ({row['ece_floor']:.3f}) | {describe(name).note} |"
        for name, row in shown.attributes.items()
    ]
    return "\n".join(lines)


def _by_group(shown: Evaluation, split: str) -> str:
    if not shown.groups:
        return ""
    lines = [
        f"## Error by group ({split} faces)",
        "",
        "Groups are CelebA's labels, not facts about people. Share of wrong answers over all "
        "attributes at 0.5, with its 95 % interval.",
        "",
        "| group | faces | error |",
        "|---|---|---|",
    ]
    for title, group in shown.groups.items():
        lines.append(f"| {title} | {group['faces']} | {_error(group)} |")
    return "\n".join(lines)


def _error(group: dict[str, Any]) -> str:
    if isinstance(group["error"], str):
        return group["error"]
    return f"{group['error']:.3f} ({group['low']:.3f}-{group['high']:.3f})"


def _limits() -> str:
    return """## Limits

CelebA shows celebrities on press photos, mostly young, light-skinned and made up; on other \
faces every figure here is optimistic. Its labels are noisy: people agree on only a dozen of the \
40. Small, turned, dark or blurred faces are answered worse. A probability says how often \
CelebA's labellers would click yes on such a picture, not what is true of a person."""
