"""Removes private data from texts and JSON values by rules, and counts what each rule removed.

A rule finds a value in any spelling: plain, JSON-escaped, or percent-encoded. The counts name the rule, never the
value. What counts as private on this machine is in private_values.py.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.errors.base import N_
from app.support.private_numbers import BANK_CARD, ID_CARD, NUMBER, PHONE, Found, certain_numbers_in, numbers_in
from app.support.private_values import PrivateValues

SECRET, EMAIL, HOME, USER, HOST, ADDRESS, NAME = "secret", "email", "home", "user", "host", "address", "name"
RULES: Mapping[str, str] = {
    SECRET: N_("Passwords, tokens and other secrets"),
    EMAIL: N_("E-mail addresses"),
    HOME: N_("Home folders"),
    USER: N_("User names"),
    HOST: N_("Host names"),
    ADDRESS: N_("Network addresses"),
    NAME: N_("Names of recordings"),
    PHONE: N_("Phone numbers"),
    ID_CARD: N_("Numbers of identity cards"),
    BANK_CARD: N_("Numbers of bank cards"),
    NUMBER: N_("Other long numbers"),
}
PUBLIC_HOSTS = frozenset(
    {
        "localhost",
        "huggingface.co",
        "hf-mirror.com",
        "modelscope.cn",
        "www.modelscope.cn",
        "pypi.org",
        "github.com",
    }
)
NAMELESS = "recording"  # replaces the name of a recording, keeping its extension

_AT = r"(?:@|＠|%40|\\{1,8}u0040|&#64;)"
_SLASH = r"(?:\\{0,8}/|%2[fF]|\\{1,8}u002[fF]|\\{1,8}|%5[cC])"
_QUOTED = r"(?P<quote>\\{0,8}[\"'])(?P<inside>.*?)(?P=quote)"
_BARE = r"[^\s\"'&,;\\)\]}<>]+"
_HIDDEN_NAME = (
    r"[\w.-]{0,64}(?:passw(?:or)?d|passphrase|passwd|pwd|secret|token(?!s|_count|_id|iz)|api[_-]?key"
    r"|access[_-]?key|private[_-]?key|credentials?|cookie|密码|口令|密钥)[\w.-]{0,64}"
)
_IS = r"(?:\\{0,8}[\"'])?\s*(?:=|:|：|%3[dDaA]|\\{1,8}u003[dD])\s*"

_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)
_SCHEME = re.compile(rf"(?i)\b(bearer)(\s+|%20|\+)(?!\[){_BARE}")
_QUERY = re.compile(rf"(?i)([?&](?:key|sig|signature|auth|code|session|sid)=)(?!\[){_BARE}")
_HEADER = re.compile(
    rf"(?i)((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)({_IS})(?!\[)(?:{_QUOTED}|[^\r\n\"'\\]+)"
)
_ASSIGNED = re.compile(rf"(?i)(?<![\w.-])(?P<name>{_HIDDEN_NAME})(?P<is>{_IS})(?:{_QUOTED}|{_BARE})")
_SAID = re.compile(
    r"(?i)(password|passphrase|passcode|\bpin|密码|口令|验证码)(\s+is\s+|\s*(?:是|为)\s*)(?!\[)((?:(?!。|，|；)[^\s\"'&,;\\)\]}<>])+)"
)
_USERINFO = re.compile(rf"(?i)((?<![a-z0-9+.-])[a-z][a-z0-9+.-]{{0,20}}:{_SLASH}{_SLASH})[^\s/@\"'\\]+{_AT}")
_KNOWN_SHAPES = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|AKIA[0-9A-Z]{16}"
    r"|xox[abpr]-[A-Za-z0-9-]{10,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)
_EMAIL = re.compile(
    rf"(?:(?<![A-Za-z0-9._+-])[A-Za-z0-9._+-]+|(?<![\w.+-])\w[\w.+-]*){_AT}(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|\w+(?:\.\w+)+)"
)
_PERSON = r"(?:%(?!2[fF]|5[cC])[0-9A-Fa-f]{2}|[^\s/\\\"'%:;,<>|?*&)\]}])+"
_HOME = re.compile(
    rf"(?i)(?:[a-z](?::|%3a))?{_SLASH}(?:home|users|documents and settings){_SLASH}"
    rf"(?P<person>{_PERSON}(?:[ ]{_PERSON}){{0,2}}(?=\\)|{_PERSON})"
)
_URL_HOST = re.compile(r"(?i)\b((?:https?|wss?|ftp|socks[45]?h?)://)([^\s/:\"'\\?#\[\]{}]+)")
_HOST_FIELD = re.compile(rf"(?i)(\bhost(?:name)?)({_IS})(?!\[)(?:{_QUOTED}|{_BARE})")
_PRIVATE_DOMAIN = re.compile(
    r"(?i)(?<![a-z0-9.-])(?:[a-z0-9-]{1,63}\.){1,8}(?:local|lan|internal|intranet|corp|home\.arpa)\b"
)
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]*\d)")
_IPV6 = re.compile(r"(?<![\w:])[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?![\w:])")
_MAC = re.compile(r"\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b")


@dataclass(frozen=True, slots=True)
class Redaction:
    """How often one rule removed something."""

    rule: str
    what: str
    """English, its own translation key."""
    count: int


class Redactor:
    """Applies all rules and counts. Created per case."""

    def __init__(self, private: PrivateValues) -> None:
        self._counts: Counter[str] = Counter()
        self._people = set(private.users)
        self._secrets = _any_of(private.secrets)
        self._homes = _any_of(private.homes, bounded=True)
        self._hosts = _any_of(private.hosts, bounded=True)
        self._names = _any_of(private.recordings)
        self._users = _any_of(self._people, bounded=True)

    @property
    def redactions(self) -> tuple[Redaction, ...]:
        return tuple(Redaction(rule, what, self._counts[rule]) for rule, what in RULES.items() if self._counts[rule])

    def count(self, rule: str) -> None:
        """Count something that the caller left out."""
        self._counts[rule] += 1

    def learn(self, texts: Iterable[str]) -> None:
        """Learn user names from home folders in `texts`: they may also occur alone."""
        found = {match["person"] for text in texts for match in _HOME.finditer(text)}
        self._people |= {name for name in found if PrivateValues.is_personal(name)}
        self._users = _any_of(self._people, bounded=True)

    def text(self, text: str) -> str:
        """Redact a text of the program (a log line, a path, a setting)."""
        if self._names:
            text = self._sub(NAME, self._names, NAMELESS, text)
        text = self._sub(SECRET, _HEADER, r"\1\2[secret]", text)
        text = self._sub(SECRET, _SCHEME, r"\1\2[secret]", text)
        text = self._sub(SECRET, _QUERY, r"\1[secret]", text)
        text = self._assigned(text)
        text = self._sub(SECRET, _SAID, r"\1\2[secret]", text)
        text = self._sub(HOST, _HOST_FIELD, r"\1\2[host]", text)
        text = self._shapes(text)
        text = self._numbers(text, certain_numbers_in(text))
        text = self._urls(text)
        if self._hosts:
            text = self._sub(HOST, self._hosts, "[host]", text)
        text = self._sub(HOST, _PRIVATE_DOMAIN, "[host]", text)
        if self._users:
            text = self._sub(USER, self._users, "[user]", text)
        return text

    def content(self, text: str) -> str:
        """Redact recognised speech: only what has the shape of something private.

        Words that happen to be a user name stay: a text used for comparison must stay as recognised.
        """
        text = self._sub(SECRET, _HEADER, r"\1\2[secret]", text)
        text = self._sub(SECRET, _SCHEME, r"\1\2[secret]", text)
        text = self._sub(SECRET, _QUERY, r"\1[secret]", text)
        text = self._assigned(text)
        text = self._sub(SECRET, _SAID, r"\1\2[secret]", text)
        text = self._shapes(text)
        text = self._numbers(text, numbers_in(text))
        return self._sub(HOST, _PRIVATE_DOMAIN, "[host]", text)

    def pieces(self, texts: Sequence[str]) -> list[str]:
        """Redact consecutive texts like `content`; a number may continue from one to the next."""
        return [self.content(text) for text in self._without_shared(texts)]

    def _without_shared(self, texts: Sequence[str]) -> list[str]:
        """Remove numbers and secrets that span several texts."""
        whole = " ".join(texts)
        found = [(each.start, each.end, each.kind) for each in numbers_in(whole)]
        found += [(match.start(3), match.end(3), SECRET) for match in _SAID.finditer(whole)]
        places, start = [], 0
        for text in texts:
            places.append((start, start + len(text)))
            start += len(text) + 1
        kept = list(texts)
        for first, last, kind in sorted(found, reverse=True):
            touched = [index for index, (begin, end) in enumerate(places) if begin < last and end > first]
            if len(touched) > 1:
                self._counts[kind] += 1
                for index in touched:
                    begin = places[index][0]
                    mark = f"[{kind}]" if index == touched[0] else ""
                    kept[index] = kept[index][: max(0, first - begin)] + mark + kept[index][last - begin :]
        return kept

    def _shapes(self, text: str) -> str:
        if self._secrets:
            text = self._sub(SECRET, self._secrets, "[secret]", text)
        text = self._sub(SECRET, _KEY, "[secret]", text)
        text = self._sub(SECRET, _KNOWN_SHAPES, "[secret]", text)
        text = self._sub(SECRET, _USERINFO, r"\1[secret]@", text)
        text = self._sub(EMAIL, _EMAIL, "[email]", text)
        if self._homes:
            text = self._sub(HOME, self._homes, "~", text)
        text = self._sub(HOME, _HOME, "~", text)
        text = self._sub(ADDRESS, _MAC, "[address]", text)
        text = self._counted(ADDRESS, _IPV4, _address, text)
        return self._counted(ADDRESS, _IPV6, _address, text)

    def _numbers(self, text: str, found: Iterable[Found]) -> str:
        told, last = [], 0
        for each in found:
            told += [text[last : each.start], f"[{each.kind}]"]
            last = each.end
            self._counts[each.kind] += 1
        return "".join((*told, text[last:]))

    def value(self, value: Any, *, is_content: bool = False) -> Any:
        """Redact every string in a JSON value, and whatever is stored under the name of a secret."""
        if isinstance(value, str):
            return self.content(value) if is_content else self.text(value)
        if isinstance(value, Mapping):
            return {
                self.value(str(name), is_content=is_content): self._named(str(name), each, is_content=is_content)
                for name, each in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(each, is_content=is_content) for each in value]
        return value

    def _named(self, name: str, value: Any, *, is_content: bool) -> Any:
        if value and isinstance(value, str | int) and value is not True and _is_secret_name(name):
            self._counts[SECRET] += 1
            return "[secret]"
        return self.value(value, is_content=is_content)

    def _assigned(self, text: str) -> str:
        """Remove what follows the name of a secret, keeping its quotes, so that JSON stays valid."""

        def replacement(match: re.Match[str]) -> str:
            quote = match["quote"] or ""
            value = match[0][len(match["name"] + match["is"]) :]
            if value.startswith("[") or value.lower() in {"none", "null", "true", "false"}:
                return match[0]
            return f"{match['name']}{match['is']}{quote}[secret]{quote}"

        return self._counted(SECRET, _ASSIGNED, replacement, text)

    def _urls(self, text: str) -> str:
        def replacement(match: re.Match[str]) -> str:
            host = match[2].lower()
            if host in PUBLIC_HOSTS or host.startswith(("127.", "[")) or host == "0.0.0.0":  # noqa: S104
                return match[0]
            return f"{match[1]}[host]"

        return self._counted(HOST, _URL_HOST, replacement, text)

    def _sub(self, rule: str, pattern: re.Pattern[str], replacement: str, text: str) -> str:
        text, count = pattern.subn(replacement, text)
        self._counts[rule] += count
        return text

    def _counted(
        self, rule: str, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str], text: str
    ) -> str:
        def counting(match: re.Match[str]) -> str:
            new = replacement(match)
            self._counts[rule] += new != match[0]
            return new

        return pattern.sub(counting, text)


def _is_secret_name(name: str) -> bool:
    return bool(re.fullmatch(rf"(?i){_HIDDEN_NAME}|authorization", name))


def _address(match: re.Match[str]) -> str:
    """Return the replacement of an IP address; the text itself if it is not one, or not private."""
    try:
        address = ipaddress.ip_address(match[0])
    except ValueError:
        return match[0]
    is_everybodys = address.is_loopback or address.is_unspecified
    return match[0] if is_everybodys else "[address]"


def _any_of(values: Iterable[str], *, bounded: bool = False) -> re.Pattern[str] | None:
    """Return a pattern for all values in any spelling, longest first; None if there are none."""
    spelled = [_any_spelling(value) for value in sorted(set(values), key=len, reverse=True) if value]
    if not spelled:
        return None
    any_of_them = "|".join(spelled)
    return re.compile(rf"(?i)(?<![A-Za-z0-9])(?:{any_of_them})(?![A-Za-z0-9])" if bounded else f"(?i){any_of_them}")


def _any_spelling(value: str) -> str:
    """Return a pattern for `value`, with each character plain, JSON-escaped, or percent-encoded."""
    return "".join(map(_any_character, value))


def _any_character(character: str) -> str:
    escaped = character.encode("utf-16-be").hex()
    units = "".join(rf"\\{{1,8}}u{escaped[start : start + 4]}" for start in range(0, len(escaped), 4))
    percent = "".join(f"%{byte:02x}" for byte in character.encode(errors="surrogateescape"))
    plain = re.escape(character)
    if character in "/\\":
        plain = rf"\\{{0,8}}{plain}" if character == "/" else r"\\{1,8}"
    if character in "\"'":
        plain = rf"\\{{0,8}}{plain}"
    if character == " ":
        plain = r"(?:\s|\+)"
    return f"(?:{plain}|{units}|{percent})"
