"""The guaranteed preset in Chromium."""

import numpy as np
import pytest
from visit import Visit, until

from facelens import load_model

pytestmark = pytest.mark.browser


def test_the_guaranteed_preset_abstains_where_it_is_out_of_reach(browser, dashboard):
    tab = Visit(browser, dashboard)
    page = tab.page
    try:
        page.get_by_role("button", name="Try the example").click()
        tab.status("done")
        preset = page.locator(".board .presets button", has_text="guaranteed")
        preset.click()
        until(
            page,
            "document.querySelector('.presets [aria-pressed=true]').textContent"
            ".includes('guaranteed')",
        )
        about = page.locator(".board .about").inner_text()
        assert "guaranteed with 95 % confidence" in about
        assert "not for other photos" in about
        sure = load_model().config.operating_points["sure90"]
        void = page.locator(".board .row.void").count()
        assert 0 < void == int(np.isnan(sure).sum())
    finally:
        page.goto("about:blank")
        page.close()
    assert tab.problems == []
