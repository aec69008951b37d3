"""Fill the tables of README and docs from benchmarks/results; --check: only say if they agree.

python benchmarks/readme.py [--check]
"""

import csv
import json
import math
import re
import sys
from pathlib import Path
from statistics import mean, stdev

from facelens.bundles.bundle import DEFAULT
from facelens.tasks.attributes.names import NAMES, describe
from facelens.tasks.keypoints.marks import PLAIN

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"

METRICS = {
    "accuracy": "mean accuracy over 40 attributes, threshold 0.5",
    "majority": "the same if the commoner answer were always given",
    "average_precision": "macro average precision",
    "f1": "macro F1 at 0.5",
    "balanced_accuracy": "balanced accuracy at 0.5",
    "ece_steady": "mean calibration error (ECE, 15 bins), without two attributes*",
    "ece_floor_steady": "the error that so few faces would show even if calibration were perfect",
    "ece": "mean calibration error, all 40",
}


def rows(name: str) -> list[dict[str, str]]:
    with (RESULTS / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def accuracy() -> str:
    """How good the embedded bundle is on straight, loose and portrait faces."""
    table = {(r["faces"], r["detector"], r["metric"]): r for r in rows("accuracy.csv")}
    first = next(iter(table.values()))

    def cell(faces: str, detector: str, metric: str) -> str:
        r = table[faces, detector, metric]
        span = f" ({r['low']}-{r['high']})" if r["low"] else ""
        return f"{r['value']}{span}"

    lines = [
        f"`{first['model']}` on the {table['aligned', '', 'accuracy']['of']} faces of the "
        f"official test split in our slice of CelebA, measured {first['date']}; 95 % intervals "
        "by bootstrap over people (1,000 draws for accuracy, 100 for the others).",
        "",
        "| | aligned crops | loosely framed, YuNet | loosely framed, cascades |",
        "|---|---|---|---|",
    ]
    for metric, title in METRICS.items():
        cells = [
            cell(*way, metric) for way in (("aligned", ""), ("loose", "yunet"), ("loose", "haar"))
        ]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    for metric, title in (("found", "faces found"), ("extra_boxes", "extra boxes a face")):
        cells = [f"{float(table['loose', d, metric]['value']):.1%}" for d in ("yunet", "haar")]
        lines.append(f"| {title} | | {' | '.join(cells)} |")
    for metric, title in (
        ("facts_right", "visible facts right on portraits"),
        ("one_face", "portraits with exactly one face found"),
    ):
        found = [table["portraits", d, metric] for d in ("yunet", "haar")]
        cells = [f"{float(r['value']):.0f} of {r['of']}" for r in found]
        lines.append(f"| {title} | | {' | '.join(cells)} |")
    lines += ["", f"\\* {shifted()}"]
    return "\n".join(lines)


def good() -> str:
    """The few figures of accuracy that a reader of the README wants."""
    table = {(r["faces"], r["detector"], r["metric"]): r for r in rows("accuracy.csv")}
    first = table["aligned", "", "accuracy"]
    config = json.loads((ROOT / "weights" / DEFAULT / "config.json").read_text())
    best = sum(published().values()) / len(NAMES)

    def cell(*key: str) -> str:
        row = table[key]
        return f"{row['value']} ({row['low']}-{row['high']})"

    facts = table["portraits", "yunet", "facts_right"]
    found, extra = (table["loose", "yunet", m]["value"] for m in ("found", "extra_boxes"))
    lines = [
        ["mean accuracy over 40 attributes", cell("aligned", "", "accuracy"),
         f"{table['aligned', '', 'majority']['value']} by always giving the commoner answer; "
         f"{best:.4f} the best published, from all 162,770 faces of training"],
        ["the same, faces found in loosely framed photos", cell("loose", "yunet", "accuracy"),
         f"{float(found):.1%} found by YuNet, {float(extra):.1%} extra boxes"],
        ["average precision, mean of 40", cell("aligned", "", "average_precision"), ""],
        ["mean calibration error, without two attributes*",
         table["aligned", "", "ece_steady"]["value"],
         f"{table['aligned', '', 'ece_floor_steady']['value']} if calibration were perfect, with "
         "so few faces"],
        ["visible facts right on portraits", f"{float(facts['value']):.0f} of {facts['of']}", ""],
    ]  # fmt: skip
    return "\n".join(
        [
            f"`{first['model']}`, which learnt from {config['data']['train']:,} faces, on the "
            f"{first['of']} faces of CelebA's official test split that our slice has, measured "
            f"{first['date']}; 95 % intervals by bootstrap over people.",
            "",
            "| | Facelens | for comparison |",
            "|---|---|---|",
            *(f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in lines),
            "",
            "\\* Those were labelled by one standard in the validation split and by another in the "
            "test split.",
        ]
    )


def published() -> dict[str, float]:
    """Each attribute's best published accuracy."""
    with (ROOT / "facelens" / "lessons" / "published.csv").open(newline="") as file:
        return {row["attribute"]: float(row["accuracy"]) for row in csv.DictReader(file)}


def shifted() -> str:
    """The attributes whose validation and test labels disagree, and by how much."""
    kept = json.loads((ROOT / "weights" / DEFAULT / "curves.json").read_text())["attributes"]
    test = {row["attribute"]: row for row in rows("accuracy_by_attribute.csv")}
    told = [
        f"{name} (a yes on {kept[name]['prevalence']:.1%} of the validation faces and "
        f"{float(test[name]['prevalence']):.1%} of the test faces; calibration error "
        f"{float(test[name]['ece']):.3f})"
        for name in NAMES
        if describe(name).shifted
    ]
    return (
        f"{' and '.join(told)} were labelled by one standard in CelebA's validation split, on "
        "which probabilities are calibrated, and by another in its test split."
    )


def by_attribute() -> str:
    """Every attribute beside the best published figure."""
    best = published()
    lines = [
        "| attribute | rate | commoner answer | accuracy | published | average precision | F1 "
        "| balanced | ECE (floor) |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows("accuracy_by_attribute.csv"):
        figures = {key: float(row[key]) for key in row if key in _FIGURES}
        lines.append(
            f"| {row['attribute']} | {figures['prevalence']:.1%} | {figures['majority']:.1%} "
            f"| {figures['accuracy']:.1%} | {best[row['attribute']]:.1%} "
            f"| {figures['average_precision']:.2f} | {figures['f1']:.2f} "
            f"| {figures['balanced_accuracy']:.2f} "
            f"| {figures['ece']:.3f} ({figures['ece_floor']:.3f}) |"
        )
    return "\n".join(lines)


_FIGURES = (
    "prevalence", "majority", "accuracy", "average_precision", "f1", "balanced_accuracy", "ece",
    "ece_floor",
)  # fmt: skip


def by_group() -> str:
    """The error of each group with its interval."""
    lines = ["| CelebA's labels | faces | share of wrong answers |", "|---|---|---|"]
    for row in rows("accuracy_by_group.csv"):
        error = (
            f"{float(row['error']):.1%} ({float(row['low']):.1%} to {float(row['high']):.1%})"
            if row["error"]
            else "too few faces"
        )
        lines.append(f"| {row['group']} | {row['faces']} | {error} |")
    return "\n".join(lines)


def networks() -> str:
    """The embedded networks side by side."""
    lines = [
        "| network | pictures | graph | validation accuracy | test accuracy | test macro average "
        "precision | against the default, pair by pair |",
        "|---|---|---|---|---|---|---|",
    ]
    table = {(r["network"], r["split"]): r for r in rows("networks.csv")}
    for name in dict.fromkeys(network for network, _ in table):
        valid, test = table[name, "valid"], table[name, "test"]
        paired = (
            f"{valid['against_default_value']} on validation faces "
            f"({valid['against_default_low']} to {valid['against_default_high']})"
        )
        lines.append(
            f"| `{name}`{' (default)' if name.startswith(f'{DEFAULT} ') else ''} "
            f"| {valid['picture']} | {int(valid['graph_bytes']) / 1e6:.0f} MB "
            f"| {valid['accuracy_value']} | {test['accuracy_value']} "
            f"({test['accuracy_low']}-{test['accuracy_high']}) "
            f"| {test['average_precision_value']} "
            f"| {'' if name.startswith(f'{DEFAULT} ') else paired} |"
        )
    return "\n".join(lines)


def maps() -> str:
    """How well each way of asking where a network looks agrees with covering."""
    table = rows("maps.csv")
    lines = [
        f"`{table[0]['network']}`, {table[0]['faces']} faces, {table[0]['maps']} maps, measured "
        f"{table[0]['date']}; 95 % intervals by bootstrap over faces.",
        "",
        "| map | fields | looks | correlation with covering | time |",
        "|---|---|---|---|---|",
    ]
    for row in table:
        time = f"{row['time_ratio']} x" if row["time_ratio"] else "not offered"
        lines.append(
            f"| {row['way']} | {row['fields'].replace('x', ' x ')} | {row['passes']} "
            f"| {row['correlation_with_covering']} ({row['low']} to {row['high']}) | {time} |"
        )
    return "\n".join(lines)


def visits() -> dict[tuple[str, str, str], dict[str, str]]:
    return {(r["page"], r["server"], r["what"]): r for r in rows("page.csv")}


def shown(row: dict[str, str] | None) -> str:
    if row is None:
        return ""
    return f"{int(row['median']) / 1e6:.1f}" if row["what"] == "bytes" else row["median"]


def page() -> str:
    """What a visit weighs, beside a page of one button."""
    table = visits()
    first = table["facelens", "warm", "requests"]
    lines = [
        f"Median of {first['visits']} visits with an empty cache to a warm server on the same "
        f"machine ({first['machine']}), measured {first['date']}.",
        "",
        "| | this page | a plain Voilà page of one button | ratio |",
        "|---|---|---|---|",
    ]
    for (name, server, what), row in table.items():
        if (name, server) == ("facelens", "warm"):
            plain = table.get(("plain Voilà page", server, what))
            title = "megabytes, not compressed" if what == "bytes" else what
            lines.append(f"| {title} | {shown(row)} | {shown(plain)} | {row['ratio_to_plain']} |")
    return "\n".join(lines)


def visit() -> str:
    """What a visitor waits for, on a warm and on a cold server, beside a fastai page."""
    found = visits()
    first = next(iter(found.values()))
    lines = []
    for (name, server, what), row in found.items():
        if name == "facelens":
            fastai = found.get(("fastai page", server, what))
            title = "megabytes, not compressed" if what == "bytes" else what
            ratio = f"{1 / float(row['ratio_to_fastai']):.1f} x" if row["ratio_to_fastai"] else ""
            lines.append([server, title, shown(row), shown(fastai), ratio])
    return table("| server | | this page | the fastai page | sooner, or less |", lines, first)


def memory() -> str:
    """What a visitor costs in memory."""
    found = rows("memory.csv")
    cells: dict[str, dict[str, str]] = {}
    for row in found:
        cells.setdefault(row["what"], {})[row["page"]] = row["value"]
    few = [what for what in cells if not what.startswith("one kernel after") or "00 " in what]
    lines = [[w, cells[w].get("facelens", ""), cells[w].get("fastai page", "")] for w in few]
    return table("| | this page | the fastai page |", lines, found[0])


def measured(row: dict[str, str]) -> str:
    return f"Measured {row['date']} on {row['machine']}."


def table(head: str, lines: list[list[str]], first: dict[str, str]) -> str:
    rule = "|---" * (head.count("|") - 1) + "|"
    return "\n".join([measured(first), "", head, rule, *(f"| {' | '.join(c)} |" for c in lines)])


def answer() -> str:
    """Photo bytes to 40 probabilities, beside the peers."""
    found = rows("answer.csv")
    by_way: dict[str, dict[str, dict[str, str]]] = {}
    for row in found:
        by_way.setdefault(row["way"], {})[row["cores"]] = row
    lines = []
    for way, cores in by_way.items():
        cells = [way.replace("facelens", "**Facelens**")]
        for count in sorted(cores, reverse=True):
            row = cores[count]
            cells += [row["milliseconds"], f"{row['times_as_fast_as_fastai']} x"]
        most = max(cores)
        lines.append(
            [
                *cells,
                f"{cores[most]['peak_megabytes']} MB",
                f"{cores[most]['library_megabytes']} MB",
            ]
        )
    heads = [f"{n} core{'s' if n != '1' else ''}, ms | than fastai" for n in ("2", "1")]
    head = f"| | {' | '.join(heads)} | peak memory | library on disk |"

    def beside(precision: str, ours: str) -> str:
        shares = [
            float(by_way[f"OpenVINO, {precision}"][n]["milliseconds"])
            / float(by_way[ours][n]["milliseconds"])
            for n in ("2", "1")
        ]
        return f"{shares[0]:.2f} times as long on two cores and {shares[1]:.2f} times on one"

    openvino = by_way["OpenVINO, int8"]["1"]["library_megabytes"]
    runtime = by_way["ONNX Runtime, fp32"]["1"]["library_megabytes"]
    note = (
        "At the same precision OpenVINO takes "
        f"{beside('fp32', 'ONNX Runtime, fp32')} as ONNX Runtime in float32, and "
        f"{beside('int8', 'ONNX Runtime, int8')} in int8. Adopting it would mean "
        f"{openvino} MB on disk instead of {runtime}."
    )
    return f"{table(head, lines, found[0])}\n\n{note}"


def road() -> str:
    """Where the time of an answer goes."""
    found = rows("road.csv")
    cells: dict[str, dict[tuple[str, str], dict[str, str]]] = {}
    for row in found:
        cells.setdefault(row["stage"], {})[row["detector"], row["cores"]] = row
    ways = [(d, n) for d in ("yunet", "haar") for n in ("2", "1")]
    names = {"yunet": "YuNet", "haar": "cascades"}
    head = " | ".join(f"{names[d]}, {n} core{'s' if n != '1' else ''}" for d, n in ways)
    lines = [
        [
            stage,
            *(f"{int(by[way]['microseconds']):,} ({float(by[way]['share']):.0%})" for way in ways),
        ]
        for stage, by in cells.items()
    ]
    return table(f"| microseconds | {head} |", lines, found[0])


def allmaps() -> str:
    """Maps of all 40 attributes, beside pytorch-grad-cam."""
    found = rows("allmaps.csv")
    lines = [
        [row["way"], row["cores"], row["milliseconds"], f"{row['times_as_fast_as_grad_cam']} x"]
        for row in found
    ]
    return table("| | cores | ms | than Grad-CAM |", lines, found[0])


def rounding() -> str:
    """What int8 costs in accuracy."""
    found = rows("rounding.csv")
    lines = []
    for row in found:
        span = f" ({row['low']} to {row['high']})" if row["low"] else ""
        lines.append(
            [f"`{row['network']}`", row["what"], row["faces"], row["float32"], row["int8"],
             f"{row['difference']}{span}"]
        )  # fmt: skip
    return table("| network | what | faces | float32 | int8 | difference |", lines, found[0])


def vnni() -> str:
    """What int8 does on a processor without VNNI."""
    found = rows("vnni.csv")
    lines = [
        [row["processor"], row["graph"], row["times_as_fast_as_float32"],
         row["largest_difference_of_a_logit"]]
        for row in found
    ]  # fmt: skip
    head = "| processor | graph | times as fast as float32 | a logit differs by at most |"
    return table(head, lines, found[0])


def threads() -> str:
    """What chose the settings."""
    found = rows("threads.csv")
    lines = [
        [row["network"], row["threads"], row["awake_us"], row["batch"], row["milliseconds_a_face"],
         row["processor_ms_a_face"], row["peak_mb"]]
        for row in found
    ]  # fmt: skip
    head = "| network | threads | waits awake, µs | batch | ms a face | of the processor | MB |"
    return table(head, lines, found[0])


def start() -> str:
    """A cold process."""
    found = rows("start.csv")
    lines = [
        [f"`{row['way']}`" if "import" in row["way"] else row["way"], row["page_cache"],
         row["seconds"], f"{float(row['share_of_import_fastai']):.1%}"]
        for row in found
    ]  # fmt: skip
    return table("| | disk cache | seconds | of importing fastai |", lines, found[0])


def install() -> str:
    """What lies on disk."""
    found = rows("install.csv")
    lines = [
        [row["what"], row["packages"], row["megabytes"], row["times_facelens"]] for row in found
    ]
    return table("| | packages | MB | times Facelens |", lines, found[0])


def bulk() -> str:
    """Many photos: stages, speed, and what a hundred million would take."""
    found = rows("bulk.csv")
    lines = [
        [row["input"], row["what"], row["way"], f"{row['value']} {row['unit']}"] for row in found
    ]
    return table("| | | | |", lines, found[0])


def batch() -> str:
    """How many faces at once."""
    found = rows("batch.csv")
    lines = [
        [row["batch"], row["ms_a_face"], f"{float(row['of_the_best']):.0%}", row["chosen"]]
        for row in found
    ]
    return table("| faces at once | ms a face | speed, of the best | chosen |", lines, found[0])


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
        ["a photo to 40 probabilities, the face found and straightened too",
         f"{road['milliseconds']} ms", f"{fastai['milliseconds']} ms, no face looked for"],
        ["maps of all 40 attributes", f"{maps['milliseconds']} ms",
         f"{grad['milliseconds']} ms (pytorch-grad-cam)"],
        ["a camera's frames a second, faces found, followed and mapped too", follows,
         f"{whole}, no face looked for"],
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


def loader() -> str:
    """How fast pictures come to the network."""
    found = rows("loader.csv")
    lines = [
        [row["what"], row["way"], row["pictures_per_second"], row["ratio"], row["processor_ratio"]]
        for row in found
    ]
    head = "| | way | pictures a second | costs, of Batches | of the processor |"
    return table(head, lines, found[0])


def live() -> str:
    """A moving picture: the kernel's part beside fastai, the page, and ten minutes of it."""
    found = rows("live.csv")
    kernel = [row for row in found if row["part"] == "kernel"]
    alone = table(
        "| the kernel alone | cores | frames a second | times as many as fastai |",
        [[r["way"], r["cores"], r["value"], f"{r['times_as_fast_as_fastai']} x"] for r in kernel],
        kernel[0],
    )
    cells: dict[str, dict[str, str]] = {}
    for row in found:
        if row["part"] == "page":
            cells.setdefault(row["way"], {})[row["what"]] = row["value"]
    kinds = list(next(iter(cells.values())))
    lines = [[way, *(said.get(kind, "") for kind in kinds)] for way, said in cells.items()]
    head = f"| the page, a browser beside it | {' | '.join(kinds)} |"
    page = table(head, lines, found[0]).partition("\n\n")[2]
    held = {row["what"]: row["value"] for row in found if row["part"] == "minutes"}
    last = max(int(what.split()[1]) for what in held if what.startswith("after"))
    answered = sum(int(value) for what, value in held.items() if what.endswith("answers"))

    def both(what: str) -> str:
        return f"{held[f'after 0 minutes, {what}']} to {held[f'after {last} minutes, {what}']}"

    heap, nodes, memory = map(both, ("the page's heap, MB", "the page's nodes", "the kernel, MB"))
    note = (
        f"In {last} minutes the page had {answered:,} answers. Its heap went from {heap} MB, its "
        f"nodes from {nodes}, the kernel's memory from {memory} MB."
    )
    return f"{alone}\n\n{page}\n\n{note}"


IDLE = "server and kernels that wait, MB"
LARGEST = "a kernel with the largest photo, MB"


def spread(values: list[float], digits: int = 2) -> str:
    """Mean and standard deviation of the seeds."""
    few = f"{mean(values):.{digits}f}"
    return f"{few} ± {stdev(values):.{digits}f}" if len(values) > 1 else few


def keypoints() -> str:
    """The ladder's table: every rung on the same test people, mean and spread of the seeds."""
    found = rows("keypoints.csv")
    each: dict[str, list[dict[str, str]]] = {}
    for row in found:
        each.setdefault(row["rung"], []).append(row)
    first = found[0]
    lines = [
        f"{first['faces']} faces of {first['people']} people whom no network has seen; mean ± "
        f"standard deviation of {len({row['seed'] for row in found})} seeds. {first['machine']}, "
        f"one thread, {found[-1]['date']}.",
        "",
        "| rung | | error, px of 96 | on the study's scale | of the eyes' distance | weights "
        "| epochs | minutes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for rung, runs in each.items():
        values = {k: [float(r[k]) for r in runs] for k in ("rmse_px", "study_mse", "minutes")}
        eyes = [100 * float(r["eye_error"]) for r in runs]
        lines.append(
            f"| {rung} | {runs[0]['what']} | {spread(values['rmse_px'])} "
            f"| {spread(values['study_mse'], 5)} | {spread(eyes, 1)} % "
            f"| {int(runs[0]['weights']):,} | {runs[0]['epochs']} "
            f"| {mean(values['minutes']):.0f} |"
        )
    errors = {rung: mean([float(r["rmse_px"]) for r in runs]) for rung, runs in each.items()}
    beside = [
        f"{100 * errors['ours'] / errors[rung]:.0f} % of that of {rung}"
        for rung in ("deep", "specialists", "augmented")
        if rung in errors
    ]
    return "\n".join([*lines, "", f"The error of ours is {', '.join(beside)}."])


def keypoints_points() -> str:
    """The four best and the four worst points of each rung that looks at the picture."""
    each: dict[str, list[dict[str, str]]] = {}
    for row in rows("keypoints_points.csv"):
        each.setdefault(row["rung"], []).append(row)
    lines = ["| rung | best four, px | worst four, px |", "|---|---|---|"]
    for rung, points in each.items():
        ordered = sorted(points, key=lambda row: float(row["rmse_px"]))
        told = [f"{PLAIN[row['point']]} {float(row['rmse_px']):.2f}" for row in ordered]
        lines.append(f"| {rung} | {', '.join(told[:4])} | {', '.join(told[-4:])} |")
    return "\n".join(lines)


def keypoints_cost() -> str:
    """Size and time of the bundle."""
    row = next(r for r in rows("keypoints_cost.csv"))
    return (
        f"The bundle has {int(row['bundle_bytes']) / 1e6:.2f} MB, its graph "
        f"{int(row['graph_bytes']) / 1e6:.2f} MB. One face takes {float(row['ms_a_face']):.2f} ms "
        f"on one core: {float(row['times_points_network']):.1f} times what the network takes by "
        f"which faces are straightened ({row['machine']}, {row['date']})."
    )


def straighten() -> str:
    """Straightening by the fifteen points beside the point network."""
    lines = [
        "| found by | straightened by | faces | eyes off, px of the crop | turn off | accuracy "
        "| gain, 95 % interval |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['detector']} | {r['way']} | {r['faces']} | {float(r['eye_error_px']):.2f} "
        f"| {float(r['turn_error_degrees']):.1f}° | {float(r['accuracy']):.4f} "
        f"| {gain(r)} |"
        for r in rows("straighten.csv")
    ]
    return "\n".join(lines)


def marks() -> str:
    """How far beside what they mark the marks lie, by YuNet."""
    found = rows("marks.csv")
    lines = [
        f"| on {found[0]['faces']} training faces | pixels of 96 |",
        "|---|---|",
        *(
            f"| {r['what']} | {float(r['pixels_of_96']):+.2f} ± {float(r['standard_error']):.2f} |"
            for r in found
        ),
    ]
    return "\n".join(lines)


def gain(row: dict[str, str]) -> str:
    low, high = float(row["gain_low"]), float(row["gain_high"])
    return f"{low:+.4f} to {high:+.4f}" if low or high else ""


def costs() -> dict[tuple[str, str, str], str]:
    """What visitors of a hosted page cost, by kernels that wait, visitors and what."""
    return {(r["waiting"], r["visitors"], r["what"]): r["value"] for r in rows("hosting.csv")}


def kept(what: str) -> float:
    """What the page holds in memory when it is used in a browser."""
    found = {(r["page"], r["what"]): r["value"] for r in rows("memory.csv")}
    return float(found["facelens", what])


def hosting() -> str:
    """What a visitor costs a server for many."""
    found = costs()
    ready = max(waiting for waiting, _, _ in found)
    crowds = sorted({visitors for _, visitors, _ in found} - {"0"}, key=int)

    def answer(waiting: str, visitors: str) -> str:
        middle, slowest = (
            found[waiting, visitors, f"seconds to the answer, {which}"]
            for which in ("median", "slowest")
        )
        return f"{middle} ({slowest})"

    alone = ("processor seconds a visit", "server, MB", "a kernel, MB", IDLE)
    lines = [
        [n, answer("0", n), answer(ready, n), *(found["0", n, what] for what in alone)]
        for n in crowds
    ]
    head = (
        "| visitors at once | seconds to the answer: median (slowest) | the same with "
        f"{ready} kernels waiting | processor seconds a visit | server, MB | a kernel, MB | "
        "when all have left, MB |"
    )
    server = found["0", crowds[-1], "server, MB"]
    kernel = kept("kernel after ten photos, MB")
    twenty = (float(server) + 20 * kernel) / 1000
    load = " and ".join(found[waiting, "0", "load of the machine"] for waiting in ("0", ready))
    note = (
        "Seconds run from the request to the last word about a photo that is given at once. With "
        f"{ready} kernels that wait the server holds {found[ready, '0', IDLE]} MB before anybody "
        f"comes. After ten photos in a browser a kernel holds {kernel} MB, so twenty visitors need "
        f"{server} MB and twenty times as much: {twenty:.1f} GB. "
        "The largest photo that is allowed, 50 million pixels, which the page itself never sends, "
        f"brings a kernel to {found['0', '1', LARGEST]} MB for a moment. The load of the machine "
        f"had been {load} before."
    )
    return f"{table(head, lines, rows('hosting.csv')[0])}\n\n{note}"


def cluster() -> str:
    """What JupyterHub gives each user, from what a visitor was seen to need."""
    found = costs()
    used = kept("server and kernel at most, MB")
    most = float(found["0", "1", "server, MB"]) + float(found["0", "1", LARGEST])
    guarantee, limit = (math.ceil(1.1 * held / 50) * 50 for held in (used, most))
    # A visitor who gives a photo each half minute.
    cores = math.ceil(10 * float(found["0", "1", "processor seconds a visit"]) / 30) / 10
    return f"""```yaml
singleuser:
  image:
    name: REGISTRY/facelens
    tag: "1"
  defaultUrl: /voila/render/dashboards/selfie.ipynb
  memory:
    guarantee: {guarantee}M   # a tenth more than server and kernel hold with ten photos
    limit: {limit}M       # a tenth more than with the largest photo that is allowed
  cpu:
    guarantee: {cores}     # a visit every half minute
    limit: 1
cull:
  enabled: true
  every: 60
  timeout: 600
hub:
  config:
    JupyterHub:
      authenticator_class: tmp   # anybody; or your own users
```"""


TABLES = {
    "README.md": {"good": good, "speed": speed},
    "docs/speed.md": {
        "answer": answer,
        "road": road,
        "allmaps": allmaps,
        "rounding": rounding,
        "vnni": vnni,
        "threads": threads,
        "start": start,
        "install": install,
        "visit": visit,
        "memory": memory,
        "loader": loader,
    },
    "docs/dashboard.md": {"maps": maps, "page": page},
    "docs/bulk.md": {"bulk": bulk, "batch": batch},
    "docs/live.md": {"live": live},
    "docs/keypoints.md": {
        "keypoints": keypoints,
        "keypoints points": keypoints_points,
        "keypoints cost": keypoints_cost,
        "marks": marks,
        "straighten": straighten,
    },
    "docs/hosting.md": {"hosting": hosting, "cluster": cluster},
    "docs/accuracy.md": {
        "accuracy": accuracy,
        "networks": networks,
        "by attribute": by_attribute,
        "by group": by_group,
    },
}


def filled(name: str, text: str) -> str:
    """The text of a file with every table between its markers written anew."""
    foreign = set(re.findall(r"<!-- (\w[\w ]*) -->", text)) - set(TABLES[name])
    if foreign:
        raise SystemExit(f"{name} has a place for a table that nobody fills: {min(foreign)}.")
    for title, table in TABLES[name].items():
        marked = re.compile(rf"(<!-- {title} -->\n).*?(<!-- /{title} -->)", re.DOTALL)
        if not marked.search(text):
            raise SystemExit(f"{name} has no place marked <!-- {title} -->.")
        body = table()
        text = marked.sub(lambda m, body=body: f"{m[1]}{body}\n{m[2]}", text)
    return text


def main() -> int:
    stale = False
    for name in TABLES:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        wanted = filled(name, text)
        if "--check" not in sys.argv[1:]:
            path.write_text(wanted, encoding="utf-8")
        elif text != wanted:
            stale = True
            print(f"{name} differs from benchmarks/results: run python benchmarks/readme.py")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
