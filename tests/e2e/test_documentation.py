"""The documentation page in a real browser, which gets nothing but what this server has."""

from playwright.sync_api import Browser, expect

from tests.copies import Copy


def test_a_browser_shows_the_operations(demo: Copy, browser: Browser) -> None:
    page = browser.new_page()
    elsewhere = []
    page.on("request", lambda request: elsewhere.append(request.url))
    page.goto(f"http://{demo.demo['host']}:{demo.port}/api/v1/docs")
    expect(page.get_by_role("heading", name="Microcosm API")).to_be_visible(timeout=60_000)
    expect(page.locator(".opblock-tag").first).to_be_visible()
    # Expanding a tag shows its operations.
    page.locator(".opblock-tag", has_text="items").first.click()
    expect(page.locator(".opblock").filter(has_text="/api/v1/conversations").first).to_be_visible()
    assert [url for url in elsewhere if not url.startswith((f"http://{demo.demo['host']}:", "data:"))] == []
    page.close()
