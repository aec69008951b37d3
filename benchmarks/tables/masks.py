"""docs/masks.md: faces with a mask, without, or with one worn wrongly."""

from tables.common import RESULTS, measured, rows

_LATER = "Not measured yet."
_CLASSES = {
    "with_mask": "mask",
    "without_mask": "no mask",
    "mask_weared_incorrect": "worn wrongly",
    "common": "mean of the common two",
}
_SIZES = {
    "all": "all sizes",
    "under_16": "under 16 px",
    "16_to_32": "16 to 32 px",
    "over_32": "over 32 px",
    "over_16": "16 px and over",
}
# YOLOv5s at 640 pixels, 100 epochs on a GPU, on a split of its own, as its author published it.
_PUBLISHED = {"map50": 0.76, "with_mask": 0.95, "without_mask": 0.90, "mask_weared_incorrect": 0.43}


def _rows(name: str) -> list[dict[str, str]]:
    """The rows of a table; none before it is measured."""
    return rows(name) if (RESULTS / name).is_file() else []


def _share(text: str) -> str:
    """Like .803; a dash where nothing can be said."""
    return f"{float(text):.3f}" if text else "-"


def _between(row: dict[str, str], key: str) -> str:
    if not row[key]:
        return "-"
    return f"{_share(row[key])} ({_share(row[f'{key}_low'])}-{_share(row[f'{key}_high'])})"


def _sizes(found: list[dict[str, str]]) -> list[str]:
    """A table of sizes down and classes across, each AP50 with its count of boxes."""
    of = {(row["size"], row["class"]): row for row in found}
    lines = [f"| | {' | '.join(_CLASSES.values())} |", "|---" * (len(_CLASSES) + 1) + "|"]
    for size, title in _SIZES.items():
        cells = []
        for name in _CLASSES:
            row = of.get((size, name))
            cells.append(f"{_between(row, 'ap50')}, {int(row['count']):,}" if row else "-")
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return lines


def data() -> str:
    """What the set holds."""
    found = _rows("masks_data.csv")
    if not found:
        return _LATER
    names = [name for name in _CLASSES if name in found[0]]
    lines = [
        f"| | photos | boxes | {' | '.join(_CLASSES[name] for name in names)} | median side, px "
        "| photos with nearly the same one |",
        "|---" * (len(names) + 5) + "|",
    ]
    lines += [
        f"| {row['set']} | {row['photos']} | {int(row['boxes']):,} "
        f"| {' | '.join(f'{int(row[name]):,}' for name in names)} | {row['median_side']} "
        f"| {row['alike']} |"
        for row in found
    ]
    return "\n".join(lines)


def cross() -> str:
    """All folds together, and the published figures beside."""
    found = _rows("masks_cross.csv")
    if not found:
        return _LATER
    published = ", ".join(
        f"{_CLASSES[name]} {value:.2f}" for name, value in _PUBLISHED.items() if name in _CLASSES
    )
    return "\n".join(
        [
            f"{int(found[0]['photos']):,} photos, each by a network that had not seen it. AP50 "
            f"(95 % interval), number of boxes. {measured(found[0])}",
            "",
            *_sizes(found),
            "",
            f"Published for YOLOv5s, on a split of its own: mAP50 {_PUBLISHED['map50']:.2f} "
            f"({published}).",
        ]
    )


def single_folds() -> str:
    """A row a fold."""
    found = _rows("masks_folds.csv")
    if not found:
        return _LATER
    lines = [
        f"Photos are seen at {found[0]['side']} pixels. {measured(found[0])}",
        "",
        "| fold | photos | mAP50 | mAP50-95 | common, AP50 | common, 16 px and over "
        "| worn wrongly, boxes | minutes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['fold']} | {row['photos']} | {_between(row, 'map50')} | {_share(row['map50_95'])} "
        f"| {_between(row, 'common_ap50')} | {_between(row, 'larger_ap50')} "
        f"| {_share(row['mask_weared_incorrect_ap50'])}, {row['mask_weared_incorrect_count']} "
        f"| {float(row['minutes']):.0f} |"
        for row in found
    ]
    if len(found) < 5:
        lines += ["", f"{len(found)} of 5 folds are trained."]
    return "\n".join(lines)


def test() -> str:
    """The shipped network on the test photos."""
    found = _rows("masks_test.csv")
    if not found:
        return _LATER
    first = found[0]
    return "\n".join(
        [
            f"{first['model']} on {first['photos']} test photos. AP50 (95 % interval), number of "
            f"boxes. {measured(first)}",
            "",
            *_sizes(found),
        ]
    )


def ablations() -> str:
    """What each choice gains."""
    found = _rows("masks_ablations.csv")
    if not found:
        return _LATER
    first = found[0]
    lines = [
        f"{first['photos']} photos held out, {int(first['boxes']):,} boxes. {measured(first)}",
        "",
        "| | | seen at, px | mAP50 | mAP50-95 | common, AP50 | common, 16 px and over "
        "| worn wrongly, boxes | epochs | minutes |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['name']} | {row['what']} | {row['side']} | {_between(row, 'map50')} "
        f"| {_share(row['map50_95'])} | {_between(row, 'common_ap50')} "
        f"| {_between(row, 'larger_ap50')} "
        f"| {_share(row['mask_weared_incorrect_ap50'])}, {row['mask_weared_incorrect_count']} "
        f"| {row['epochs']} | {float(row['minutes']):.0f} |"
        for row in found
    ]
    return "\n".join(lines)


def stages() -> str:
    """Two stages on the same photos as the ablations, and on the test photos."""
    found = _rows("masks_stages.csv")
    if not found:
        return _LATER
    first = found[0]
    lines = [
        f"{first['detector']}'s faces at twice the size, then a classifier with "
        f"{int(first['weights']):,} weights. AP50 (95 % interval), number of boxes. "
        f"{measured(first)}"
    ]
    for name in dict.fromkeys(row["set"] for row in found):
        of = [row for row in found if row["set"] == name]
        lines += ["", f"The {of[0]['photos']} photos {name}:" if name != "test" else
                  f"The {of[0]['photos']} test photos:", "", *_sizes(of)]  # fmt: skip
    return "\n".join(lines)


def false_alarms() -> str:
    """Bare faces that are called masked; drawn masks."""
    found = _rows("masks_alarms.csv")
    if not found:
        return _LATER
    lines = [
        f"{found[0]['model']}. {measured(found[0])}",
        "",
        "| faces | number | found | called masked | worn wrongly | together, % of those found |",
        "|---|---|---|---|---|---|",
    ]
    for row in found:
        share = "-"
        if row["share"]:
            low, middle, high = (100 * float(row[key]) for key in ("low", "share", "high"))
            share = f"{middle:.1f} ({max(low, 0):.1f}-{high:.1f})"
        lines.append(
            f"| {row['what']} | {int(row['faces']):,} | {int(row['found']):,} | {row['masked']} "
            f"| {row['wrongly']} | {share} |"
        )
    return "\n".join(lines)


def speed() -> str:
    """Milliseconds a photo, the peer's, and the fullest photo."""
    found = {row["what"]: row for row in _rows("masks_speed.csv")}
    if not found:
        return _LATER
    ours, crowd, peer = found["ours"], found["crowd"], found["faster r-cnn"]
    return "\n".join(
        [
            f"{ours['model']}, {peer['threads']} threads. {measured(ours)}",
            "",
            "| | ms a photo |",
            "|---|---|",
            f"| a photo of 640x480 | {ours['milliseconds']} |",
            f"| the same, torchvision's Faster R-CNN with ResNet50 | {peer['milliseconds']}, "
            f"{ours['ratio']} times as long |",
            f"| the photo with most faces, {crowd['boxes']} | {crowd['milliseconds']} |",
            "",
            f"Of the {crowd['boxes']} faces {crowd['found']} are found, {crowd['right']} of them "
            "with the right class.",
        ]
    )


PAGE = "docs/masks.md"
TABLES = {
    "masks data": data,
    "masks cross": cross,
    "masks folds": single_folds,
    "masks test": test,
    "masks ablations": ablations,
    "masks stages": stages,
    "masks alarms": false_alarms,
    "masks speed": speed,
}
