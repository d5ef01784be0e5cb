"""How much of a list has been read."""

from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi.responses import StreamingResponse


@dataclass(slots=True)
class Progress:
    """How much of a range has been read, judged by the times of the rows: nobody counts them
    beforehand."""

    end: datetime
    """The end of the range, or the present time if that is earlier."""
    first: datetime | None = None
    last: datetime | None = None

    def reach(self, first: datetime, last: datetime) -> None:
        """Notes the times of the first and the last row of a page that was read."""
        self.first = self.first or first
        self.last = last

    @property
    def share(self) -> float | None:
        """From 0 to 1; None before the first row."""
        if self.first is None or self.last is None:
            return None
        whole = (self.end - self.first).total_seconds()
        return min((self.last - self.first).total_seconds() / whole, 1.0) if whole > 0 else 1.0


class ListResponse(StreamingResponse):
    """Rows of a list as they are read, and how far that is."""

    def __init__(
        self,
        content: AsyncIterable[str | bytes],
        progress: Progress,
        media_type: str,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(content, media_type=media_type, headers=headers)
        self.progress = progress
