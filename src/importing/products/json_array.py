"""The entries of an array in JSON, one after the other, each as the text that it has in the file.

The file may be made to do harm: an entry is bounded, and so is how deep it is nested. Only the end
of each is looked for here; what is in it is read by whoever knows its fields.
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder

from importing.products.files import CHUNK, Stream, Unreadable, read

LONGEST_ENTRY = 8 * 1_048_576
"""Characters of an entry."""

BLANK = re.compile(r"[ \t\r\n]*+")

# Numbers are not made: one of many digits takes time with their square.
END_OF = JSONDecoder(parse_int=bool, parse_float=bool, parse_constant=bool).raw_decode


class Buffered:
    """The text of a stream from the entry on that is looked at. Bytes that are no UTF-8 are
    replaced."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.decode = getincrementaldecoder("utf-8")("replace").decode
        self.text = ""
        self.at = 0
        """How many characters of the text are done with."""
        self.is_all = False
        """Whether the text goes to the end of the stream."""

    @property
    def left(self) -> int:
        """How many characters are there to be looked at."""
        return len(self.text) - self.at

    def read_more(self) -> None:
        """Reads as much as there is, so that whatever needs all of it is not done too often."""
        pieces = [self.text[self.at :]]
        wanted = max(CHUNK, self.left)
        while wanted > 0 and not self.is_all:
            data = read(self.stream, CHUNK)
            self.is_all = not data
            pieces.append(self.decode(data, self.is_all))
            wanted -= len(data)
        self.text, self.at = "".join(pieces), 0

    def next_sign(self) -> str:
        """The next character that is not blank, which is left where it is; '' at the end."""
        while True:
            found = BLANK.match(self.text, self.at)
            self.at = found.end() if found else self.at
            if self.left or self.is_all:
                return self.text[self.at : self.at + 1]
            self.read_more()

    def entry(self) -> str:
        """The next value of JSON. Raises Unreadable."""
        while True:
            try:
                end = END_OF(self.text, self.at)[1]
            except RecursionError:
                raise Unreadable("has an entry that is nested too deeply") from None
            except JSONDecodeError as error:
                if self.is_all:
                    raise Unreadable(f"is not JSON to its end: {error.msg}") from None
            else:
                # A number that ends with the text may go on.
                if end < len(self.text) or self.is_all:
                    found, self.at = self.text[self.at : end], end
                    return found
            if self.left > LONGEST_ENTRY:
                raise Unreadable(f"has an entry of more than {LONGEST_ENTRY} characters")
            self.read_more()


def array_entries(stream: Stream) -> Iterator[str]:
    """The texts of the entries. Raises Unreadable after the last one that can be read."""
    buffered = Buffered(stream)
    expect(buffered, "[")
    if buffered.next_sign() == "]":
        return
    while True:
        buffered.next_sign()
        yield buffered.entry()
        if expect(buffered, ",]") == "]":
            return


def expect(buffered: Buffered, signs: str) -> str:
    """Takes the next character. Raises Unreadable unless it is one of these."""
    sign = buffered.next_sign()
    if not sign or sign not in signs:
        raise Unreadable(f"is not JSON to its end: {sign!r} where {' or '.join(signs)} belongs")
    buffered.at += 1
    return sign
