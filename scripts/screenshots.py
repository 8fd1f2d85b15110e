"""Makes the pictures of the README from a running demonstration: `make demo`, then this in another window.

.venv/bin/python scripts/screenshots.py [http://127.0.0.1:8000]
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).parents[1] / "docs" / "images"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
DESK, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
TOWNSHIP = "522301001"
PICTURES = {
    "overview": ("zhou", "/", DESK),
    "workspace": ("zhuren", f"/t/{TOWNSHIP}/", DESK),
    "documents": ("zhuren", f"/t/{TOWNSHIP}/documents/regime-board/zhou.time-limit", DESK),
    "item": ("zhuren", f"/t/{TOWNSHIP}/items/zhou.temporary-relief", DESK),
    "guide": (None, f"/g/{TOWNSHIP}/zhou.temporary-relief", PHONE),
}


def sign_in(page: Page, site: str, login: str) -> None:
    page.goto(f"{site}/login")
    page.fill("#login", login)
    page.fill("#password", f"demo-{login}")
    page.press("#password", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)


def take(browser: Browser, site: str, name: str) -> None:
    login, path, size = PICTURES[name]
    with browser.new_context(locale="zh-Hant", viewport=size) as context:
        page = context.new_page()
        if login:
            sign_in(page, site, login)
        page.goto(f"{site}{path}")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=IMAGES / f"{name}.png")


def main() -> None:
    site = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for name in PICTURES:
            take(browser, site, name)
        browser.close()


if __name__ == "__main__":
    main()
