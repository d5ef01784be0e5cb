"""Which fields of an event are unknown or invalid: all of them, in plain words.

Decoding stops at the first problem, and names it in words of the library. So an event that cannot
be decoded is looked at again, field by field.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw, Struct, inspect

from api.errors import Problem
from api.events.models import EventIn
from api.events.receive.rejection import EVENT, Reason, Rejected

read_object = msgspec.json.Decoder(dict[str, Raw]).decode


class Field(NamedTuple):
    """What a field must be: in code, in words, and the fields of its own if it is an object."""

    decode: Callable[[Raw], Any]
    words: str
    is_required: bool
    inner: "Mapping[str, Field]"


def fields_of(struct: type[Struct]) -> dict[str, Field]:
    return {field.name: field_of(field) for field in msgspec.structs.fields(struct)}


def field_of(field: msgspec.structs.FieldInfo) -> Field:
    kinds = kinds_of(inspect.type_info(field.type))
    words = " or ".join(filter(None, map(words_of, kinds)))
    structs = [kind.cls for kind in kinds if isinstance(kind, inspect.StructType)]
    inner = fields_of(structs[0]) if structs else {}
    return Field(msgspec.json.Decoder(field.type).decode, words, field.required, inner)


def kinds_of(kind: inspect.Type) -> list[inspect.Type]:
    """The types of a union, or the type itself, without their descriptions."""
    match kind:
        case inspect.UnionType(types=types):
            return [found for inner in types for found in kinds_of(inner)]
        case inspect.Metadata(type=described):
            return kinds_of(described)
        case _:
            return [kind]


def words_of(kind: inspect.Type) -> str:
    """What a value must be; null is not mentioned, as a field can be left out."""
    match kind:
        case inspect.NoneType():
            return ""
        case inspect.StrType(max_length=int(most)):
            return f"text of at most {most} characters"
        case inspect.StrType(pattern=str(pattern)):
            return f"text that matches {pattern}"
        case inspect.IntType():
            return "a whole number"
        case inspect.FloatType(ge=least, le=most):
            return f"a number from {least} to {most}"
        case inspect.DecimalType():
            return "a number"
        case inspect.BoolType():
            return "true or false"
        case inspect.DateTimeType():
            return "a time such as 2026-03-29T02:30:00Z"
        case inspect.DictType():
            return "an object, with numbers that fit into 64 bits"
        case _:
            return "an object"


FIELDS = fields_of(EventIn)


def rejection_of(raw: Raw) -> Rejected:
    """The rejection of an event of which some fields are unknown or invalid. Raises what decoding
    raises for bytes that are not JSON."""
    try:
        found = [*problems_of(read_object(raw), FIELDS)]
    except msgspec.ValidationError:
        return Rejected(Reason.INVALID_FIELD, Problem(EVENT, "must be an object"))
    reasons = {reason for reason, _ in found}
    reason = Reason.UNKNOWN_FIELD if Reason.UNKNOWN_FIELD in reasons else Reason.INVALID_FIELD
    return Rejected(reason, *(problem for _, problem in found))


def problems_of(
    given: Mapping[str, Raw], fields: Mapping[str, Field], prefix: str = ""
) -> Iterator[tuple[Reason, Problem]]:
    """The problems of an object's fields, those that are unknown first."""
    names = sorted(fields)
    for name in given:
        if name not in fields:
            yield Reason.UNKNOWN_FIELD, Problem(f"{prefix}{name}", "is unknown", names)
    for name, field in fields.items():
        if name in given:
            yield from problems_in(given[name], field, f"{prefix}{name}")
        elif field.is_required:
            yield Reason.INVALID_FIELD, Problem(f"{prefix}{name}", "is missing")


def problems_in(value: Raw, field: Field, where: str) -> Iterator[tuple[Reason, Problem]]:
    try:
        field.decode(value)
    except msgspec.ValidationError:
        if field.inner and bytes(value).startswith(b"{"):
            yield from problems_of(read_object(value), field.inner, f"{where}.")
        else:
            yield Reason.INVALID_FIELD, Problem(where, f"must be {field.words}")
