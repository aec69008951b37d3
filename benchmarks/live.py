"""How many of a camera's frames are answered a second, how late, and that ten minutes leak nothing.

    FACELENS_PEERS=PYTHON python benchmarks/live.py [--minutes N]

The film is the bundled example's head, which wanders over a grey wall of 640x480. First the
kernel's part alone, from a frame's JPEG to boxes, 40 probabilities and maps, beside fastai's
`learn.predict` (which looks for no face); each in a process of its own, on all cores and on one.
Then `facelens live` in Chromium, which plays the film as its camera on the same cores: answers a
second, and milliseconds from when the page takes a frame to when its box is drawn; once with the
expression turned on too. At last the page runs on for minutes, while its heap and its kernel are
weighed. YuNet's file is named by FACELENS_DETECTOR. Writes benchmarks/results/live.csv.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import cv2
import numpy as np
from measure import EXAMPLE, ROOT, share_of_memory, write
from memory import MEGA, Watch
from page import Way, served
from peers import alone
from peers.alone import Job, in_rounds, run
from playwright.sync_api import Browser, Page, sync_playwright

WIDTH, HEIGHT, SIDE = 640, 480, 380
FRAMES = 240  # eight seconds
MARK = 24  # a square of magenta that moves with the face, to see how far a box is behind
# A job is so many frames: a multiple of both detectors' pauses between two searches.
AT_ONCE = 36
SECONDS = 20
FASTAI = "fastai: learn.predict on the whole frame"
OURS = {"facelens, faces found by YuNet": "yunet", "facelens, by the cascades": "haar"}
ALSO = ("Expression",)  # other tasks, as the page calls them
LATE = "ms from a frame to its box, median"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=int, default=10)
    minutes = parser.parse_args().minutes
    theirs = alone.python()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        folder = Path(name)
        shoot(folder)
        rows = list(kernels(folder, theirs))
        for film in ("one", "two"):
            browser = watching(driver, folder / f"{film}.mjpeg")
            for way, detector in OURS.items():
                rows += page(browser, f"{way}, {film} face{'s' * (film == 'two')}", detector)
            browser.close()
        browser = watching(driver, folder / "one.mjpeg")
        for task in ALSO:
            way = f"facelens, faces found by YuNet, one face, {task.lower()} too"
            rows += page(browser, way, "yunet", also=(task,))
        rows += long(browser, minutes)
        browser.close()
    write("live", rows)


def row(part: str, way: str, what: str, value: str, **more: Any) -> dict[str, Any]:
    return {"part": part, "way": way, "cores": "", "what": what, "value": value,
            "times_as_fast_as_fastai": "", **more}  # fmt: skip


# The film


def shoot(folder: Path, mark: int = MARK) -> None:
    """Make one.mjpeg and two.mjpeg, with one face and with two, and frames/ of the first."""
    picture = cv2.imread(str(EXAMPLE))[:300, 70:370]
    picture[:mark, :mark] = (255, 0, 255)
    (folder / "frames").mkdir()
    films = {name: (folder / f"{name}.mjpeg").open("wb") for name in ("one", "two")}
    for number, turn in enumerate(np.linspace(0, 2 * np.pi, FRAMES, endpoint=False)):
        place = (0.5 + 0.4 * np.sin(turn), 0.5 + 0.4 * np.cos(2 * turn))
        alone = encoded(room([(picture, SIDE, *place)]))
        (folder / "frames" / f"{number:03}.jpg").write_bytes(alone)
        films["one"].write(alone)
        left = (picture, SIDE * 4 // 5, 0.1 + 0.05 * np.sin(turn), place[1])
        right = (picture[:, ::-1], SIDE * 4 // 5, 0.9 + 0.05 * np.cos(turn), 1 - place[1])
        films["two"].write(encoded(room([left, right])))
    for film in films.values():
        film.close()


def room(faces: list[tuple[np.ndarray, int, float, float]]) -> np.ndarray:
    """A grey wall with pictures: each, its side, and where between the edges it hangs."""
    wall = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    for picture, side, across, down in faces:
        face = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        x, y = round(across * (WIDTH - side)), round(down * (HEIGHT - side))
        wall[y : y + side, x : x + side] = face
    return wall


def encoded(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


# The kernel's part


def yunet(folder: Path, _cores: int) -> Job:
    return _watch(folder, None)


def haar(folder: Path, _cores: int) -> Job:
    return _watch(folder, "haar")


def _watch(folder: Path, detector: str | None) -> Job:
    """So many frames, as the page's kernel answers them."""
    from facelens.ui import live

    page = live(detector=detector)
    page.warm_up()
    paths = sorted((folder / "frames").glob("*.jpg"))
    film = cycle((number / 30, path.read_bytes()) for number, path in enumerate(paths))

    def job() -> int:
        seen = 0
        for _ in range(AT_ONCE):
            seconds, data = next(film)
            seen += len(page.see(data, seconds, anew=False, maps=True)[1])
        return seen

    return job


def kernels(folder: Path, theirs: Path) -> Iterator[dict[str, Any]]:
    """Frames a second without a browser, beside fastai."""
    run(theirs, "peers.learner", folder)
    ways: dict[str, tuple[str | Path, str]] = {FASTAI: (theirs, "peers.live:fastai")}
    ways |= {way: (sys.executable, f"live:{job}") for way, job in OURS.items()}
    found = in_rounds(ways, folder, rounds=2)
    for (way, cores), told in found.items():
        frames = 1 if way == FASTAI else AT_ONCE
        rate = frames / told["seconds"]
        more = {
            "cores": cores,
            "times_as_fast_as_fastai": f"{rate * found[FASTAI, cores]['seconds']:.1f}",
        }
        yield row("kernel", way, "frames a second", f"{rate:.1f}", **more)


# The page


def watching(driver: Any, film: Path) -> Browser:
    """A Chromium whose camera plays `film`."""
    return driver.chromium.launch(
        executable_path=os.environ.get("FACELENS_CHROMIUM") or shutil.which("chromium"),
        args=[
            "--no-sandbox", "--disable-gpu", "--disable-background-networking",
            "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={film}",
        ],
    )  # fmt: skip


def way_of(detector: str) -> Way:
    spec = [] if detector == "yunet" else ["--detector", detector]
    command = [sys.executable, "-m", "facelens", "live", "--no-browser", *spec]
    return Way("facelens", command, ROOT)


def started(browser: Browser, address: str) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 800}, bypass_csp=True)
    page.goto(address)
    page.get_by_role("button", name="Start the camera").click()
    page.wait_for_function("document.querySelector('.camera').facelens.answers().length > 10")
    page.wait_for_timeout(3000)
    return page


def answers(page: Page, seconds: float) -> list[dict[str, float]]:
    """What the page has noted of each answer in so many seconds."""
    noted: dict[float, dict[str, float]] = {}
    until = page.evaluate("performance.now()") + 1000 * seconds
    while page.evaluate("performance.now()") < until:
        page.wait_for_timeout(1000)
        for each in page.evaluate("document.querySelector('.camera').facelens.answers()"):
            noted[each["when"]] = each
    return [noted[when] for when in sorted(noted)]


BEHIND = """() => {
  const video = document.querySelector(".camera video");
  const canvas = document.querySelector(".camera canvas");
  const paper = Object.assign(document.createElement("canvas"), { width: 160, height: 120 });
  const pen = paper.getContext("2d", { willReadFrequently: true });
  pen.drawImage(video, 0, 0, 160, 120);
  const { data } = pen.getImageData(0, 0, 160, 120);
  let [count, x] = [0, 0];
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] > 170 && data[i + 1] < 100 && data[i + 2] > 170) {
      count += 1;
      x += (i / 4) % 160;
    }
  }
  const [face] = document.querySelector(".camera").facelens.faces();
  return [1 - (x / count + 0.5) / 160, (face.x + face.w / 2) / canvas.width, face.w / canvas.width];
}"""


def page(
    browser: Browser, way: str, detector: str, also: Sequence[str] = ()
) -> Iterator[dict[str, Any]]:
    """Answers a second and how late they are, a browser beside the kernel.

    `also`: what the page calls the other tasks that are turned on.
    """
    with served(way_of(detector)) as (address, _):
        tab = started(browser, address)
        for task in also:
            tab.get_by_label(task, exact=True).check()
        if also:
            tab.wait_for_timeout(3000)
        seen = answers(tab, SECONDS)
        late = [each["late"] for each in seen]
        rate = (len(seen) - 1) / (seen[-1]["when"] - seen[0]["when"]) * 1000
        yield row("page", way, "answers a second", f"{rate:.1f}")
        yield row("page", way, LATE, f"{median(late):.0f}")
        yield row("page", way, "the same, 95 of 100", f"{quantiles(late, n=20)[-1]:.0f}")
        yield row("page", way, "of these the kernel's", f"{median(e['part'] for e in seen):.0f}")
        if "one" in way and not also:
            places = np.array([tab.evaluate(BEHIND) for _ in range(200)])
            off = places[:, 1] - places[:, 0]
            away = np.median(np.abs(off - np.median(off))) / np.median(places[:, 2])
            yield row("page", way, "a box is off by, % of its width", f"{100 * away:.1f}")
        tab.goto("about:blank")
        tab.close()


# Minutes


def long(browser: Browser, minutes: int) -> Iterator[dict[str, Any]]:
    """What page and kernel hold, minute by minute."""
    name = "facelens, by the cascades"
    with served(way_of("haar")) as (address, server), Watch(server) as watch:
        tab = started(browser, address)
        for minute in range(minutes + 1):
            heap, nodes = held(tab)
            kernel = share_of_memory(watch.kernels) / MEGA
            when = f"after {minute} minutes"
            yield row("minutes", name, f"{when}, the page's heap, MB", f"{heap / MEGA:.2f}")
            yield row("minutes", name, f"{when}, the page's nodes", f"{nodes:.0f}")
            yield row("minutes", name, f"{when}, the kernel, MB", f"{kernel:.1f}")
            if minute < minutes:
                seen = answers(tab, 60)
                late = median(each["late"] for each in seen)
                yield row("minutes", name, f"minute {minute + 1}, answers", str(len(seen)))
                yield row("minutes", name, f"minute {minute + 1}, {LATE}", f"{late:.0f}")
        tab.goto("about:blank")
        tab.close()


def held(page: Page) -> tuple[float, float]:
    """Bytes of the page's heap, and its nodes, when the rubbish has been taken out."""
    wire = page.context.new_cdp_session(page)
    wire.send("HeapProfiler.collectGarbage")
    wire.send("Performance.enable")
    found = {each["name"]: each["value"] for each in wire.send("Performance.getMetrics")["metrics"]}
    wire.detach()
    return found["JSHeapUsedSize"], found["Nodes"]


if __name__ == "__main__":
    main()
