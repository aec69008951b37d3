"""The model card of an embedding network: every figure from its config.json."""

from typing import Any

from facelens.tasks.fairness import NO_GROUPS
from facelens.tasks.identity.curves import DEFAULT_RATE, Curves
from facelens.tasks.identity.model import IdentityConfig
from facelens.tasks.identity.names import CAUTION

GROUPS = ("Male", "Young")
_RATES = (0.1, 0.01, 0.001, 0.0001)
_LIMITS = (
    "People who look alike are mistaken for each other, relatives most of all, and one person in "
    "another light, years later or turned away may not be known again. The network has seen "
    "photos of celebrities, most of them young, made up and facing the camera: what it does on "
    "others is not known. CelebA's identities have errors; a part of what counts as wrong here is "
    "wrong there. It can be deceived by a photo held before the camera."
)


def card(config: IdentityConfig) -> str:
    """The model card."""
    from huggingface_hub import ModelCardData

    head = ModelCardData(
        license="other",
        license_name="celeba-non-commercial-research",
        library_name="facelens",
        pipeline_tag="image-feature-extraction",
        tags=["face-recognition", "onnx"],
        model_name=f"{config.name} {config.version}",
    )
    data, recipe = config.data, config.recipe
    size = "x".join(map(str, config.input_size))
    epochs = [stage["epochs"] for stage in recipe["recipe"]["stages"]]
    parts = [
        f"---\n{head.to_yaml()}\n---",
        f"# {config.name} {config.version}",
        f"Turns a face into {len(config.names)} numbers, so that photos of one person lie close "
        f"and those of two do not. It takes 178x218 crops aligned to CelebA's template, seen at "
        f"{size} and mirrored too. The numbers are the means of as many maps, so what of a face "
        "speaks for a person is exact.",
        "## Use",
        "**Meant for** telling apart a few people who have agreed to it, and for seeing how such "
        "networks work and err.",
        f"**Not meant for** anything else. {CAUTION} Biometric data are specially protected, in "
        "the EU by Article 9 of Regulation 2016/679.",
        f"**Terms** {config.licence}",
        "## Training",
        f"{recipe['recipe']['arch']}, begun as {recipe['start'] or 'random weights'}, with a "
        f"cosine margin of {recipe['margin']} (CosFace) on {data['train']:,} faces of "
        f"{data['people']:,} people of {data['name']}, {epochs[0]} epochs with the body frozen "
        f"and {epochs[1]} without, seed {recipe['recipe']['seed']}, in {recipe['minutes']:g} "
        "minutes. Nobody of validation or test is among them.",
        _figures(config.metrics),
        _thresholds(config.curves),
        "## Error by group",
        _groups(config.metrics),
        "## Limits",
        _LIMITS,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _between(figures: dict[str, Any], name: str) -> str:
    low, high = figures.get(f"{name}_interval") or (None, None)
    interval = "" if low is None or high is None else f" ({100 * low:.1f}-{100 * high:.1f})"
    return f"{_share(figures[name])}{interval}"


def _figures(metrics: dict[str, Any]) -> str:
    """How well one person is told from two, on validation and test faces."""
    there = {name: metrics[name] for name in ("valid", "test") if name in metrics}
    if not there:
        return ""
    lines = [
        "## How good", "",
        "Of all pairs of faces, on the graph as shipped; in brackets 95 % intervals over people.",
        "",
        "| | " + " | ".join(
            f"{name} ({m['faces']:,} faces, {m['people']:,} people)" for name, m in there.items()
        ) + " |",
        "|---|" + "---|" * len(there),
    ]  # fmt: skip
    for title, name in (
        ("accepted of one person, at 1 % false accepts", "true_accept_at_1_percent_false"),
        ("the same at 0.1 %", "true_accept_at_1_in_1000_false"),
        ("AUC", "auc"),
    ):
        lines.append(f"| {title} | " + " | ".join(_between(m, name) for m in there.values()) + " |")
    return "\n".join(lines)


def _thresholds(curves: Curves) -> str:
    """Which similarity a rate of false accepts means."""
    lines = [
        "## Thresholds", "",
        f"The similarity that a share of strangers exceeds, on {curves.measured_on}; in brackets "
        "95 % intervals over people. In a gallery of N people each has the rate that makes the "
        "whole gallery's.", "",
        "| false accepts | photo against photo | photo against the mean of several |",
        "|---|---|---|",
    ]  # fmt: skip
    for rate in _RATES:
        cells = []
        for curve in (curves.photo, curves.mean):
            low, high = curve.interval(rate)
            cells.append(f"{curve.threshold(rate):.3f} ({low:.3f}-{high:.3f})")
        lines.append(f"| {100 * rate:g} % | {cells[0]} | {cells[1]} |")
    lines += [
        "", f"Two people who are nearer to each other than {curves.margin:.3f} cannot be told.",
    ]  # fmt: skip
    return "\n".join(lines)


def _groups(metrics: dict[str, Any]) -> str:
    """False rejects and accepts by group, all at one threshold."""
    groups = (metrics.get("test") or {}).get("groups")
    if not groups:
        return NO_GROUPS
    lines = [
        f"Test faces, both of a pair in the group, all at the threshold of {100 * DEFAULT_RATE:g} "
        "% false accepts between any two people. Within a group people are more alike than that, "
        "so false accepts are more.", "",
        "| group | faces, people | one person rejected | two people accepted |",
        "|---|---|---|---|",
    ]  # fmt: skip
    for title, group in groups.items():
        cells = [f"{group['faces']:,}, {group['people']:,}", "too few", "too few"]
        if not isinstance(group["error"], str):
            cells[1:] = [
                f"{_share(group[name])} ({100 * group[f'{key}low']:.1f}-"
                f"{100 * group[f'{key}high']:.1f})"
                for name, key in (("error", ""), ("false_accept", "false_accept_"))
            ]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)
