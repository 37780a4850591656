"""The contexts of the tests' pages, each taken by one test after another together with its page.

A new page is a new process, which compiles the eighty modules anew: twice the computing of all else that a visit takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, CDPSession, Error, Page

from tests.waiting import PATIENCE_SECONDS

# Where something waits or works, a lamp breathes: to draw that without a graphics card takes more computing than all
# the rest of the page.
LOOK: dict[str, Any] = {
    "reduced_motion": "reduce",
    "color_scheme": "light",
    "viewport": {"width": 1280, "height": 720},
}
"""What can be changed on a page."""
USUAL = LOOK | {"locale": "en-GB", "timezone_id": "Asia/Shanghai", "accept_downloads": True}
KEPT = 3  # at a time; each costs a process
STORED = "cookies,local_storage,indexeddb,cache_storage,service_workers,file_systems,shared_storage,storage_buckets"
# Where a page waits for the next test. It is of the server's: a page that comes from elsewhere gets a new process.
PICTURE = "/static/favicon.svg"
LEAVING_MS = 30_000  # whose server or line is gone is not waited for, and not used again
EMPTY_TAB = "() => { sessionStorage.clear(); window.name = ''; }"


def new_context(browser: Browser, address: str, **options: Any) -> BrowserContext:
    context = browser.new_context(base_url=address, **USUAL | options)
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    return context


@dataclass(frozen=True)
class Kept:
    """A context with one page, which looks to each test as if it were new."""

    page: Page
    devtools: CDPSession
    address: str
    options: dict[str, Any]
    listeners: dict[str, int]
    """Playwright's own."""

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    def tidy(self) -> None:
        """Leave nothing of the last test's but what the browser keeps of the program's files."""
        for page in self.context.pages:
            if page is not self.page:
                page.close()
        self._leave()
        self.context.clear_cookies()
        self.context.clear_permissions()
        if permissions := self.options.get("permissions"):
            self.context.grant_permissions(permissions)
        origin = urlsplit(self.address)._replace(path="").geturl()
        self.devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": STORED})

    def _leave(self) -> None:
        """Go to a page of the same server that stores nothing, and empty what belongs to the tab."""
        self.page.unroute_all(behavior="ignoreErrors")
        self.page.goto(self.address + PICTURE, timeout=LEAVING_MS)
        self.page.evaluate(EMPTY_TAB)

    def show(self, look: dict[str, Any]) -> None:
        """Set what a page may have without a context of its own."""
        self.page.emulate_media(**{"media": "null"} | {name: look[name] for name in look if name != "viewport"})
        if self.page.viewport_size != look["viewport"]:
            self.page.set_viewport_size(look["viewport"])


class Contexts:
    """Those of one browser that no test has at present."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: list[tuple[str, Kept]] = []
        self._lent: dict[Page, tuple[str, Kept]] = {}

    def take(self, address: str, **options: Any) -> Page:
        """Return a page in a context with these options, both as if they were new; `put_back` it."""
        look = {name: options.pop(name, usual) for name, usual in LOOK.items()}
        kind = repr((address, sorted(options.items())))
        kept = self._pop(kind) or self._make(address, options)
        self._lent[kept.page] = (kind, kept)
        kept.show(look)
        return kept.page

    def put_back(self, page: Page) -> None:
        """Make ready for the next test what a test has done with."""
        kind, kept = self._lent.pop(page)
        if listeners(page) != kept.listeners:  # the next test's page would call what the last one left
            kept.context.close()
            return
        try:
            kept.tidy()
        except Error:  # the test has closed it, or the server is gone
            kept.context.close()
            return
        self._free.append((kind, kept))
        if len(self._free) > KEPT:
            self._free.pop(0)[1].context.close()

    def _pop(self, kind: str) -> Kept | None:
        for place, (other, kept) in enumerate(self._free):
            if other == kind:
                del self._free[place]
                return kept
        return None

    def _make(self, address: str, options: dict[str, Any]) -> Kept:
        page = new_context(self._browser, address, **options).new_page()
        return Kept(page, page.context.new_cdp_session(page), address, options, listeners(page))


def listeners(page: Page) -> dict[str, int]:
    """Return how many listen to each event of `page`; playwright has no name for that."""
    events: Any = page._impl_obj
    return {name: len(events.listeners(name)) for name in events.event_names()}
