"""A real Chromium, and a real server for it to look at."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from webstory import PASSWORD
from werkzeug.serving import WSGIRequestHandler, make_server

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
SIZES = {"desktop": DESK, "phone": PHONE}


def where() -> str | None:
    """The installed Chromium, if there is one."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class _Quiet(WSGIRequestHandler):
    def log_request(self, *args: object) -> None:
        """A line for every style sheet would hide what matters."""


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve `app` on a free port of this machine; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@contextmanager
def launched(*more: str) -> Iterator[Browser]:
    """A browser, with `more` flags than ours."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where(), args=[*FLAGS, *more])
        yield browser
        browser.close()


class Watched:
    """A browser window that remembers what went wrong in it: console errors, foreign hosts, failed requests."""

    def __init__(self, browser: Browser, address: str, size: str = "desktop", dark: bool = False):
        self.address = address
        phone = size == "phone"
        self.context = browser.new_context(
            viewport=SIZES[size],
            is_mobile=phone,
            has_touch=phone,
            color_scheme="dark" if dark else "light",
            locale="zh-CN",
        )
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("request", self._asked)
        self.page.on("response", self._answered)

    def _heard(self, message) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console: {message.text}")

    def _asked(self, request) -> None:
        if not request.url.startswith((self.address, "data:", f"blob:{self.address}")):
            self.complaints.append(f"foreign host: {request.url}")

    def _answered(self, response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")

    def go(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def sign_in(self, login: str, language: str = "zh") -> None:
        """Be signed in, without looking at the door; the page is the first one that `login` may see."""
        asked = self.context.request
        door = asked.get(f"{self.address}/login/").text()
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', door)
        assert token, "no form at the door"
        given = {"username": login, "password": PASSWORD, "csrf_token": token.group(1)}
        answer = asked.post(f"{self.address}/login/", form=given, max_redirects=0)
        assert answer.status == 302, answer.status
        self.go(f"/language/{language}")

    def come_in(self, login: str, language: str = "zh") -> None:
        """Sign in by hand, through the form."""
        page = self.go(f"/language/{language}?next=/login/")
        page.fill("#username", login)
        page.fill("#password", PASSWORD)
        page.click("form button")
        page.wait_for_url(lambda url: "/login" not in url)
        self.go(f"/language/{language}")

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def stretch(self, size: str) -> None:
        """Make the window as high as the page, so that what is fixed to its edges stands at the edges of the picture."""
        self.page.set_viewport_size(SIZES[size])
        height = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({**SIZES[size], "height": max(height, SIZES[size]["height"])})

    def close(self) -> None:
        self.context.close()


@contextmanager
def signed_in(browser: Browser, address: str, login: str) -> Iterator[dict[str, Watched]]:
    """Somebody signed in, once at a desk and once at a phone; whatever a page has to show stands there within five seconds."""
    opened = {size: Watched(browser, address, size=size) for size in SIZES}
    for one in opened.values():
        one.sign_in(login)
        one.page.set_default_timeout(5000)
    yield opened
    for one in opened.values():
        one.close()


@contextmanager
def looking(app: Flask, login: str) -> Iterator[dict[str, Watched]]:
    """The same, in a browser of their own, with `app` served to them."""
    with served(app) as address, launched() as browser, signed_in(browser, address, login) as opened:
        yield opened


def soon(page, is_so: str) -> None:
    """Wait until a script's expression holds; Playwright's own wait needs `eval`, which the page's policy refuses."""
    held = page.evaluate(
        f"async () => {{ for (let tries = 0; tries < 100 && !({is_so}); tries++)"
        f" await new Promise(on => setTimeout(on, 50)); return {is_so} }}"
    )
    assert held, is_so
