"""A dashboard to visit."""

import contextlib
import os
import sys

import nbformat
import pytest
from serving import ROOT, free_port, served


@pytest.fixture(scope="session")
def dashboard():
    """The address of a dashboard that `facelens dashboard` serves, or of one that is there."""
    if there := os.environ.get("FACELENS_PAGE"):
        yield there
        return
    port = free_port()
    command = [sys.executable, "-m", "facelens", "dashboard", "--no-browser", "--port", str(port)]
    with served([*command, "--detector", "haar"], port, ROOT) as address:
        yield address


@pytest.fixture
def notebook(tmp_path):
    """Serve a notebook of one cell with the dashboard's template."""
    with contextlib.ExitStack() as stack:

        def serve(source):
            book = nbformat.v4.new_notebook(
                cells=[nbformat.v4.new_markdown_cell("# Ours"), nbformat.v4.new_code_cell(source)],
                metadata={
                    "kernelspec": {"name": "python3", "display_name": "", "language": "python"},
                    "voila": {"template": "facelens"},
                },
            )
            nbformat.write(book, tmp_path / "ours.ipynb")
            port = free_port()
            command = [
                sys.executable,
                "-m",
                "voila",
                "ours.ipynb",
                "--no-browser",
                f"--port={port}",
            ]
            return stack.enter_context(served(command, port, tmp_path))

        yield serve
