"""axe-core in a page: the rules of WCAG 2.2 AA that can be checked automatically."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# Parsing the style sheets anew takes a third of the time, for an experimental rule that is not among these.
PRELOAD = {"assets": ["media"]}
# A colour on its way to another one is not the page's colour.
STILL = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('*, ::before, ::after { transition: none !important; animation: none !important; }');
    document.adoptedStyleSheets = [sheet];
}"""


def check_accessible(page: Page) -> None:
    """Fail with every rule that the page breaks, and where."""
    complaints = broken_rules(page)
    assert complaints == [], "\n".join(complaints)


def check_accessible_in_both_themes(page: Page) -> None:
    """The same for the light and the dark theme."""
    complaints = broken_rules_in_both_themes(page)
    assert complaints == [], "\n".join(complaints)


def broken_rules_in_both_themes(page: Page) -> list[str]:
    """Return what the page breaks; of all rules only the one on contrast depends on the theme."""
    page.evaluate(STILL)
    page.emulate_media(color_scheme="light")
    complaints = broken_rules(page)
    page.emulate_media(color_scheme="dark")
    return complaints + broken_rules(page, only="color-contrast")


def broken_rules(page: Page, *, only: str | None = None) -> list[str]:
    """Return what the page breaks; `only` names the one rule to check."""
    if not AXE.is_file():
        pytest.skip("needs axe-core (npm ci)")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    wanted = {"type": "rule", "values": [only]} if only else {"type": "tag", "values": RULES}
    options = json.dumps({"runOnly": wanted, "resultTypes": ["violations"], "preload": PRELOAD})
    found = page.evaluate(f"axe.run(document, {options})")
    return [_told(page, rule, node) for rule in found["violations"] for node in rule["nodes"]]


def _told(page: Page, rule: dict[str, Any], node: dict[str, Any]) -> str:
    return f"{page.url} {rule['id']} at {node['target']}: {node['failureSummary']}\n    {node['html'][:200]}"
