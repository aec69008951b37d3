"""One view alone on an empty page, with a kernel of paper and a camera that plays a film."""

import base64
import os
import shutil

# Browsers give the camera to a page from this computer; the address is never asked.
NOWHERE = "http://127.0.0.1:9/"
NOTE_STREAMS = """
    window.streams = [];
    if (navigator.mediaDevices) {
        const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (wish) => {
            (window.wishes ??= []).push(wish.video);
            const stream = await ask(wish);
            await window.slowly;
            streams.push(stream);
            return stream;
        };
    }
    window.live = () => streams.filter((stream) => stream.active).length;
"""
PAPER_KERNEL = """async ([script, style]) => {
    const heard = new Set();
    window.sent = [];
    window.hear = (message, buffers = []) => heard.forEach((hear) => (
        hear(message, buffers.map((values) => new DataView(new Float32Array(values).buffer)))));
    const ears = () => {
        const all = new Set();
        return {
            connect: (ear) => all.add(ear),
            disconnect: (ear) => all.delete(ear),
            emit: (what) => all.forEach((ear) => ear(null, what)),
        };
    };
    const model = {
        on: (_, hear) => heard.add(hear),
        off: (_, hear) => heard.delete(hear),
        send: (content, _, buffers = []) => {
            const letters = ([b]) => Array.from(new Uint8Array(b), (n) => String.fromCharCode(n));
            sent.push({ ...content, bytes: buffers.length ? btoa(letters(buffers).join("")) : "" });
        },
        widget_manager: { kernel: { statusChanged: ears(), connectionStatusChanged: ears() } },
    };
    window.kernel = model.widget_manager.kernel;
    const el = document.createElement("div");
    document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
    document.body.className = "facelens-page";
    document.body.append(el);
    const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    const { render } = (await import(url)).default;
    const end = new AbortController();
    const tidy = render({ model, el, signal: end.signal });
    window.end = () => { end.abort(); tidy(); };
    sent.length = 0;
}"""


def content_of(message):
    """The bytes that a message has carried to the kernel of paper."""
    return base64.b64decode(message["bytes"])


def animate(page, frames=5):
    """Let the page draw a few frames: what it was about to do, it has done."""
    page.evaluate("async n => { while (n--) await new Promise(requestAnimationFrame); }", frames)


def with_camera(browser, film):
    """Another Chromium like `browser`, which sees `film`, JPEGs one after the other."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return browser.browser_type.launch(
        executable_path=os.environ.get("FACELENS_CHROMIUM")
        or next(filter(None, map(shutil.which, names))),
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={film}",
        ],
    )
