"""A tab on the dashboard, used as a person would."""

import re
import time

PATIENCE = 60_000


def until(page, expression, *, arg=None, timeout=PATIENCE):
    """Wait until an expression is true; without Playwright's `eval`, which the page forbids."""
    from playwright.sync_api import TimeoutError as InVain

    end = time.monotonic() + timeout / 1000
    while not page.evaluate(expression, arg):
        if time.monotonic() > end:
            raise InVain(f"in vain for {timeout / 1000:.0f} s: {expression}")
        page.wait_for_timeout(30)


# What a finger can press and that is less than 44 px high. The label of a box to tick counts, and
# what lies around a small button for this; links in a text are as high as it.
SMALL_TARGETS = """() => {
    const kinds = ["button", "a[href]", "select", "summary", "input:not([type=file])"];
    const high = (node) => node.getBoundingClientRect().height;
    const reach = (node) => {
        const around = getComputedStyle(node, "::after");
        return around.position === "absolute" ? parseFloat(around.height) || 0 : 0;
    };
    return [...document.querySelectorAll(`.facelens :is(${kinds})`)]
        .filter((node) => node.checkVisibility({ visibilityProperty: true }))
        .filter((node) => !node.closest("dialog:not([open])"))
        .filter((node) => getComputedStyle(node).clipPath === "none")
        .filter((node) => getComputedStyle(node).display !== "inline")
        .map((node) => [
            Math.max(high(node), high(node.closest("label") ?? node), reach(node)),
            `${node.className} ${node.ariaLabel || node.textContent || node.type}`,
        ])
        .filter(([height]) => height < 43.9);
}"""


class Visit:
    """A tab on the dashboard that notes what the page asks of whom."""

    def __init__(self, browser, address, *, path="", **options):
        self.address = address
        self.page = browser.new_page(**{"viewport": {"width": 1280, "height": 800}, **options})
        self.page.set_default_timeout(PATIENCE)
        self.requests, self.said, self.problems = [], [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("websocket", lambda socket: socket.on("framesent", self.note))
        self.page.goto(address + path)
        self.page.get_by_role("button", name="Choose a photo").wait_for()

    def note(self, frame):
        self.said.append(frame)

    def foreign(self):
        """What the page has asked of others than its host."""
        own = (self.address.rstrip("/"), "blob:", "data:", "about:")
        return [url for url in self.requests if not url.startswith(own)]

    def upload(self, data, name="photo.jpg", kind="image/jpeg"):
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name=re.compile("Choose a photo|Another photo")).click()
        chooser.value.set_files({"name": name, "mimeType": kind, "buffer": data})

    def status(self, state):
        line = self.page.locator(f'.intake .status[data-state="{state}"]')
        line.wait_for()
        return line.inner_text()

    def row(self, label):
        """The row of the board with exactly this label, though it be not among the first."""
        label = self.page.locator(".label", has_text=re.compile(f"^{label}"))
        row = self.page.locator(".board .row", has=label)
        if not row.is_visible():
            self.show_all()
        return row

    def show_all(self):
        """Show all rows of the board, not the most telling alone."""
        more = self.page.get_by_role("button", name=re.compile("^Show all .* rows$"))
        if more.locator("visible=true").count():
            self.page.locator(".board .all").click()

    def calm(self):
        """Wait until the page asks nothing more: maps and whiskers come after an answer."""
        before = -1
        while before != (before := len(self.said)):
            self.page.wait_for_timeout(1000)

    def rows(self):
        return self.page.locator(".board .row:visible").count()
