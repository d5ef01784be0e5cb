"""Which changes between two OpenAPI documents break a client.

A document is read as facts. A client of the old document breaks when the new one lacks a promise of
the old one: an operation, a parameter, a value that it takes, a field of a response. It also breaks
when the new one has a demand more on something that was there before: a field that is required, a
lower limit, a response that may be null.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

Json = dict[str, Any]
Subject = tuple[str, ...]
"""A thing: the operation, and the way to the thing within it."""

IS_THERE = "is there"
IS_REQUIRED = "is required"

LIMITS = {
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems"), 1),
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems"), -1),
}
"""Limits of what a request may contain: 1 where a higher one allows more, else -1."""


@dataclass(frozen=True)
class Fact:
    """What a document says of one thing."""

    subject: Subject
    text: str
    is_demand: bool = False
    limit: float | None = None
    """Of a limit, a number: the higher, the more is allowed."""

    def __str__(self) -> str:
        return f"{' '.join(self.subject)} {self.text}"

    @property
    def words(self) -> tuple[str, str]:
        """What a text about a change of it has to name: the path of the operation, and the thing,
        which may be the operation itself."""
        names = [name for name in self.subject if re.search(r"\w", name)]
        return names[0].split()[-1], names[-1].split()[-1]


def breaking(old: Json, new: Json) -> list[Fact]:
    """The promises that are gone and the demands that are new, without those that follow from
    another one."""
    before, after = {*facts(old)}, {*facts(new)}
    known = {fact.subject for fact in before}
    limits = {(fact.subject, fact.text): fact.limit for fact in before if fact.limit is not None}

    def is_new_demand(fact: Fact) -> bool:
        about = fact.subject[:-1] if fact.text == IS_REQUIRED else fact.subject
        is_looser = (fact.limit or 0) >= limits.get((fact.subject, fact.text), inf)
        return fact.is_demand and about in known and not is_looser

    lost = {fact for fact in before - after if not fact.is_demand}
    return outermost(lost) + outermost({fact for fact in after - before if is_new_demand(fact)})


def additions(old: Json, new: Json) -> list[Fact]:
    """The promises that only the new document makes, without those that follow from another."""
    return outermost({fact for fact in {*facts(new)} - {*facts(old)} if not fact.is_demand})


def outermost(found: set[Fact]) -> list[Fact]:
    """These facts without those about parts of a thing that is itself one of them."""
    things = {fact.subject for fact in found if fact.text == IS_THERE}
    parts = {
        fact
        for fact in found
        for length in range(1, len(fact.subject) + (fact.text != IS_THERE))
        if fact.subject[:length] in things
    }
    return sorted(found - parts, key=str)


def facts(document: Json) -> Iterator[Fact]:
    """All facts of a document. The shape of refusals is one more subject, as all have the same."""
    schemas = Schemas(document)
    refusal = {"$ref": "#/components/schemas/Refusal"}
    yield from schemas.of_response(refusal, ("Refusal",))
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield from of_operation(schemas, operation, (f"{method.upper()} {path}",))


def of_operation(schemas: "Schemas", operation: Json, subject: Subject) -> Iterator[Fact]:
    yield Fact(subject, IS_THERE)
    yield Fact(subject, f"is called {operation['operationId']}")
    if operation["security"] and {} not in operation["security"]:
        yield Fact(subject, "needs a login", is_demand=True)
    for parameter in operation.get("parameters", ()):
        place = (*subject, f"{parameter['in']} {parameter['name']}")
        yield Fact(place, IS_THERE)
        if parameter.get("required"):
            yield Fact(place, IS_REQUIRED, is_demand=True)
        yield from schemas.of_request(parameter["schema"], place)
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        yield Fact((*subject, f"body {kind}"), IS_THERE)
        yield from schemas.of_request(media["schema"], (*subject, f"body {kind}"))
    for status, response in operation["responses"].items():
        for kind, media in response.get("content", {}).items() if status < "3" else ():
            yield Fact((*subject, f"{status} {kind}"), IS_THERE)
            yield from schemas.of_response(media["schema"], (*subject, f"{status} {kind}"))


class Schemas:
    """Reads the facts of schemas. Both methods go through the parts of a schema in the same way,
    but in a request a type that is taken is a promise, and in a response one that is given is a
    demand on who reads it; with a field that is required it is the other way round."""

    def __init__(self, document: Json) -> None:
        self.schemas: Json = document["components"]["schemas"]

    def of_request(self, schema: Json, subject: Subject) -> Iterator[Fact]:
        for place, part, is_required in self.parts(schema, subject):
            if is_required is not None:
                yield Fact(place, IS_THERE)
            if is_required:
                yield Fact(place, IS_REQUIRED, is_demand=True)
            for value in part.get("enum", [type_of(part)]):
                yield Fact(place, f"takes {value}")
            for name in LIMITS.keys() & part.keys():
                yield Fact(place, name, is_demand=True, limit=LIMITS[name] * part[name])

    def of_response(self, schema: Json, subject: Subject) -> Iterator[Fact]:
        for place, part, is_required in self.parts(schema, subject):
            if is_required is not None:
                yield Fact(place, IS_THERE)
            if is_required:
                yield Fact(place, "is always there")
            yield Fact(place, f"is {type_of(part)}", is_demand=True)

    def parts(
        self, schema: Json, subject: Subject, is_required: bool | None = None, inside: Subject = ()
    ) -> Iterator[tuple[Subject, Json, bool | None]]:
        """The schema and the schemas in it, each with its subject, and of a field whether it is
        required. A schema within itself is left out."""
        name = schema.get("$ref", "").rpartition("/")[2]
        if name in inside:
            return
        if name:
            schema, inside = self.schemas[name], (*inside, name)
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            for choice in choices:
                yield from self.parts(choice, subject, is_required, inside)
            return
        yield subject, schema, is_required
        for field, inner in schema.get("properties", {}).items():
            needed = field in schema.get("required", ())
            yield from self.parts(inner, (*subject, field), needed, inside)
        if "items" in schema:
            yield from self.parts(schema["items"], (*subject, "[]"), None, inside)


def type_of(schema: Json) -> str:
    types = schema.get("type", "anything")
    name = types if isinstance(types, str) else " or ".join(types)
    return f"{name} ({schema['format']})" if "format" in schema else name
