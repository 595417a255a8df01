"""Runs the tests of the page, one after the other: run.py NILO [NAME...]

Each test gets a browser page and a server of its own, and what holds for all of them is looked at in each: nothing is asked of
another host, and nothing goes wrong on the console.
"""

import shutil
import sys
import time
import traceback

from playwright.sync_api import expect, sync_playwright

import cases
from served import Served, weather_store


class Watch:
    """What happened on a page that must not."""

    def __init__(self, context, url):
        self.faults = []
        self.allowed = []
        context.on("request", lambda request: self.request(request, url))
        context.on("response", lambda response: response.status >= 500 and self.faults.append(f"{response.status} of {response.url}"))
        context.on("page", self.page)

    def request(self, request, url):
        if not request.url.startswith((url, "data:", "blob:")):
            self.faults.append(f"asked another host: {request.url}")

    def page(self, page):
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("console", lambda message: message.type in ("error", "warning") and self.note(message.text))

    def note(self, text):
        if not any(part in text for part in self.allowed):
            self.faults.append(f"console: {text}")


class Visit:
    """A browser and a server, as a test has them."""

    def __init__(self, browser, served, **options):
        self.browser, self.served, self.options = browser, served, options
        self.contexts = []
        self.watches = []
        self.page = self.visitor()

    def visitor(self, **options):
        """A page of somebody who was not here before."""
        settings = {"viewport": {"width": 1280, "height": 900}, "timezone_id": "America/New_York", "accept_downloads": True}
        context = self.browser.new_context(**{**settings, **self.options, **options})
        context.set_default_timeout(30_000)
        self.watches.append(Watch(context, self.served.url))
        self.contexts.append(context)
        return context.new_page()

    def open(self, query=""):
        self.page.goto(self.served.url + "/" + query)
        return self.page

    def allow(self, *parts):
        for watch in self.watches:
            watch.allowed += parts

    def end(self):
        for context in self.contexts:
            context.close()
        faults = [fault for watch in self.watches for fault in watch.faults]
        assert not faults, "\n".join(faults)


def main(nilo, names):
    tests = [(name, test) for name, test in vars(cases).items() if name.startswith("test_")]
    chosen = [(name, test) for name, test in tests if not names or any(part in name for part in names)]
    # A debug build on a busy machine takes its time, which is not what is tested.
    expect.set_options(timeout=30_000)
    weather = weather_store(nilo)
    failures = 0
    begin = time.monotonic()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"])
        for name, test in chosen:
            started = time.monotonic()
            copied = weather / "data" if "weather" in test.__code__.co_varnames[:1] else None
            served = Served(nilo, copied, getattr(test, "settings", {}))
            try:
                served.start()
                visit = Visit(browser, served, **getattr(test, "options", {}))
                try:
                    test(visit)
                finally:
                    visit.end()
                print(f"ok    {name}  {time.monotonic() - started:.1f} s", flush=True)
            except Exception as error:
                failures += 1
                place = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == cases.__file__]
                print(f"FAIL  {name}, cases.py line {place}\n{str(error)[:800]}\n{served.log()}", flush=True)
            finally:
                served.end()
        browser.close()
    shutil.rmtree(weather)
    print(f"{len(chosen)} tests, {failures} failed, {time.monotonic() - begin:.0f} s")
    return 1 if failures or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
