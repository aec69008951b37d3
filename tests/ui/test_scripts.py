"""The joined JavaScript that is committed is what its sources make."""

import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import missing
from PIL import Image, ImageCms

ROOT = Path(__file__).parents[2]
UI, WEB = Path("facelens/ui"), Path("facelens/web")
BUILT = (UI / "built", WEB / "built", Path("dashboards/share/jupyter/voila/templates/facelens"))


def joined(root):
    """What esbuild has written under `root`, by its path there."""
    *whole, template = BUILT
    files = [*(path for each in whole for path in (root / each).iterdir())]
    files += (root / template).glob("page.*")
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def copy(node):
    """The sources elsewhere, beside the tools."""
    ignore = shutil.ignore_patterns("built", "*.py", "__pycache__")
    for sources in (UI, WEB):
        shutil.copytree(ROOT / sources, node / sources, ignore=ignore)
    return node


def build(copy):
    subprocess.run([shutil.which("npm"), "run", "--silent", "build"], cwd=copy, check=True)
    return joined(copy)


def test_the_joined_files_are_those_of_the_sources(copy):
    committed, built = joined(ROOT), build(copy)
    assert built.keys() == committed.keys()
    stale = [name for name in built if built[name] != committed[name]]
    assert stale == [], "`make js` joins them anew"
    # An edit shows in what takes it in, and in nothing else.
    source = copy / UI / "link.js"
    text = source.read_text()
    source.write_text(text.replace("encodeURIComponent", "encodeURI"))
    edited = build(copy)
    source.write_text(text)
    changed = {Path(name).stem for name in built if edited[name] != built[name]}
    assert changed == {"board", "footer", "app"}


def test_the_tools_are_pinned_to_one_version_and_nothing_names_a_registry():
    package = json.loads((ROOT / "package.json").read_text())
    for version in (package["devDependencies"] | package["dependencies"]).values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    for name in ("package.json", ".npmrc", "biome.json"):
        assert "http" not in (ROOT / name).read_text()


def test_every_view_runs_the_file_that_was_joined_for_it():
    from facelens import ui
    from facelens.tasks import TASKS
    from facelens.ui.boxes import Boxes
    from facelens.ui.classes import Classes

    page = ui.Live(detector="haar")
    views = [page.board, page.compare, page.inside, page.steps, page.network, page.about]
    views += [
        page.teach,
        page.footer,
        page.picture,
        page.heatmap,
        page.intake,
        ui.Selfie(detector="haar").intake,
        Classes(TASKS["keypoints"], lambda *_: None),
        Boxes(TASKS["mask"], lambda *_: None),
    ]
    for view in views:
        name = type(view).__name__.lower()
        assert view._esm == (ROOT / BUILT[0] / f"{name}.js").read_text(), name
    assert len(views) == len(list((ROOT / BUILT[0]).iterdir()))


BARE = """
import { readFileSync, writeFileSync } from "node:fs";
const { bare } = await import(process.argv[1]);
for (const path of process.argv.slice(2)) {
  const made = bare(new Uint8Array(readFileSync(path)));
  writeFileSync(`${path}.bare`, made ?? new Uint8Array());
}
"""


def files_of_a_camera(folder, astronaut):
    """JPEG files with all that a camera says of itself, and what is no whole JPEG."""
    said = Image.Exif()
    said[0x010F], said[0x0112] = "Secret Cameras", 6
    said.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)  # the place
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = Image.open(astronaut)
    ways = {
        "plain": {},
        "progressive": {"progressive": True, "icc_profile": profile},
        "restarts": {"restart_marker_rows": 1, "icc_profile": profile},
        "grey": {},
        "cmyk": {},
    }
    for name, options in ways.items():
        shown = {"grey": photo.convert("L"), "cmyk": photo.convert("CMYK")}.get(name, photo)
        shown.save(folder / f"{name}.jpg", exif=said, comment=b"Secret", **options)
    plain = (folder / "plain.jpg").read_bytes()
    (folder / "and-more.jpg").write_bytes(plain + b"Secret thumbnail" + plain)
    (folder / "cut.jpg").write_bytes(plain[: len(plain) // 2])
    (folder / "head.jpg").write_bytes(plain[:300])
    (folder / "empty.jpg").write_bytes(b"")
    photo.save(folder / "is-a-png.jpg", "PNG")
    return sorted(folder.glob("*.jpg"))


def test_a_jpeg_is_sent_with_its_pixels_and_without_its_metadata(astronaut, tmp_path):
    program = shutil.which("node")
    if not program:
        missing("there is no Node: `apt-get install nodejs npm` on Debian")
    paths = files_of_a_camera(tmp_path, astronaut)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    script = tmp_path / "jpeg.mjs"
    script.write_text((ROOT / UI / "jpeg.js").read_text())
    command = [program, "--input-type=module", "-e", BARE, str(script), *map(str, paths)]
    subprocess.run(command, check=True)
    for path in paths:
        bare = Path(f"{path}.bare").read_bytes()
        if path.stem in ("cut", "head", "empty", "is-a-png"):
            assert bare == b"", path.name
            continue
        assert b"Secret" not in bare, path.name
        before, after = Image.open(path), Image.open(io.BytesIO(bare))
        assert dict(after.getexif()) == {0x0112: 6}, path.name
        assert after.info.get("icc_profile") == before.info.get("icc_profile"), path.name
        assert after.mode == before.mode
        assert np.array_equal(np.asarray(before), np.asarray(after)), path.name
