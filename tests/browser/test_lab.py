"""The same page as a notebook in JupyterLab: it opens and fits, and a saved one holds no photo."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.train]  # JupyterLab comes with the extra `train`
pytest.importorskip("jupyterlab", reason="needs the extra `train`")
ROOT = Path(__file__).parents[2]
SAVE_STATE = "@jupyter-widgets/jupyterlab-manager/plugin.jupyterlab-settings"


@pytest.fixture
def lab(tmp_path):
    """A JupyterLab on a copy of the dashboard that saves the state of widgets with a notebook."""
    shutil.copy(ROOT / "dashboards" / "selfie.ipynb", tmp_path)
    settings = tmp_path / "settings" / SAVE_STATE
    settings.parent.mkdir(parents=True)
    settings.write_text('{"saveState": true}')
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--allow-root",
            "--IdentityProvider.token=", f"--ServerApp.root_dir={tmp_path}",
            "--LabApp.extension_manager=readonly", "--LabApp.news_url=",
        ],
        env=os.environ
        | {"JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"), "JUPYTER_PLATFORM_DIRS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}/lab"
    try:
        for _ in range(240):
            assert server.poll() is None, "JupyterLab ended"
            try:
                urllib.request.urlopen(address, timeout=5)
                break
            except (OSError, urllib.error.HTTPError):
                time.sleep(0.5)
        yield f"{address}/tree/selfie.ipynb", tmp_path / "selfie.ipynb"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


def closed(dialog):
    """Accept what JupyterLab says over the page: that a kernel has been restarted, say."""
    dialog.first.locator("button.jp-mod-accept").click()


def opened(browser, address):
    """A tab with the notebook, its cells run."""
    from playwright.sync_api import TimeoutError  # noqa: A004

    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.set_default_timeout(90_000)
    page.add_locator_handler(page.locator("dialog.jp-Dialog"), closed)
    page.goto(address)
    page.locator(".jp-Notebook .jp-Cell").nth(1).wait_for()
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()
    start = page.get_by_role("button", name="Choose a photo")
    for _ in range(4):  # a busy JupyterLab may swallow a click on its menu
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        with contextlib.suppress(TimeoutError):
            start.wait_for(timeout=25_000)
            break
    return page


def test_it_works_in_jupyterlab_and_the_saved_notebook_holds_no_photo(browser, lab, astronaut):
    address, notebook = lab
    page = opened(browser, address)
    start = page.get_by_role("button", name="Choose a photo")
    with page.expect_file_chooser() as chooser:
        start.click()
    photo = astronaut.read_bytes()
    chooser.value.set_files({"name": "it-is-me.jpg", "mimeType": "image/jpeg", "buffer": photo})
    page.locator('.intake .status[data-state="done"]').wait_for()
    assert page.locator(".board .row:visible").count() >= 8
    assert not page.get_by_role("button", name="Copy a link").is_visible()
    page.locator(".inside").scroll_into_view_if_needed()
    page.locator(".inside .grid button").first.wait_for()
    page.locator(".jp-Notebook").first.click(position={"x": 5, "y": 5})
    with page.expect_response(is_saving):
        page.keyboard.press("Control+s")
    saved = notebook.read_text()
    page.close()
    assert "widgets" in json.loads(saved)["metadata"], "no state was saved, so nothing was tested"
    assert "anywidget" in saved
    assert "it-is-me" not in saved
    # The scripts of the page are saved with it, and hold the pictures of its examples.
    contents = json.loads(saved)
    for widget in states(contents["metadata"]["widgets"]):
        widget["state"].pop("_esm", None)
    saved = json.dumps(contents)
    for start in ("/9j/", "iVBORw0KGgo"):  # how a JPEG and a PNG begin in base64
        assert start not in saved
    with_photo = "buffers" in saved and any(
        widget.get("buffers") for widget in states(json.loads(saved)["metadata"]["widgets"])
    )
    assert not with_photo


def lines(page, selector):
    """Over how many lines the words of each element stand."""
    return page.locator(selector).evaluate_all(
        """nodes => nodes.map((node) => {
            const range = document.createRange();
            range.selectNodeContents(node);
            return new Set([...range.getClientRects()].map((line) => Math.round(line.top))).size;
        })"""
    )


def test_the_page_fits_the_cell_that_it_is_in(browser, lab):
    address, _ = lab
    page = opened(browser, address)
    page.get_by_role("button", name="Try the example").click()
    page.locator('.intake .status[data-state="done"]').wait_for()
    for view in (".inside", ".steps"):
        page.locator(view).scroll_into_view_if_needed()
        page.locator(f"{view} button img").first.wait_for()
        page.locator(view).evaluate("node => node.scrollIntoView({ block: 'start' })")
        page.wait_for_timeout(300)
        # Photo and map have stayed in sight beside it.
        seen, beside = page.locator(view).bounding_box(), page.locator(".heatmap").bounding_box()
        assert beside["x"] + beside["width"] <= seen["x"]
        assert 0 < beside["y"] < 700, "the left column is empty"
    assert lines(page, ".inside .facts dt, .inside .facts dd") == [1] * 10, "statistics wrap"
    titles = page.locator(".steps .title").evaluate_all(
        "nodes => nodes.map((node) => [node.scrollWidth, node.clientWidth])"
    )
    assert all(wanted <= given for wanted, given in titles), "captions touch"

    # The cell of a narrow window is a single column, as a phone is, though the window is wider.
    page.set_viewport_size({"width": 1150, "height": 900})
    page.locator(".steps").scroll_into_view_if_needed()
    cell, rows, photo = (
        page.locator(each).bounding_box()
        for each in (".facelens-page", ".board .lists", ".picture")
    )
    assert cell["width"] < 868
    assert rows["x"] == photo["x"]
    room = page.locator(".jp-OutputArea-output:has(.facelens-page)")
    assert room.evaluate("node => node.scrollWidth <= node.clientWidth")
    page.close()


def is_saving(response):
    request = response.request
    return request.method == "PUT" and "/api/contents/selfie.ipynb" in request.url


def states(widgets):
    for kind in widgets.values():
        yield from kind.get("state", {}).values()
