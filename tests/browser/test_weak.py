"""A row that its bundle calls often wrong on small faces, in Chromium."""

import io
import sys

import nbformat
import pytest
from helpers.weak import weak_bundle
from PIL import Image
from serving import free_port, served
from visit import Visit

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(browser, tmp_path):
    """A page on the embedded network that says so of one row."""
    bundle = weak_bundle(tmp_path)
    cell = f"from facelens.ui import selfie; selfie({str(bundle)!r}, detector='haar')"
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell)],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "", "language": "python"},
            "voila": {"template": "facelens"},
        },
    )
    nbformat.write(book, tmp_path / "weak.ipynb")
    port = free_port()
    command = [sys.executable, "-m", "voila", "weak.ipynb", "--no-browser", f"--port={port}"]
    with served(command, port, tmp_path) as address:
        visit = Visit(browser, address)
        visit.page.locator(".board .empty").wait_for()
        yield visit
        visit.page.goto("about:blank")
        visit.page.close()
        assert visit.problems == [], "the page's own script failed"


def test_a_row_that_is_often_wrong_on_small_faces_is_doubtful_and_says_why(tab, astronaut):
    tab.upload(astronaut.read_bytes())
    tab.status("done")
    row = tab.row("Blurry picture")
    assert row.get_attribute("data-verdict") == "no"
    small = io.BytesIO()
    Image.open(astronaut).resize((256, 256), Image.Resampling.LANCZOS).save(small, "PNG")
    tab.upload(small.getvalue(), "small.png", "image/png")
    why = row.locator("text=On faces 40 to 55 pixels wide it is wrong on")
    why.wait_for(state="attached")
    assert row.get_attribute("data-verdict") == "doubtful"
