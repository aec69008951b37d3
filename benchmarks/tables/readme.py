"""The few figures that a reader of the README wants."""

import json

from facelens.tasks import DEFAULT, TASKS
from facelens.tasks.attributes.names import NAMES
from tables.common import ROOT, published, rows, table, visits


def good() -> str:
    """The few figures of accuracy that a reader of the README wants."""
    table = {(r["faces"], r["detector"], r["metric"]): r for r in rows("accuracy.csv")}
    first = table["aligned", "", "accuracy"]
    config = json.loads((ROOT / "weights" / TASKS[DEFAULT].default / "config.json").read_text())
    best = sum(published().values()) / len(NAMES)

    def cell(*key: str) -> str:
        row = table[key]
        return f"{row['value']} ({row['low']}-{row['high']})"

    facts = table["portraits", "yunet", "facts_right"]
    found, extra = (table["loose", "yunet", m]["value"] for m in ("found", "extra_boxes"))
    lines = [
        ["mean accuracy over 40 attributes", cell("aligned", "", "accuracy"),
         f"{table['aligned', '', 'majority']['value']} by always predicting the majority class; "
         f"{best:.4f} the best published, trained on all 162,770 training faces"],
        ["the same, faces detected in loosely framed photos", cell("loose", "yunet", "accuracy"),
         f"{float(found):.1%} detected by YuNet, {float(extra):.1%} extra boxes"],
        ["average precision, mean of 40", cell("aligned", "", "average_precision"), ""],
        ["mean calibration error, without two attributes*",
         table["aligned", "", "ece_steady"]["value"],
         f"{table['aligned', '', 'ece_floor_steady']['value']} if calibration were perfect, with "
         "so few faces"],
        ["visible facts right on portraits", f"{float(facts['value']):.0f} of {facts['of']}", ""],
    ]  # fmt: skip
    return "\n".join(
        [
            f"`{first['model']}`, trained on {config['data']['train']:,} faces, on the "
            f"{int(first['of']):,} faces of CelebA's official test split that our slice has, "
            f"measured {first['date']}; 95 % intervals by bootstrap over people.",
            "",
            "| | Facelens | for comparison |",
            "|---|---|---|",
            *(f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in lines),
            "",
            "\\* Those were labelled by one standard in the validation split and by another in the "
            "test split.",
        ]
    )


def speed() -> str:
    """The few figures that a reader of the README wants."""
    ways = {(r["way"], r["cores"]): r for r in rows("answer.csv")}
    most = max(cores for _, cores in ways)
    first = next(iter(ways.values()))
    fastai = ways["fastai: load_learner, learn.predict", most]
    road = ways["facelens, the whole road with YuNet", most]
    seen = {(r["way"], r["cores"]): r for r in rows("allmaps.csv")}
    (grad,) = (r for (way, n), r in seen.items() if n == most and "one target" in way)
    (maps,) = (r for (way, n), r in seen.items() if n == most and "facelens" in way)
    pages = visits()
    held = {(r["page"], r["what"]): r["value"] for r in rows("memory.csv")}
    disk = {r["what"]: r["megabytes"] for r in rows("install.csv")}
    cold = {(r["way"], r["page_cache"]): r["seconds"] for r in rows("start.csv")}
    importing = cold["from fastai.vision.all import *", "warm"]

    def page(server: str, what: str) -> tuple[str, str]:
        ours, theirs = (pages[name, server, what]["median"] for name in ("facelens", "fastai page"))
        return f"{ours} s", f"{theirs} s"

    moving = {(r["way"], r["cores"]): r["value"] for r in rows("live.csv") if r["cores"] == most}
    follows, whole = (
        next(rate for (way, _), rate in moving.items() if part in way)
        for part in ("YuNet", "fastai")
    )
    usable, request = (
        "seconds until a photo can be chosen",
        "seconds from the request to the answer, a photo chosen at once",
    )
    most_mb = "server and kernel at most, MB"
    lines = [
        ["a photo to 40 probabilities, face detection and alignment included",
         f"{road['milliseconds']} ms", f"{fastai['milliseconds']} ms, without face detection"],
        ["activation maps of all 40 attributes", f"{maps['milliseconds']} ms",
         f"{grad['milliseconds']} ms (pytorch-grad-cam)"],
        ["camera frames a second, with detection, tracking and activation maps", follows,
         f"{whole}, without face detection"],
        ["a photo can be chosen on the page, server warm", *page("warm", usable)],
        ["from the request to the answer to a photo chosen at once, server warm",
         *page("warm", request)],
        ["memory of server and kernel", f"{held['facelens', most_mb]} MB",
         f"{held['fastai page', most_mb]} MB"],
        ["a fresh process to its first answer",
         f"{cold['facelens, first answer with YuNet', 'warm']} s",
         f"{importing} s to import fastai alone"],
        ["on disk", f"{disk['pip install facelens']} MB",
         f"{disk['the fastai page']} MB ({disk['the fastai page without CUDA']} MB without CUDA)"],
    ]  # fmt: skip
    return table("| | Facelens | the fastai way |", lines, first)


PAGE = "README.md"
TABLES = {
    "good": good,
    "speed": speed,
}
