"""Signing in and out through the provider, in a real browser that holds the two sites apart."""

import pytest
from playwright.sync_api import Page, expect

from tests.fixtures.provider import Federated
from tests.fixtures.web import HOME


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)], ids=["desk", "phone"])
def test_from_the_button_to_the_own_page_and_out_again(
    page: Page, federated: Federated, complaints: list[str], size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{federated.address}/t/{HOME}/items")
    page.get_by_role("link", name="統一身份認證登錄").click()
    page.wait_for_url(f"{federated.issuer}/interaction/*")
    page.fill("#login", "lin")
    page.fill("#password", "lin-2026")
    page.click("#enter")
    page.wait_for_url(f"{federated.address}/t/{HOME}/items")
    page.goto(f"{federated.address}/account")
    expect(page.locator("#old")).to_have_count(0)  # no password here, so none to change
    if page.locator(".top-toggle").is_visible():
        page.click(".top-toggle")
        expect(
            page.locator("#menu.show")
        ).to_be_visible()  # a click into a menu that still opens meets nothing
    page.get_by_role("button", name="退出", exact=True).click()
    page.wait_for_url(f"{federated.issuer}/session/end*")
    page.click("#leave")
    page.wait_for_url(f"{federated.address}/login*")
    page.goto(f"{federated.address}/t/{HOME}/")
    assert page.url.startswith(f"{federated.address}/login")
    assert complaints == []


def test_the_sign_in_page_offers_both_ways_and_breaks_nothing(
    page: Page, federated: Federated, complaints: list[str]
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{federated.address}/login")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.get_by_role("link", name="統一身份認證登錄")).to_be_visible()
    expect(page.locator("#password")).to_be_visible()
    assert complaints == []
