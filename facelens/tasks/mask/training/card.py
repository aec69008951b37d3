"""The model card of a bundle for masks: every figure from its config.json."""

from typing import Any

from facelens.tasks.fairness import NO_GROUPS
from facelens.tasks.mask.model import MaskConfig
from facelens.tasks.mask.names import CAUTION, LABELS, TERMS

_LIMITS = (
    "Half of the faces it learnt from have less than 24 pixels a side, most wear surgical masks, "
    "and worn wrongly is rare: read its figures with their counts. A few faces of the set are not "
    "boxed, and near-identical photos are kept on one side of every split."
)


def card(config: MaskConfig) -> str:
    """The model card."""
    from huggingface_hub import ModelCardData

    head = ModelCardData(
        license="other",
        license_name="stated-in-the-card",
        library_name="facelens",
        pipeline_tag="object-detection",
        tags=["face-mask-detection", "onnx"],
        model_name=f"{config.name} {config.version}",
    )
    data, recipe = config.data, config.recipe
    boxes = ", ".join(
        f"{count:,} of {LABELS[name].lower()}" for name, count in data.get("boxes", {}).items()
    )
    parts = [
        f"---\n{head.to_yaml()}\n---",
        f"# {config.name} {config.version}",
        "Finds the faces in a photo and says of each whether it wears a mask, wears none, or wears "
        f"one wrongly. It takes whole photos, scaled to {config.input_size[0]} pixels at the "
        "longest side and padded with grey to multiples of 32; normalisation and non-maximum "
        "suppression are inside `model.onnx`, which gives the 300 best boxes of each photo.",
        "## Use",
        "**Meant for** seeing and teaching how a detector works, and where it errs.",
        f"**Not meant for** deciding anything about anyone. {CAUTION}",
        f"**Terms** {config.licence} The terms of the set: {TERMS}.",
        "## Training",
        f"{recipe.get('weights', 0):,} weights ({recipe['level']}: {recipe['how']['what']}), "
        f"trained on {data['train']:,} photos of {data['name']} ({boxes}) for "
        f"{recipe['how']['epochs']} epochs with seed {recipe['seed']}, in {recipe['minutes']:g} "
        f"minutes; {data['valid']:,} others set the temperature and the score of "
        f"{config.min_score:g} from which a box is a face.",
        _precisions(config.metrics),
        *(_figures(split, config.metrics[split]) for split in ("valid", "test")
          if split in config.metrics),
        "## Error by group",
        NO_GROUPS,
        "## Limits",
        _LIMITS,
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part) + "\n"


def _precisions(metrics: dict[str, Any]) -> str:
    """What was tried, and what is shipped."""
    tried = " and ".join(
        f"mAP50-95 {100 * each['map50_95']:.1f} % in {kind} ({each['bytes'] / 1e6:.1f} MB)"
        for kind, each in metrics.get("tried", {}).items()
    )
    return f"The graph computes in {metrics['precision']}: {tried}." if tried else ""


def _figures(split: str, found: dict[str, Any]) -> str:
    """A table of average precisions by class and size."""

    def cell(values: dict[str, Any], key: str) -> str:
        value, low, high = (values[f"{key}{end}"] for end in ("", "_low", "_high"))
        if value is None or value != value:  # noqa: PLR0124 - NaN
            return "-"
        return f"{100 * value:.1f} % ({100 * low:.1f}-{100 * high:.1f})"

    lines = [
        f"## How good: {found['photos']:,} {split} photos",
        "",
        "Measured on the graph as shipped; in brackets 95 % intervals by bootstrap over photos.",
        "",
        "| | boxes | AP50 | AP50-95 |",
        "|---|---|---|---|",
    ]
    sizes = {"all sizes": found} | {
        f"{name.replace('_', ' ')} pixels": each for name, each in found["by_size"].items()
    }
    for title, values in sizes.items():
        total = sum(each["count"] for each in values["classes"].values())
        lines.append(
            f"| **{title}**, mean | {total:,} | {cell(values, 'map50')} "
            f"| {cell(values, 'map50_95')} |"
        )
        lines += [
            f"| {LABELS[name]} | {each['count']:,} | {cell(each, 'ap50')} "
            f"| {cell(each, 'ap50_95')} |"
            for name, each in values["classes"].items()
        ]
    return "\n".join(lines)
