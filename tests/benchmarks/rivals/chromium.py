"""Chromium, warm, printing the same pages with the lean faces. A line of JSON in, one out."""

import json
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from content import papers, townships
from ours import html, style
from playwright.sync_api import sync_playwright


def main() -> None:
    """`faces` is a folder of TrueType faces; Chromium finds them by the fontconfig beside them."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        for line in sys.stdin:
            wanted = json.loads(line)
            start, size, count = time.perf_counter(), 0, 0
            for values in townships(wanted["townships"]):
                for paper in papers():
                    own = f'@page{{size:{paper.width}mm {paper.height}mm}}body{{margin:0;font-family:"Townhall Song TC"}}'
                    page.set_content(
                        html(paper, values).replace("</head>", f"<style>{style(paper)}{own}</style></head>")
                    )
                    size, count = size + len(page.pdf(prefer_css_page_size=True)), count + 1
            wall = time.perf_counter() - start
            print(json.dumps({"wall": wall, "cpu": wall, "size": size, "count": count}), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
