"""docs/keypoints.md: fifteen points of a face."""

from statistics import mean, stdev

from facelens.tasks.keypoints.marks import PLAIN
from tables.common import rows


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
        "| level | | error, px of 96 | on the study's scale | of the eyes' distance | weights "
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
    lines = ["| level | best four, px | worst four, px |", "|---|---|---|"]
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


def gain(row: dict[str, str]) -> str:
    low, high = float(row["gain_low"]), float(row["gain_high"])
    return f"{low:+.4f} to {high:+.4f}" if low or high else ""


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


PAGE = "docs/keypoints.md"
TABLES = {
    "keypoints": keypoints,
    "keypoints points": keypoints_points,
    "keypoints cost": keypoints_cost,
    "marks": marks,
    "straighten": straighten,
}
