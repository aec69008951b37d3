"""What `pip install facelens` takes on disk, beside the fastai page.

    python benchmarks/install.py

Installs Facelens from this checkout, and the first packages of peers/requirements.txt, into fresh
environments in a temporary folder; sizes are disk blocks, what a bare environment takes left out.
The fastai page is counted without CUDA's libraries too, for somebody who takes the CPU build.
Writes benchmarks/results/install.csv, with our ten largest packages. Needs PyPI, 8 GB and ten
minutes.
"""

import json
import subprocess
import tempfile
import venv
from pathlib import Path

from measure import write

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ROOT / "benchmarks" / "peers" / "requirements.txt"
PAGE = ("fastai", "ipykernel", "ipywidgets", "torch", "torchvision", "voila")
CUDA = ("nvidia", "cuda", "triton")
LARGEST = 10
# Runs inside the environment that it counts: each distribution's files and their blocks on disk.
COUNT = """
import importlib.metadata, json, os
files = {}
for d in importlib.metadata.distributions():
    paths = {os.path.realpath(f.locate()) for f in d.files or []}
    files[d.name] = {p: 512 * os.stat(p).st_blocks for p in paths if os.path.isfile(p)}
print(json.dumps(files))
"""
Files = dict[str, dict[str, int]]


def main() -> None:
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    page = [line for line in lines if line.partition("==")[0] in PAGE]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bare, bare_files = installed(folder / "bare", [])
        ours, our_files = installed(folder / "facelens", [str(ROOT)])
        theirs, their_files = installed(folder / "page", page)
    cuda_packages = [name for name in their_files if name.startswith(CUDA)]
    cuda = sum(
        size
        for name, files in their_files.items()
        for path, size in files.items()
        if name in cuda_packages or is_cuda_library(Path(path))
    )
    count, whole = len(their_files) - len(bare_files), theirs - bare
    rows = [
        ("pip install facelens", len(our_files) - len(bare_files), ours - bare),
        ("the fastai page", count, whole),
        ("the fastai page without CUDA", count - len(cuda_packages), whole - cuda),
    ]
    weights = {name: sum(files.values()) for name, files in our_files.items()}
    largest = sorted(set(weights) - set(bare_files), key=lambda name: -weights[name])[:LARGEST]
    rows += [(f"facelens: {name}", 1, weights[name]) for name in largest]
    write(
        "install",
        [
            {
                "what": what,
                "packages": packages,
                "megabytes": f"{size / 1e6:.1f}",
                "times_facelens": f"{size / (ours - bare):.2f}",
            }
            for what, packages, size in rows
        ],
    )


def installed(folder: Path, requirements: list[str]) -> tuple[int, Files]:
    """Make an environment: its bytes on disk, and those of each file of its packages."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    if requirements:
        run(python, "-m", "pip", "install", "--quiet", *requirements)
    whole = sum(512 * path.lstat().st_blocks for path in folder.rglob("*"))
    return whole, json.loads(run(python, "-c", COUNT))


def is_cuda_library(path: Path) -> bool:
    """Say whether it is one of the libraries that torch's CUDA build adds to its own package."""
    return ".so" in path.name and "cuda" in path.name


def run(*command: str | Path) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603


if __name__ == "__main__":
    main()
