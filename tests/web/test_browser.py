"""The debug pages in a real browser: signing in, the policies it enforces, what it shows.

The service keeps the hostile zoo alive: names that do harm in a page that forgets to escape.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from leakprobe.demo.service_process import Service
from leakprobe.web.auth import COOKIE
from tests.browser import Browser, Page
from tests.chromium import NAME, running_chromium
from tests.services import serve

TOKEN = "a-token-for-tests"
BASE = "/debug/memory"
DIFF = f"{BASE}/diff?by=file"
HELD = f"{BASE}/referrers?type=tests.zoo_service.Held"
TYPES = f"{BASE}/types?limit=1000"
PAGES = [f"{BASE}/", f"{BASE}/suspects", DIFF, TYPES, f"{BASE}/threads", f"{BASE}/history"]
PHONE = {"width": 375, "height": 700, "deviceScaleFactor": 1, "mobile": True}
PROGRAM = shutil.which("chromium")

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no program `chromium`")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert PROGRAM is not None
    with running_chromium(PROGRAM) as browser:
        yield browser


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    environment = {
        "LEAKPROBE_TOKEN": TOKEN,
        "LEAKPROBE_TRACER": "tracemalloc",
        "LEAKPROBE_DIRECTORY": str(tmp_path_factory.mktemp("run") / "private"),
        "PYTHONPATH": str(Path.cwd()),
    }
    with serve("tests.zoo_service:app", environment) as service:
        httpx.get(f"{service.url}/grow", trust_env=False)
        yield service


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Page]:
    """A page without a session."""
    with browser.page() as page:
        yield page


@pytest.fixture
def page(stranger: Page, service: Service) -> Page:
    """A page of somebody who has signed in, at the dashboard."""
    stranger.open(f"{service.url}{BASE}/")
    sign_in(stranger, TOKEN)
    assert where(stranger) == (f"{BASE}/", 200)
    return stranger


def sign_in(page: Page, token: str) -> None:
    page.type("input[name=token]", token)
    page.click(".sign-in button")


def where(page: Page) -> tuple[str, int]:
    """The path and query in the address bar, and the status that was answered."""
    path, status = page.evaluate(
        "[location.pathname + location.search,"
        " performance.getEntriesByType('navigation')[0].responseStatus]"
    )
    return path, status


def text(page: Page) -> str:
    """What a reader sees: text that is laid out, as it is shown."""
    return str(page.evaluate("document.body.innerText"))


def count(page: Page, selector: str) -> int:
    return int(page.evaluate(f"document.querySelectorAll('{selector}').length"))


def scroll_width(page: Page) -> int:
    """How wide the page would like to be, in CSS pixels."""
    return int(page.evaluate("document.documentElement.scrollWidth"))


def test_the_form_lets_in_who_has_the_token_and_leads_where_they_wanted(
    stranger: Page, service: Service
) -> None:
    stranger.open(service.url + DIFF)
    assert where(stranger) == (DIFF, 401)
    assert count(stranger, "table") == 0
    sign_in(stranger, "wrong")
    assert where(stranger) == (f"{BASE}/session", 401)
    assert "That was not the token." in text(stranger)
    sign_in(stranger, TOKEN)
    assert where(stranger) == (DIFF, 200)
    assert count(stranger, "tbody tr") > 0
    assert "zoo_service.py" in text(stranger)


def test_the_session_is_out_of_reach_of_scripts_and_is_not_the_token(page: Page) -> None:
    assert page.evaluate("document.cookie") == ""
    (cookie,) = page.call("Network.getCookies")["cookies"]
    assert (cookie["name"], cookie["path"]) == (COOKIE, BASE)
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert TOKEN not in cookie["value"]


def test_the_stylesheet_applies_by_day_and_by_night(page: Page) -> None:
    papers = set()
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        page.call("Emulation.setEmulatedMedia", features=[feature])
        papers.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert page.evaluate("getComputedStyle(document.body).marginTop") == "0px"
    assert len(papers) == 2


@pytest.mark.parametrize("path", PAGES)
def test_the_browser_complains_of_nothing(page: Page, service: Service, path: str) -> None:
    page.open(service.url + path)
    assert where(page) == (path, 200)
    assert page.complaints() == []


def test_a_style_or_script_of_somebody_else_is_not_let_in(page: Page) -> None:
    """The policy is in force, and the test above would hear of it."""
    assert page.complaints() == []
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=margin:7px>')")
    issue = page.wait("Audits.issueAdded")["issue"]
    assert issue["code"] == "ContentSecurityPolicyIssue"
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'),"
        " {textContent: 'window.ran = 1'}))"
    )
    assert page.evaluate("window.ran") is None
    assert "Log.entryAdded" in {complaint["method"] for complaint in page.complaints()}


@pytest.mark.parametrize("host", ["127.0.0.1", NAME])
def test_a_button_of_the_dashboard_runs_the_collector(
    stranger: Page, service: Service, host: str
) -> None:
    """Without TLS a browser sends `Sec-Fetch-Site` to loopback only; elsewhere `Origin` counts."""
    stranger.open(service.url.replace("127.0.0.1", host) + f"{BASE}/")
    sign_in(stranger, TOKEN)
    button = f'form[action="{BASE}/gc"] button'
    assert stranger.evaluate(f"document.querySelector('{button}').innerText") == "Run the collector"
    stranger.click(button)
    assert where(stranger) == (f"{BASE}/gc", 200)
    assert "freed" in text(stranger)


def test_the_form_of_another_page_of_this_host_changes_nothing(
    page: Page, browser: Browser, service: Service
) -> None:
    """The same host on another port: the cookie goes along, so only the origin tells."""
    page.open(f"http://127.0.0.1:{browser.port}/json/version")
    page.evaluate(
        f"document.body.innerHTML = '<form method=post action={service.url}{BASE}/gc>"
        "<button>Win a prize</button></form>'"
    )
    page.click("button")
    assert where(page) == (f"{BASE}/gc", 403)
    assert "freed" not in text(page)


def test_the_picture_of_the_referrers_is_drawn_and_fits_a_phone(
    page: Page, service: Service
) -> None:
    page.open(service.url + HELD)
    assert page.evaluate("document.querySelector('.picture img').naturalWidth") > 0
    assert page.complaints() == []
    page.call("Emulation.setDeviceMetricsOverride", **PHONE)
    assert scroll_width(page) <= PHONE["width"]


def test_a_name_that_is_markup_is_shown_as_text(page: Page, service: Service) -> None:
    page.open(service.url + TYPES)
    assert count(page, "img") == 0
    assert "<img src=x" in text(page)


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_does_not_scroll_sideways(page: Page, service: Service, path: str) -> None:
    page.call("Emulation.setDeviceMetricsOverride", **PHONE)
    page.open(service.url + path)
    assert where(page) == (path, 200)
    assert scroll_width(page) <= PHONE["width"]
