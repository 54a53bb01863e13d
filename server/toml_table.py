"""Reads one TOML table written by hand and gathers every mistake, with its place and the remedy; knows no meaning."""

import difflib
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


class TomlTable:
    """One table; keys that were not asked for are mistakes too."""

    def __init__(self, mistakes: list[str], place: str, values: Mapping[str, Any]) -> None:
        self._mistakes = mistakes
        self.place = place
        self._values = values
        self._known: list[str] = []

    def mistake(self, key: str, text: str) -> None:
        """Report what is wrong with ``key``."""
        self._mistakes.append(f"{self.place}: {key} {text}")

    def table(self, key: str) -> Mapping[str, Any]:
        """A table below this one, which must be there."""
        value = self._take(key)
        if not isinstance(value, dict):
            self.mistake(f"[{key}]", "is missing" if value is None else "must be a table")
            return {}
        return value

    def table_or_none(self, key: str) -> Mapping[str, Any] | None:
        """A table below this one; None when there is none."""
        self._known.append(key)
        return self.table(key) if key in self._values else None

    def tables(self, key: str) -> list[Mapping[str, Any]]:
        """Tables below this one; none when there are none."""
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.mistake(key, f"must be tables: [[{key}]]")
            return []
        return value

    def text(self, key: str, *, required: bool = False) -> str:
        """A text; empty when there is none."""
        value = self._take(key)
        if value is None or value == "":
            if required:
                self.mistake(key, "is missing")
            return ""
        if not isinstance(value, str):
            self.mistake(key, f"must be a text in quotes, not {value!r}")
            return ""
        return value

    def matching(self, key: str, pattern: re.Pattern[str], described: str, *, required: bool = False) -> str:
        """A text of a certain form."""
        value = self.text(key, required=required)
        if value and not pattern.fullmatch(value):
            self.mistake(key, f"must be {described}, not {value!r}")
            return ""
        return value

    def uuid(self, key: str, otherwise: str) -> str:
        """A UUID; without one, one that always follows from ``otherwise``."""
        value = self.text(key)
        if not value:
            return str(uuid.uuid5(uuid.NAMESPACE_URL, otherwise))
        try:
            return str(uuid.UUID(value))
        except ValueError:
            self.mistake(key, f"must be a UUID such as {uuid.uuid5(uuid.NAMESPACE_URL, otherwise)}, not {value!r}")
            return value

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.mistake(key, f"must be true or false, not {value!r}")
            return default
        return value

    def real(self, key: str, least: float, most: float, *, default: float) -> float:
        """A number."""
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            self.mistake(key, f"must be a number from {least:g} to {most:g}, not {value!r}")
            return default
        return float(value)

    def span(self, key: str, default: tuple[float, float] | None, most: float) -> tuple[float, float] | None:
        """A number of seconds, or the least and the most in brackets."""
        value = self._take(key)
        if value is None:
            return default
        ends = value if isinstance(value, list) else [value, value]
        if (
            len(ends) != 2
            or not all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends)
            or not 0 <= ends[0] <= ends[1] <= most
        ):
            self.mistake(key, f"must be seconds from 0 to {most:g}, or [least, most], not {value!r}")
            return default
        return float(ends[0]), float(ends[1])

    def texts(self, key: str) -> Sequence[str]:
        """A list of texts."""
        value = self._take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self.mistake(key, f"must be a list of texts in quotes, not {value!r}")
            return ()
        return value

    def number(self, key: str, least: int, most: int, *, default: int) -> int:
        """A whole number."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.mistake(key, f"must be a number from {least} to {most}, not {value!r}")
            return default
        return value

    def choice(self, key: str, offered: Sequence[str], default: str) -> str:
        """One of some words."""
        value = self.text(key) or default
        if value not in offered:
            self.mistake(key, f"must be one of {', '.join(offered)}, not {value!r}{nearest(value, offered)}")
            return default
        return value

    def choices(self, key: str, offered: Iterable[str], default: Sequence[str]) -> Sequence[str]:
        """Some of some words."""
        value = self._take(key)
        if value is None:
            return default
        names = list(offered)
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self.mistake(key, f"must be a list of texts, of {', '.join(names)}")
            return default
        for each in value:
            if each not in names:
                self.mistake(key, f"has {each!r}, which is none of {', '.join(names)}{nearest(each, names)}")
        return [each for each in value if each in names]

    def nothing_else(self) -> None:
        """Report keys that nobody asked for, which are most often misspelt."""
        for key in self._values:
            if key not in self._known:
                self.mistake(key, f"is not known here{nearest(key, self._known)}")

    def _take(self, key: str) -> Any:
        self._known.append(key)
        return self._values.get(key)


def nearest(word: str, known: Iterable[str]) -> str:
    """A question that ends a mistake, if there is a word that was probably meant."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
