"""docs/speed.md: one answer, its stages, its memory, its start, beside the peers."""

from tables.common import rows, shown, table, visits


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
    names = {"yunet": "YuNet", "own": "own finder", "haar": "cascades"}
    there = {row["detector"] for row in found}
    ways = [(d, n) for d in names if d in there for n in ("2", "1")]
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


def loader() -> str:
    """How fast pictures come to the network."""
    found = rows("loader.csv")
    lines = [
        [row["what"], row["way"], row["pictures_per_second"], row["ratio"], row["processor_ratio"]]
        for row in found
    ]
    head = "| | way | pictures a second | costs, of Batches | of the processor |"
    return table(head, lines, found[0])


PAGE = "docs/speed.md"
TABLES = {
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
}
