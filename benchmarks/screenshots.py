"""Take the pictures of the dashboard that README and docs show, with the bundled example.

    python benchmarks/screenshots.py [--out FOLDER]

Writes docs/figures/dashboard-1280.png, dashboard-390.png, looks.png and steps.png;
needs Chromium and the extra `test`. Judgements about people stay folded.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

from page import Way, served
from playwright.sync_api import Page, sync_playwright

FIGURES = Path(__file__).parents[1] / "docs" / "figures"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FIGURES)
    out = parser.parse_args().out
    chromium = os.environ.get("FACELENS_CHROMIUM") or shutil.which("chromium")
    command = [sys.executable, "-m", "facelens", "dashboard", "--no-browser"]
    with sync_playwright() as driver, served(Way("facelens", command, Path.cwd())) as (address, _):
        browser = driver.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        desk = answered(browser.new_page(viewport={"width": 1280, "height": 860}), address)
        desk.screenshot(path=out / "dashboard-1280.png")
        for name in ("No_Beard", "Bangs", "Mouth_Slightly_Open"):
            desk.get_by_label("Attribute to look at").select_option(name)
            desk.get_by_role("button", name="Keep this map beside").click()
        desk.get_by_label("Attribute to look at").select_option("Smiling")
        desk.get_by_label("Kind of map").select_option("finest")
        desk.locator(".looks .caption", has_text="16 looks").wait_for()
        desk.set_viewport_size({"width": 1280, "height": 1600})
        desk.locator(".looks").screenshot(path=out / "looks.png")
        desk.locator(".steps").scroll_into_view_if_needed()
        desk.locator(".steps .filters button").first.wait_for()
        desk.locator(".steps").screenshot(path=out / "steps.png")
        phone = answered(browser.new_page(viewport={"width": 390, "height": 844}), address)
        phone.screenshot(path=out / "dashboard-390.png")
        for page in (desk, phone):
            page.goto("about:blank")
        browser.close()


def answered(page: Page, address: str) -> Page:
    """The page at `address` with the example on it."""
    page.goto(address)
    page.get_by_role("button", name="Try the example").click()
    page.locator('.intake .status[data-state="done"]').wait_for()
    page.wait_for_timeout(700)  # bars grow for a quarter of a second
    return page


if __name__ == "__main__":
    main()
