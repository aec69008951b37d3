"""docs/hosting.md: what visitors cost a server for many."""

import math

from tables.common import rows, table

IDLE = "server and kernels that wait, MB"
LARGEST = "a kernel with the largest photo, MB"


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
        "The largest photo that is allowed, 64 million pixels, which the page itself never sends, "
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


PAGE = "docs/hosting.md"
TABLES = {
    "hosting": hosting,
    "cluster": cluster,
}
