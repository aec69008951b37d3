"""docs/site.md: the page without a server beside the one with a kernel."""

from tables.common import rows, shown

WITHOUT, WITH = "without a server", "with a kernel"
TITLES = {"bytes": "megabytes from a host that compresses nothing"}
PARTS = {"photo": "", "camera": "camera: ", "phone, 4 times slower": "phone: "}


def against_kernel() -> str:
    """Bytes, seconds and answers a second of both pages."""
    found = rows("static.csv")
    by = {(row["part"], row["what"], row["page"]): row for row in found}
    lines = [
        f"Medians of {found[0]['visits']} visits with an empty cache on the same machine "
        f"({found[0]['machine']}), measured {found[0]['date']}; of the camera one film. The "
        "phone is a screen of 390 pixels whose processor Chromium slows four times.",
        "",
        "| | without a server | with a kernel | ratio |",
        "|---|---|---|---|",
    ]
    for part, what in dict.fromkeys((row["part"], row["what"]) for row in found):
        own, other = by[part, what, WITHOUT], by.get((part, what, WITH))
        title = f"{PARTS[part]}{TITLES.get(what, what)}"
        lines.append(f"| {title} | {shown(own)} | {shown(other)} | {own['ratio_to_kernel']} |")
    return "\n".join(lines)


PAGE = "docs/site.md"
TABLES = {"against the kernel": against_kernel}
