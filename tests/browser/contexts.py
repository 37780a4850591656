"""The contexts of the tests' pages, each taken by one test after another.

A new context has an empty cache: its first page loads and compiles eighty modules, a third of what a short test costs.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, CDPSession, Error

from tests.waiting import PATIENCE_SECONDS

# Where something waits or works, a lamp breathes: to draw that without a graphics card takes more computing than all
# the rest of the page.
USUAL = {"reduced_motion": "reduce", "locale": "en-GB", "timezone_id": "Asia/Shanghai", "accept_downloads": True}
KEPT = 3  # at a time; each costs a blank page
STORED = "cookies,local_storage,indexeddb,cache_storage,service_workers,file_systems,shared_storage,storage_buckets"


def new_context(browser: Browser, address: str, **options: Any) -> BrowserContext:
    context = browser.new_context(base_url=address, **USUAL | options)
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    return context


@dataclass(frozen=True)
class Kept:
    """A context with a blank page from which what the others stored is removed."""

    context: BrowserContext
    blank: CDPSession
    origin: str
    permissions: tuple[str, ...]

    def tidy(self) -> None:
        """Leave nothing of the last test's but the cache."""
        for page in self.context.pages[1:]:
            page.close()
        self.context.clear_cookies()
        self.context.clear_permissions()
        if self.permissions:
            self.context.grant_permissions(self.permissions)
        self.blank.send("Storage.clearDataForOrigin", {"origin": self.origin, "storageTypes": STORED})


class Contexts:
    """Those of one browser that no test has at present."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: OrderedDict[str, Kept] = OrderedDict()
        self._lent: dict[BrowserContext, tuple[str, Kept]] = {}

    def take(self, address: str, **options: Any) -> BrowserContext:
        """Return a context with these options that looks as if it were new; `put_back` it."""
        kind = repr((address, sorted(options.items())))
        kept = self._free.pop(kind, None) or self._make(address, options)
        self._lent[kept.context] = (kind, kept)
        return kept.context

    def put_back(self, context: BrowserContext) -> None:
        kind, kept = self._lent.pop(context)
        try:
            kept.tidy()
        except Error:  # the test has closed it
            return
        self._free[kind] = kept
        while len(self._free) > KEPT:
            self._free.popitem(last=False)[1].context.close()

    def _make(self, address: str, options: dict[str, Any]) -> Kept:
        context = new_context(self._browser, address, **options)
        origin = urlsplit(address)._replace(path="").geturl()
        return Kept(context, context.new_cdp_session(context.new_page()), origin, (*options.get("permissions", ()),))
