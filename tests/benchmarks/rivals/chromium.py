"""Chromium, warm, printing the same pages with the lean faces. See `content.contest`."""

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from content import Paper, Values, contest
from ours import html, style
from playwright.sync_api import sync_playwright


def main() -> None:
    """Chromium finds the faces by the fontconfig of its environment."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()

        def made(paper: Paper, values: Values, _tagged: bool) -> bytes:
            size = f"{paper.width}mm {paper.height}mm"
            own = f'@page{{size:{size}}}body{{margin:0;font-family:"Townhall Song TC"}}'
            page.set_content(
                html(paper, values).replace("</head>", f"<style>{style(paper)}{own}</style></head>")
            )
            return page.pdf(prefer_css_page_size=True)

        contest(made)
        browser.close()


if __name__ == "__main__":
    main()
