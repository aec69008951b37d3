"""Photos in which bytes were changed, lost or added, of every format that is read.

Each try ends in a photo or in a sentence, within five seconds and 600 MB, and nothing that a
decoder prints reaches stderr. A process of its own reads them, so that even its end is noticed.
"""

import io
import json
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

    from attacks.outcome import Outcome

TRIES, QUICK = 10_000, 300
SECONDS, MEMORY = 5.0, 600
# Values that make a count or a size absurd.
EXTREMES = [bytes(4), b"\xff" * 4, b"\x7f" + b"\xff" * 3, b"\0\0\0\1", b"\1\0\0\0", b"\x80\0\0\0"]
READ, HINT, REFUSED = "read", "hint", "refused"


def attack(tries: int, seed: int) -> "list[Outcome]":
    from attacks.outcome import Outcome

    results, noise, memory = run(tries, seed)
    outcomes = []
    for kind in dict.fromkeys(kind for kind, _, _ in results):
        of_kind = [(result, seconds) for each, result, seconds in results if each == kind]
        counts = Counter(result for result, _ in of_kind)
        longest = max(seconds for _, seconds in of_kind)
        broken = len(of_kind) - counts[READ] - counts[HINT] - counts[REFUSED]
        late = sum(seconds > SECONDS for _, seconds in of_kind)
        words = f"{counts[READ]} read, {counts[HINT]} read with a hint, {counts[REFUSED]} refused"
        words += f", {broken} neither" if broken else ""
        what = f"{kind} files with changed bytes"
        outcomes.append(
            Outcome(what, len(of_kind), broken + late, f"{words}; longest {longest:.2f} s")
        )
    outcomes.append(
        Outcome(
            "what decoders print, all these files",
            len(results),
            noise,
            f"{noise} lines on stderr",
        )
    )
    outcomes.append(
        Outcome(
            "memory, all these files",
            len(results),
            int(memory > MEMORY),
            f"{memory:.0f} MB at most, helper included",
        )
    )
    return [*outcomes, scrambled(max(60, tries // 5), seed)]


def scrambled(tries: int, seed: int) -> "Outcome":
    """Overwrite or drop up to 400 bytes of a JPEG's picture; what passes for whole is lost."""
    from PIL import Image

    import facelens
    from attacks.outcome import Outcome
    from facelens import read_photo
    from facelens.errors import PhotoError

    with Image.open(Path(facelens.__file__).parent / "ui" / "astronaut.jpg") as image:
        originals = [
            encoded(image.resize((side, side)), quality)
            for side in (400, 512)
            for quality in (75, 90)
        ]
    unnoticed = 0
    for number in range(tries):
        rng = np.random.default_rng([seed, number])
        data = bytearray(originals[number % len(originals)])
        at = int(rng.integers(data.index(b"\xff\xda") + 14, len(data) - 500))
        length, way = int(rng.integers(1, 400)), number // len(originals) % 3
        data[at : at + length] = (b"", bytes(length), rng.bytes(length).replace(b"\xff", b"\0"))[
            way
        ]
        with suppress(PhotoError):
            unnoticed += not getattr(read_photo(bytes(data)), "hints", ())
    words = f"{1 - unnoticed / tries:.0%} refused or read with a hint"
    return Outcome("JPEG files with a scrambled stretch", tries, unnoticed, words)


def encoded(image: "Image.Image", quality: int) -> bytes:
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=quality)
    return file.getvalue()


def run(tries: int, seed: int) -> tuple[list[tuple[str, str, float]], int, float]:
    """Kind, result and seconds of each try; lines on stderr; the most memory in MB."""
    results: list[tuple[str, str, float]] = []
    noise, memory = 0, 0.0
    while len(results) < tries:
        command = [sys.executable, __file__, str(seed), str(len(results)), str(tries)]
        with tempfile.TemporaryFile() as stderr:
            said = subprocess.run(  # noqa: S603 - our own interpreter
                command, stdout=subprocess.PIPE, stderr=stderr, check=False
            )
            stderr.seek(0)
            noise += len(stderr.read().splitlines())
        lines = [json.loads(line) for line in said.stdout.splitlines()]
        results += [tuple(line) for line in lines if isinstance(line, list)]
        memory = max([memory, *(line for line in lines if isinstance(line, float))])
        if len(results) < tries:
            results.append(("killed the process", f"exit code {said.returncode}", 0.0))
    return results, noise, memory


def work(seed: int, start: int, stop: int) -> None:
    """Read the photos of tries `start` to `stop`, and print what came of each."""
    from facelens import read_photo
    from facelens.errors import PhotoError

    originals = samples()
    for number in range(start, stop):
        rng = np.random.default_rng([seed, number])
        kind, name, data = originals[number % len(originals)]
        data = mutated(data, rng)
        began = perf_counter()
        try:
            photo = read_photo(data, name=name)
            result = HINT if getattr(photo, "hints", ()) else READ
        except PhotoError:
            result = REFUSED
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            result = repr(error)
        print(json.dumps([kind, result, perf_counter() - began]), flush=True)
    with suppress(ImportError):  # so that its memory is counted
        from facelens.photo import helper

        helper.end()
    helpers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps((own_peak() + helpers) * 1024 / 1e6), flush=True)


def own_peak() -> int:
    """The most memory of this process in kB, without what the one that started it had."""
    status = Path("/proc/self/status")
    if status.is_file():
        return int(status.read_text().partition("VmHWM:")[2].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Change `data` in one to three of seven ways, early in the file as often as anywhere."""
    changed = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        end = len(changed) if rng.random() < 0.5 else min(len(changed), 400)
        at = int(rng.integers(0, max(1, end)))
        length = int(rng.integers(1, max(2, len(changed) // 4)))
        way = rng.integers(0, 7)
        if way == 0:
            for place in rng.integers(0, max(1, end), rng.integers(1, 20)):
                changed[place : place + 1] = rng.bytes(1)
        elif way == 1:
            changed[at : at + 4] = EXTREMES[rng.integers(0, len(EXTREMES))]
        elif way == 2:
            del changed[at : at + length]
        elif way == 3:
            changed[at:at] = changed[at : at + length]
        elif way == 4:
            changed[at:at] = rng.bytes(int(rng.integers(1, 64)))
        elif way == 5:
            del changed[at:]
        else:
            changed[at : at + length] = bytes(length)
    return bytes(changed)


def samples() -> list[tuple[str, str, bytes]]:
    """Format, name and bytes of small photos, of every kind that is read."""
    from PIL import Image, ImageCms

    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (12, 9, 3), np.uint8))
    rgb = noise.resize((150, 200), Image.Resampling.BICUBIC)
    clear = rgb.convert("RGBA")
    clear.putalpha(rgb.convert("L"))
    deep = Image.fromarray((np.asarray(rgb.convert("L"), np.uint16) * 257).astype(np.uint16))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera"
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    many = {"save_all": True, "append_images": [rgb.rotate(90), rgb.rotate(180)]}
    rows = [
        ("JPEG", rgb, {}),
        ("JPEG", rgb, {"progressive": True, "exif": exif, "icc_profile": icc}),
        ("JPEG", rgb, {"restart_marker_blocks": 4, "subsampling": 0}),
        ("JPEG", rgb.convert("L"), {"comment": b"a comment"}),
        ("JPEG", rgb.convert("CMYK"), {}),
        ("MPO", rgb, many),
        ("PNG", rgb, {"exif": exif, "icc_profile": icc}),
        ("PNG", rgb.convert("P"), {"transparency": 3}),
        ("PNG", deep, {}),
        ("PNG", clear, many | {"append_images": [clear.rotate(90)]}),
        ("WEBP", rgb, {"exif": exif, "icc_profile": icc}),
        ("WEBP", clear, {"lossless": True}),
        ("WEBP", clear, many | {"append_images": [clear.rotate(90)]}),
        ("GIF", rgb, many),
        ("BMP", rgb, {}),
        ("TIFF", rgb, {"exif": exif, "icc_profile": icc}),
        ("TIFF", rgb, {"compression": "tiff_lzw"}),
        ("TIFF", clear, {"compression": "tiff_adobe_deflate"}),
        ("TIFF", rgb, {"compression": "jpeg"}),
        ("TIFF", deep, many | {"append_images": [deep]}),
        ("AVIF", rgb, {"exif": exif, "icc_profile": icc}),
        ("AVIF", clear, {}),
    ]
    with suppress(ImportError):
        import pillow_heif

        pillow_heif.register_heif_opener()
        rows += [("HEIF", rgb, {"exif": exif}), ("HEIF", clear, {})]
    found = []
    for kind, image, options in rows:
        file = io.BytesIO()
        image.save(file, kind, **options)
        found.append(("HEIC" if kind == "HEIF" else kind, f"photo.{kind.lower()}", file.getvalue()))
    return found


if __name__ == "__main__":
    sys.path[:1] = [str(Path(__file__).parents[1])]
    work(*map(int, sys.argv[1:]))
