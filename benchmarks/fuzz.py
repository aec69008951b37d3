"""Feed the photo decoder what a coverage-guided fuzzer makes up; needs `pip install atheris`.

    python benchmarks/fuzz.py [SECONDS] [CORPUS]

Atheris follows the Python code: the walk through segments and chunks, profiles, EXIF. It stops at
the first photo that ends neither in pixels nor in a sentence, and writes it to a file. No part of
the tests: atheris has no wheels for every Python that Facelens runs on.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["facelens.photo"]):
    from facelens.photo import Photo, read_photo

from attacks.photos import samples

from facelens.errors import PhotoError

# These are decoded by a helper process, which the fuzzer does not see into.
APART = ("TIFF", "AVIF", "HEIC")


def one(data: bytes) -> None:
    try:
        photo = read_photo(data)
    except PhotoError:
        return
    assert isinstance(photo, Photo)
    assert photo.pixels.ndim == 3


def main() -> None:
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    corpus = Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp(prefix="facelens-fuzz-"))
    corpus.mkdir(exist_ok=True)
    for number, (kind, _, data) in enumerate(samples()):
        if kind not in APART:
            (corpus / f"sample-{number}").write_bytes(data)
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-seed=1", str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
