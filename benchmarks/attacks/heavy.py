"""Photos made to hold a processor or the memory, and the largest that phones write.

The first are refused (or answered) within two seconds of one processor. The others are answered by
`facelens predict` within five seconds of one and 600 MB. A helper process counts in both. Each
file is read by a process of its own.
"""

import io
import os
import resource
import struct
import subprocess
import sys
import tempfile
import threading
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

    from attacks.outcome import Outcome

TRIES, QUICK = 3, 1
HOSTILE_SECONDS, PHONE_SECONDS, MEMORY = 2.0, 5.0, 600
# Seconds of the processor, seconds of the clock and bytes after which a process is ended.
GIVE_UP, PATIENCE, MOST = 30, 900, 3_000_000_000
READ = """
import resource, sys
from facelens import read_photo
from facelens.errors import PhotoError
import facelens.photo, PIL.Image, PIL.ImageCms, cv2
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]),) * 2)
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[3]),) * 2)
data = open(sys.argv[1], "rb").read()

def spent():
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in both)

start = spent()
try:
    photo = read_photo(data)
    result = "read with a hint" if getattr(photo, "hints", ()) else "read"
except PhotoError:
    result = "refused"
if hasattr(facelens.photo, "helper"):
    facelens.photo.helper.end()  # so that its time is counted
print(result, spent() - start)
"""


def attack(tries: int, seed: int) -> "list[Outcome]":
    """Read each file `tries` times; the QUICK form leaves out what takes long to make."""
    del seed  # nothing here is left to chance
    quick = tries <= QUICK
    files = {what: make for what, make in HOSTILE.items() if not quick or what not in SLOW}
    return [*hostile(files, tries), *([] if quick else phones(tries))]


def hostile(files: dict[str, Callable[[], bytes]], tries: int) -> "list[Outcome]":
    """Read each hostile file."""
    from attacks.outcome import Outcome

    outcomes = []
    for what, make in files.items():
        data = make()
        runs = [_run([sys.executable, "-P", "-c", READ], data, GIVE_UP, MOST) for _ in range(tries)]
        seconds = max(float(out.split()[-1]) if out else GIVE_UP for out, _ in runs)
        memory = max(memory for _, memory in runs)
        results = {out.rpartition(" ")[0] if out else "not ended" for out, _ in runs}
        known = results <= {"read", "read with a hint", "refused"}
        lost = 0 if known and seconds <= HOSTILE_SECONDS and memory <= MEMORY else tries
        took = f"over {GIVE_UP} s" if seconds >= GIVE_UP else f"{seconds:.2f} s"
        words = f"{' or '.join(sorted(results))}: {took}, {memory:.0f} MB"
        outcomes.append(Outcome(f"{what}, {_size(data)}", tries, lost, words))
    return outcomes


def phones(tries: int) -> "list[Outcome]":
    """Answer photos of the sizes that phones write, on the command line."""
    from attacks.outcome import Outcome

    outcomes = []
    for what, make in PHONES.items():
        data = make()
        predict = [sys.executable, "-P", "-m", "facelens", "predict"]
        before = _spent()
        runs = [_run(predict, data) for _ in range(tries)]
        seconds = (_spent() - before) / tries
        answered = all("face found" in out or "faces found" in out for out, _ in runs)
        memory = max(memory for _, memory in runs)
        good = answered and seconds <= PHONE_SECONDS and memory <= MEMORY
        words = f"{'answered' if answered else 'not answered'}: {seconds:.1f} s, {memory:.0f} MB"
        outcomes.append(Outcome(f"{what}, {_size(data)}", tries, 0 if good else tries, words))
    return outcomes


def _spent() -> float:
    """Seconds of the processor that processes which have ended took, their own included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _size(data: bytes) -> str:
    return f"{len(data) / 1e6:.1f} MB" if len(data) >= 1e6 else f"{len(data) / 1e3:.1f} kB"


# Python's -P keeps this checkout out of the way: another one may be attacked.
def _run(command: list[str], data: bytes, *limits: int) -> tuple[str, float]:
    """Give a file to a command: what it prints ("" if it is ended), and peak MB."""
    with tempfile.NamedTemporaryFile(suffix=".photo") as file:
        file.write(data)
        file.flush()
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [*command, file.name, *map(str, limits)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        over, most = threading.Event(), [0.0]

        def watch() -> None:
            while not over.wait(0.005):
                most[0] = max(most[0], sum(map(_resident, [process.pid, *_children(process.pid)])))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            out, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            out = ""
        over.set()
        watcher.join()
    return out.strip(), most[0]


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:  # it has just ended
        return []


def _resident(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def encoded(image: "Image.Image", kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def grey(width: int, height: int, mode: str = "L") -> "Image.Image":
    from PIL import Image

    return Image.new(mode, (width, height), 128 if len(mode) == 1 else (128,) * len(mode))


def scans(width: int, height: int, count: int) -> bytes:
    """A progressive JPEG whose last scan is repeated."""
    data = encoded(grey(width, height), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    tables = data.rindex(b"\xff\xc4")
    return data[:-2] + data[min(tables, last) : -2] * count + b"\xff\xd9"


def segments(count: int) -> bytes:
    """A JPEG behind empty APP1 segments."""
    data = encoded(grey(64, 64), "JPEG")
    return data[:2] + b"\xff\xe1\0\2" * count + data[2:]


def chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def png(
    width: int, height: int, depth: int, colour: int, *chunks: bytes, rows: bytes = b""
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    pixels = rows or zlib.compress(bytes(1000))
    inside = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(inside)


def deflated(size: int) -> bytes:
    """Zeros, deflated to a thousandth."""
    deflate = zlib.compressobj(9)
    parts = [deflate.compress(bytes(1_000_000)) for _ in range(size // 1_000_000)]
    return b"".join([*parts, deflate.flush()])


def webp(width: int, height: int) -> bytes:
    """An animation of one small frame on a vast canvas."""

    def part(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    def side(pixels: int) -> bytes:
        return struct.pack("<I", pixels - 1)[:3]

    from PIL import Image

    inner = encoded(Image.new("RGB", (1, 1)), "WEBP", lossless=True)[12:]
    frame = bytes(6) + side(1) + side(1) + b"\x64\0\0\0" + inner
    header = part(b"VP8X", b"\2\0\0\0" + side(width) + side(height))
    inside = b"WEBP" + header + part(b"ANIM", bytes(6)) + part(b"ANMF", frame)
    return part(b"RIFF", inside)


def gif(width: int, height: int, comment: int = 0) -> bytes:
    data = bytearray(encoded(grey(16, 16), "GIF"))
    data[6:10] = struct.pack("<HH", width, height)
    at = data.index(b",", 13 + 3 * 2 ** ((data[10] & 7) + 1))
    blocks = (b"\xff" + bytes(255)) * comment
    return bytes(data[:at] + (b"!\xfe" + blocks + b"\0" if comment else b"") + data[at:])


def tiff(tags: list[tuple[int, int, int, int]], body: bytes = b"", after: int = 0) -> bytes:
    """A TIFF with tags of (number, type, count, value or place)."""
    entries = b"".join(struct.pack("<HHII", *tag) for tag in sorted(tags))
    head = b"II*\0" + struct.pack("<IH", 8, len(tags) & 0xFFFF)
    return head + entries + struct.pack("<I", after) + body


def plain_tags(width: int, height: int, **other: int) -> list[tuple[int, int, int, int]]:
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: 100}
    tags |= {int(tag[1:]): value for tag, value in other.items()}
    return [(tag, 4, 1, value) for tag, value in tags.items()]


def greedy_tags() -> bytes:
    """Thousands of tags that all hold the same ten megabytes."""
    greedy = [(40_000 + number, 1, 10_000_000, 8) for number in range(20_000)]
    return tiff(plain_tags(64, 64) + greedy, bytes(10_000_000))


def resized(kind: str, width: int, height: int, says: tuple[int, int]) -> bytes:
    """An AVIF or HEIC that states other sides than its picture has."""
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    data = encoded(grey(width, height, "RGB"), kind, **({"speed": 10} if kind == "AVIF" else {}))
    return data.replace(struct.pack(">II", width, height), struct.pack(">II", *says))


def exif_loop() -> bytes:
    """EXIF data of which each directory leads to itself."""
    entries = struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<HHII", 0x014A, 4, 1, 8)
    exif = b"II*\0\x08\0\0\0" + struct.pack("<H", 2) + entries + struct.pack("<I", 8)
    return encoded(grey(64, 64), "JPEG", exif=b"Exif\0\0" + exif)


def greedy_exif() -> bytes:
    """EXIF data whose tags all hold the same megabytes, in a WebP, which does not bound them."""
    count = 20_000
    entries = b"".join(struct.pack("<HHII", 40_000 + i, 1, 10_000_000, 8) for i in range(count))
    exif = b"II*\0\x08\0\0\0" + struct.pack("<H", count) + entries + bytes(10_000_000)
    return encoded(grey(64, 64, "RGB"), "WEBP", exif=b"Exif\0\0" + exif)


def profile(size: int) -> bytes:
    """A colour profile with tables of noise, behind a header that is right."""
    from PIL import ImageCms

    icc = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    icc += np.random.default_rng(0).bytes(size - len(icc))
    icc[:4] = struct.pack(">I", size)
    icc[132:] = icc[132:].replace(b"curv", b"mft2").replace(b"para", b"mft2")
    return bytes(icc)


def bmp_runs(size: int) -> bytes:
    """A BMP of run-length encoded single pixels."""
    runs = b"\1\0" * (size // 2)
    head = struct.pack("<IiiHHIIiiII", 40, 8000, 8000, 1, 8, 1, len(runs), 0, 0, 256, 0)
    start = 14 + len(head) + 1024
    return b"BM" + struct.pack("<IHHI", start + len(runs), 0, 0, start) + head + bytes(1024) + runs


HOSTILE: dict[str, Callable[[], bytes]] = {
    "JPEG of 306 scans": lambda: scans(6500, 6500, 300),
    "JPEG of 15,006 scans": lambda: scans(5000, 5000, 15_000),
    "JPEG of two million segments": lambda: segments(2_000_000),
    "JPEG of one scan that says 65,500 x 65,500": lambda: encoded(grey(64, 64), "JPEG").replace(
        struct.pack(">HH", 64, 64), struct.pack(">HH", 65_500, 65_500)
    ),
    "JPEG, progressive, 64 megapixels, no colour saved on": lambda: encoded(
        grey(8000, 8000, "RGB"), "JPEG", progressive=True, subsampling=0
    ),
    "JPEG whose EXIF data leads to itself": exif_loop,
    "JPEG with a profile of noise": lambda: encoded(
        grey(64, 64, "RGB"), "JPEG", icc_profile=profile(3_000_000)
    ),
    "WebP animation on a canvas of 49 megapixels": lambda: webp(7000, 7000),
    "WebP animation on a canvas of 268 megapixels": lambda: webp(16_383, 16_383),
    "WebP whose EXIF tags hold 200 GB": greedy_exif,
    "PNG of 1 x 50,000,000": lambda: png(1, 50_000_000, 8, 2),
    "PNG of 50,000,000 x 1": lambda: png(50_000_000, 1, 8, 2),
    "PNG of 8000 x 8000, 16 bits, transparent": lambda: png(
        8000, 8000, 16, 6, rows=deflated(8000 * 64_001)
    ),
    "PNG with a text of a gigabyte": lambda: png(
        64, 64, 8, 0, chunk(b"zTXt", b"a\0\0" + deflated(1_000_000_000))
    ),
    "PNG with a profile of a gigabyte": lambda: png(
        64, 64, 8, 0, chunk(b"iCCP", b"a\0\0" + deflated(1_000_000_000))
    ),
    "PNG of two million chunks": lambda: png(64, 64, 8, 0, chunk(b"tEXt", b"") * 2_000_000),
    "GIF of 65,535 x 65,535": lambda: gif(65_535, 65_535),
    "GIF of 7,000 x 7,000": lambda: gif(7000, 7000),
    "GIF with a comment of 20 MB": lambda: gif(16, 16, 80_000),
    "TIFF whose tags hold 200 GB": greedy_tags,
    "TIFF of 65,535 tags": lambda: tiff([(256, 4, 1, 64)] * 65_535),
    "TIFF whose directory leads to itself": lambda: tiff(plain_tags(64, 64), bytes(9000), after=8),
    "TIFF of 8000 x 8000, deflated": lambda: tiff(
        plain_tags(8000, 8000, _259=8, _273=122, _279=200_000), deflated(64_000_000)
    ),
    "AVIF that says 100 x 100 and has 8,000 x 8,000": lambda: resized(
        "AVIF", 8000, 8000, (100, 100)
    ),
    "AVIF that says 65,000 x 65,000": lambda: resized("AVIF", 128, 96, (65_000, 65_000)),
    "HEIC that says 100 x 100 and has 4,000 x 4,000": lambda: resized(
        "HEIF", 4000, 4000, (100, 100)
    ),
    "BMP of runs of one pixel": lambda: bmp_runs(24_000_000),
}


SLOW = {
    what
    for what in HOSTILE
    if any(word in what for word in ("gigabyte", " has ", "no colour", "8000 x 8000, 16"))
}


def face(width: int, height: int) -> "Image.Image":
    """The example photo, as large as a phone's."""
    from PIL import Image

    import facelens

    small = Image.open(Path(facelens.__file__).parent / "ui" / "astronaut.jpg").convert("RGB")
    return small.resize((width, height), Image.Resampling.BICUBIC)


def turned(image: "Image.Image") -> bytes:
    """As a phone held upright writes it: lying, with a note to turn it."""
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(image.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=80, exif=exif)


def heic(width: int, height: int) -> bytes:
    import pillow_heif

    pillow_heif.register_heif_opener()
    return encoded(face(width, height), "HEIF", quality=40)


def display_p3() -> bytes:
    """A Display P3 profile: its primaries and white (SMPTE EG 432-1), adapted to D50."""
    columns = (0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)
    return matrix_profile(columns)


def matrix_profile(columns: Sequence[Sequence[float]], gamma: float = 2.2) -> bytes:
    """An ICC profile of three primaries (XYZ, D50) and one gamma."""

    def xyz(values: Sequence[float]) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))

    white = 0.9642, 1.0, 0.8249
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    text = b"desc\0\0\0\0\0\0\0\6wide\0\0" + bytes(80)
    bodies = {b"desc": text, b"wtpt": xyz(white), b"cprt": b"text\0\0\0\0none\0\0\0\0"}
    bodies |= dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(xyz, columns), strict=True))
    bodies |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, data = struct.pack(">I", len(bodies)), b""
    for tag, body in bodies.items():
        table += struct.pack(">4sII", tag, 132 + 12 * len(bodies) + len(data), len(body))
        data += body + bytes(-len(body) % 4)
    illuminant = struct.pack(">3i", *(round(v * 65536) for v in white))
    head = struct.pack(">I4sI", 132 + len(table) - 4 + len(data), b"\0\0\0\0", 0x02400000)
    head += b"mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28) + illuminant + bytes(48)
    return head + table + data


PHONES: dict[str, Callable[[], bytes]] = {
    "photo of 4000 x 3000": lambda: encoded(face(4000, 3000), "JPEG", quality=85),
    "photo of 8160 x 6144": lambda: encoded(face(8160, 6144), "JPEG", quality=85),
    "photo of 9248 x 6936": lambda: encoded(face(9248, 6936), "JPEG", quality=85),
    "photo of 9248 x 6936, to be turned": lambda: turned(face(9248, 6936)),
    "photo of 9248 x 6936, Display P3": lambda: encoded(
        face(9248, 6936), "JPEG", quality=85, icc_profile=display_p3()
    ),
    "photo of 9248 x 6936, progressive": lambda: encoded(
        face(9248, 6936), "JPEG", quality=85, progressive=True
    ),
    "HEIC photo of 8064 x 6048": lambda: heic(8064, 6048),
}
