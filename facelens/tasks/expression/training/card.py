"""The model card of a bundle for expressions: every figure from its config.json."""

from typing import Any

from facelens.tasks.expression.model import SIDE, ExpressionConfig
from facelens.tasks.expression.names import CAVEAT
from facelens.tasks.fairness import NO_GROUPS

ACT = (
    "The EU's AI Act (Regulation 2024/1689, Article 5) forbids systems that infer emotions of "
    "people at work and in schools."
)
_LIMITS = (
    "The labels came with the words by which the pictures were found, and people agree with them "
    "on about 65 of 100. Some pictures of the set stand in training and in test; the row without "
    "repeats leaves them out. The network expects a face that looks towards the camera, detected "
    "and aligned; on any other it answers all the same."
)
_ROWS = (
    ("accuracy", "accuracy", "low", "high"),
    ("accuracy without repeats", "accuracy_without_repeats", "low_without_repeats",
     "high_without_repeats"),
    ("balanced accuracy", "balanced_accuracy", "balanced_low", "balanced_high"),
    ("macro F1", "macro_f1", "f1_low", "f1_high"),
)  # fmt: skip


def card(config: ExpressionConfig) -> str:
    """The model card."""
    from huggingface_hub import ModelCardData

    head = ModelCardData(
        license="other",
        license_name="stated-in-the-card",
        library_name="facelens",
        pipeline_tag="image-classification",
        tags=["facial-expression", "onnx"],
        model_name=f"{config.name} {config.version}",
    )
    data, recipe = config.data, config.recipe
    parts = [
        f"---\n{head.to_yaml()}\n---",
        f"# {config.name} {config.version}",
        f"Says which of seven expressions a face shows: {', '.join(config.names)}. {CAVEAT} It "
        "takes 178x218 crops aligned to CelebA's template; the part in FER2013's frame is cut out, "
        f"turned grey and averaged to {SIDE}x{SIDE} inside `model.onnx`.",
        "## Use",
        "**Meant for** seeing and teaching what a network reads in a face, and where it errs.",
        "**Not meant for** deciding anything about anyone, nor for saying what a person feels. "
        + ACT,
        f"**Terms** {config.licence}",
        "## Training",
        f"{recipe.get('weights', 0):,} weights ({recipe['level']}: {recipe['how']['what']}), "
        f"trained on {data['train']:,} pictures of {data['name']} for {recipe['how']['epochs']} "
        f"epochs with seed {recipe['seed']}, in {recipe['minutes']:g} minutes; {data['valid']:,} "
        "others chose the epoch and set the temperature.",
        _figures(config.metrics),
        "## Error by group",
        NO_GROUPS,
        "## Limits",
        _LIMITS,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _figures(metrics: dict[str, Any]) -> str:
    """The figures of the validation and the test faces, and the confusion of the last."""
    there = {name: metrics[name] for name in ("valid", "test") if name in metrics}
    if not there:
        return ""

    def row(title: str, cells: list[str]) -> str:
        return f"| {title} | " + " | ".join(cells) + " |"

    lines = [
        "## How good",
        "",
        "Measured on the graph as shipped; in brackets 95 % intervals by bootstrap over faces.",
        "",
        row("", [f"{name} ({m['faces']:,} faces)" for name, m in there.items()]),
        "|---|" + "---|" * len(there),
    ]
    lines += [
        row(title, [
            f"{100 * m[key]:.1f} % ({100 * m[low]:.1f}-{100 * m[high]:.1f})" for m in there.values()
        ])
        for title, key, low, high in _ROWS
    ]  # fmt: skip
    lines.append(
        row("calibration error (ECE, 15 bins; by chance alone)", [
            f"{100 * m['ece']:.1f} % ({100 * m['ece_floor']:.1f} %)" for m in there.values()
        ])
    )  # fmt: skip
    last = list(there)[-1]
    names = list(there[last]["by_expression"])
    lines += [
        "",
        f"The {last} faces by what they are labelled (rows) and what is answered (columns):",
        "",
        row("", names),
        "|---|" + "---|" * len(names),
    ]
    lines += [
        row(name, [f"{count:,}" for count in counts])
        for name, counts in zip(names, there[last]["confusion"], strict=True)
    ]
    return "\n".join(lines)
