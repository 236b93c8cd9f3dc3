"""What axe-core, which comes with its Python package, finds wrong in a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def unfolded(page: Page) -> None:
    """Open all that is folded, so that it is looked at too."""
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")


def violations(page: Page) -> list[str]:
    """Each rule that a page breaks, and where first."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{rule['id']}, {len(rule['nodes'])} times: {rule['help']}: {rule['nodes'][0]['html']}"
        for rule in found
    ]
