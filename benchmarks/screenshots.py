"""Take the pictures of the dashboard that README and docs show, with the bundled example.

    python benchmarks/screenshots.py [--out FOLDER]
    python benchmarks/screenshots.py --widths [--out FOLDER]

Writes docs/figures/dashboard-1280.png, dashboard-390.png, live-1280.png, looks.png, points.png,
steps.png and the moving tour.webp; needs Chromium and the extra `test`. Judgements about people
stay folded. `--widths` takes the whole answered page instead, at the widths of a phone, a tablet, a
laptop and a large screen, light and dark, to be looked at: page-390-light.png and so on.
"""

import argparse
import io
import os
import shutil
import sys
import tempfile
from pathlib import Path

import live
from measure import QUICK
from page import Way, served
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Playwright, sync_playwright

FIGURES = Path(__file__).parents[1] / "docs" / "figures"
WIDTHS = {390: 844, 768: 1024, 1280: 800, 1920: 1080}
SMALL = (960, 600)  # of the tour, which is taken at 1280 x 800
POINTER = """
const pointer = document.createElement("div");
pointer.style.cssText = "position: fixed; z-index: 9; width: 22px; height: 22px;"
  + "border-radius: 50%; margin: -11px; background: #e8a33d99; border: 2px solid #b36b00;"
  + "pointer-events: none; left: -40px; top: -40px";
document.body.append(pointer);
addEventListener("mousemove", (event) => {
  pointer.style.left = `${event.clientX}px`;
  pointer.style.top = `${event.clientY}px`;
});
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FIGURES)
    parser.add_argument("--widths", action="store_true")
    options = parser.parse_args()
    out = options.out
    chromium = os.environ.get("FACELENS_CHROMIUM") or shutil.which("chromium")
    command = [sys.executable, "-m", "facelens", "dashboard", "--no-browser"]
    with sync_playwright() as driver, served(Way("facelens", command, Path.cwd())) as (address, _):
        browser = driver.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        if options.widths:
            whole(browser, address, out)
            browser.close()
            return
        desk = answered(
            browser.new_page(viewport={"width": 1280, "height": 860}, reduced_motion="reduce"),
            address,
        )
        desk.screenshot(path=out / "dashboard-1280.png")
        for name in ("No_Beard", "Bangs", "Mouth_Slightly_Open"):
            desk.get_by_label("Attribute to look at").select_option(name)
            desk.get_by_role("button", name="Keep this map beside").click()
        desk.get_by_label("Attribute to look at").select_option("Smiling")
        desk.get_by_label("Kind of map").select_option("finest")
        desk.locator(".heatmap details", has_text="16 looks").wait_for()
        desk.locator('.heatmap .covering[aria-busy="false"]').wait_for()
        desk.set_viewport_size({"width": 1280, "height": 1600})
        desk.locator(".heatmap").screenshot(path=out / "looks.png")
        desk.get_by_role("checkbox", name="Fifteen points").check()
        desk.locator(".heatmap .dot").first.wait_for()
        desk.locator(".heatmap .pair").screenshot(path=out / "points.png")
        desk.locator(".steps").scroll_into_view_if_needed()
        desk.locator(".steps .filters button").first.wait_for()
        desk.locator(".steps").screenshot(path=out / "steps.png")
        phone = answered(browser.new_page(viewport={"width": 390, "height": 844}), address)
        phone.screenshot(path=out / "dashboard-390.png")
        walk = Tour(browser.new_page(viewport={"width": 1280, "height": 800}), address)
        walk.take(out / "tour.webp")
        for page in (desk, phone, walk.page):
            page.goto("about:blank")
        browser.close()
    with sync_playwright() as driver:
        moving(driver, out / "live-1280.png")


def whole(browser: Browser, address: str, folder: Path) -> None:
    """Take the whole page at every width, light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    for width, height in list(WIDTHS.items())[: 1 if QUICK else None]:
        page = browser.new_page(
            viewport={"width": width, "height": height},
            has_touch=width < 1000,
            is_mobile=width < 1000,
            reduced_motion="reduce",
        )
        answered(page, address)
        for view in (".inside", ".steps"):
            page.locator(view).scroll_into_view_if_needed()
            page.locator(f"{view} button img").first.wait_for()
        page.evaluate("scrollTo(0, 0)")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(300)  # colours come to rest
            page.screenshot(path=folder / f"page-{width}-{scheme}.png", full_page=True)
        page.goto("about:blank")
        page.close()


def moving(driver: Playwright, path: Path) -> None:
    """Take the live page while a film of two faces runs, with a map over them."""
    with tempfile.TemporaryDirectory() as name, served(live.way_of("haar")) as (address, _):
        live.shoot(Path(name), mark=0)
        browser = live.watching(driver, Path(name) / "two.mjpeg")
        page = live.started(browser, address)
        page.get_by_label("Where it looks for").select_option("Smiling")
        page.wait_for_timeout(1500)
        page.set_viewport_size({"width": 1280, "height": 800})
        page.wait_for_timeout(1000)
        page.screenshot(path=path)
        page.goto("about:blank")
        browser.close()


class Tour:
    """A visit from the empty page to a filter of the first layer, frame by frame."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.frames: list[tuple[Image.Image, int]] = []
        page.goto(address)
        page.get_by_role("button", name="Model card").wait_for()
        page.locator(".board .empty").wait_for()
        page.evaluate(POINTER)

    def take(self, path: Path) -> None:
        """Walk through the page and write what was seen as one moving picture."""
        page = self.page
        self.shoot(1200)
        self.point(page.get_by_role("button", name="Try the example"))
        self.shoot(500)
        page.mouse.down()
        page.mouse.up()
        page.locator('.intake .status[data-state="done"]').wait_for()
        covered(page)
        self.shoot(2600)
        self.drag(page.get_by_role("slider", name="Threshold for Smiling", exact=True))
        page.get_by_role("button", name="Reset").click()
        for name in ("Bangs", "No_Beard"):
            page.get_by_label("Attribute to look at").select_option(name)
            self.bring(page.locator(".heatmap"))
            self.shoot(1600)
        self.bring(page.locator(".inside"))
        page.locator(".inside .grid button").nth(1).click()
        self.shoot(2000)
        self.bring(page.locator(".steps"))
        page.locator(".steps .filters button").first.wait_for()
        area = page.locator(".steps .live").first.bounding_box()
        for share in (0.3, 0.4, 0.5, 0.6, 0.7):
            page.mouse.move(area["x"] + area["width"] * share, area["y"] + area["height"] * share)
            self.shoot(500)
        first, *others = [frame for frame, _ in self.frames]
        first.save(
            path, save_all=True, append_images=others, loop=0, quality=72,
            method=0 if QUICK else 6, duration=[milliseconds for _, milliseconds in self.frames],
        )  # fmt: skip

    def shoot(self, milliseconds: int) -> None:
        self.page.wait_for_timeout(0 if QUICK else 300)  # bars and pictures come to rest
        frame = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        self.frames.append((frame.resize(SMALL, Image.Resampling.LANCZOS), milliseconds))

    def point(self, thing: Locator) -> None:
        area = thing.bounding_box()
        self.page.mouse.move(area["x"] + area["width"] / 2, area["y"] + area["height"] / 2)

    def bring(self, thing: Locator) -> None:
        """Scroll `thing` to the top of the window."""
        thing.evaluate("node => scrollBy(0, node.getBoundingClientRect().top - 16)")

    def drag(self, slider: Locator) -> None:
        """Take a threshold from the middle to the right end."""
        slider.scroll_into_view_if_needed()
        area = slider.bounding_box()
        middle = area["y"] + area["height"] / 2
        self.page.mouse.move(area["x"] + area["width"] / 2, middle)
        self.page.mouse.down()
        for share in (0.6, 0.75, 0.9, 1.0):
            self.page.mouse.move(area["x"] + area["width"] * share, middle)
            self.shoot(1800 if share == 1 else 250)
        self.page.mouse.up()


def answered(page: Page, address: str) -> Page:
    """The page at `address` with the example on it."""
    page.goto(address)
    page.get_by_role("button", name="Try the example").click()
    page.locator('.intake .status[data-state="done"]').wait_for()
    covered(page)
    return page


def covered(page: Page) -> None:
    """Wait until the map by covering stands there, and the bars have grown."""
    page.locator('.heatmap canvas[aria-label^="By covering: what speaks"]').wait_for()
    page.wait_for_timeout(700)


if __name__ == "__main__":
    main()
