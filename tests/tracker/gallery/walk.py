"""A model of a browser's history: which page views a walk through an application should count."""

from dataclasses import dataclass, field
from typing import Literal

Move = Literal[
    "push",
    "replace",
    "redirect",
    "hash",
    "back",
    "reload",
    "hide",
    "show",
    "offline",
    "online",
    "close",
]


@dataclass
class Model:
    """A tab with an application in it. Paths are the entries of its history."""

    entries: list[str] = field(default_factory=list[str])
    place: int = 0
    online: bool = True
    seen: list[str] = field(default_factory=list[str])

    @property
    def path(self) -> str:
        return self.entries[self.place]

    def can(self, move: Move) -> bool:
        """Without a network no page is loaded, and nothing lies before the first entry."""
        if move in ("reload", "close"):
            return self.online
        return move != "back" or self.place > 0

    def load(self, path: str) -> None:
        """A new tab."""
        self.entries, self.place = [path], 0
        self.seen.append(path)

    def make(self, move: Move, path: str) -> None:
        """What a move changes, and whether it is a page view."""
        before = self.path
        if move in ("push", "redirect", "hash"):
            self.entries[self.place + 1 :] = [before if move == "hash" else path]
            self.place += 1
        if move == "replace":
            self.entries[self.place] = path
        if move == "back":
            self.place -= 1
        if move in ("online", "offline"):
            self.online = move == "online"
        if move == "close":
            self.load(path)
        elif move in ("reload", "redirect") or self.path != before:
            self.seen.append(self.path)
