"""What is wrong with the parameters and the body of a request, in plain words.

Pydantic's own words name types and functions of ours, so each kind of its errors has words here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, cast, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_params_to_args
from fastapi.exceptions import RequestValidationError, ValidationException
from pydantic import BaseModel
from starlette.datastructures import Headers, QueryParams
from starlette.requests import HTTPConnection

from api.errors import AnalyticsError, Invalid, Malformed, Problem, UnsupportedMedia

WORDS = {
    **dict.fromkeys(("bool_parsing", "bool_type"), "must be true or false"),
    **dict.fromkeys(("dict_type", "model_attributes_type", "model_type"), "must be an object"),
    **dict.fromkeys(("enum", "literal_error"), "is not one of the allowed values"),
    "extra_forbidden": "is unknown",
    "finite_number": "must be a finite number",
    **dict.fromkeys(("float_parsing", "float_type"), "must be a number"),
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    **dict.fromkeys(("int_from_float", "int_parsing", "int_type"), "must be a whole number"),
    "int_parsing_size": "has too many digits",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    **dict.fromkeys(("list_type", "tuple_type"), "must be a list"),
    "missing": "is missing",
    "string_pattern_mismatch": "must match the pattern {pattern}",
    "string_type": "must be text",
    "string_unicode": "must not contain lone surrogates",
    **dict.fromkeys(("string_too_long", "too_long"), "must have a length of at most {max_length}"),
    **dict.fromkeys(
        ("string_too_short", "too_short"), "must have a length of at least {min_length}"
    ),
    **dict.fromkeys(("uuid_parsing", "uuid_type"), "must be a UUID"),
    "value_error": "{error}",
}
"""What is wrong, by the type of pydantic's error. The text of a ValueError is our own."""

JSON = "application/json"

Declared = Any
"""What may be given: a type, or types by name."""


def problems_of(errors: Iterable[Any], given: Any, declared: Declared, root: str) -> list[Problem]:
    """The problems that pydantic found in what was given. Of a value that fits none of several
    types, there is one problem."""
    found: dict[str, list[Problem]] = {}
    for error in errors:
        problem = problem_of(error, given, declared, root)
        found.setdefault(problem.where, []).append(problem)
    return [merged(problems) for problems in found.values()]


def merged(problems: Sequence[Problem]) -> Problem:
    words = dict.fromkeys(problem.problem for problem in problems)
    return Problem(problems[0].where, ", or ".join(words), problems[0].allowed)


def problem_of(error: Any, given: Any, declared: Declared, root: str) -> Problem:
    kind = error["type"]
    path = [*path_of(error["loc"], given, is_missing=kind == "missing")]
    words = WORDS.get(kind, "is not valid").format(**error.get("ctx", {}))
    where = ".".join(map(str, path)) or root
    if kind == "extra_forbidden":
        return Problem(where, words, sorted(fields_of(declared_at(declared, path[:-1]))))
    is_choice = kind in ("enum", "literal_error")
    return Problem(where, words, values_of(declared_at(declared, path)) if is_choice else None)


def path_of(location: Sequence[int | str], given: Any, is_missing: bool) -> Iterator[int | str]:
    """The keys and indexes of a location. Its other parts are names of types, which the sender does
    not know: they are not in what was given."""
    for number, part in enumerate(location, start=1):
        held = cast(Any, given if isinstance(given, dict | list) else {})  # text has indexes, too
        try:
            given = held[part]
        except (KeyError, IndexError, TypeError):
            if not is_missing or number < len(location):
                continue
        yield part


def declared_at(declared: Declared, path: Iterable[int | str]) -> Declared:
    """The type that is declared for the value at this path."""
    for part in path:
        declared = fields_of(declared).get(str(part), declared)
    return declared


def fields_of(declared: Declared) -> dict[str, Any]:
    """The types of fields by the names that requests have for them."""
    if isinstance(declared, dict):
        return declared  # pyright: ignore[reportUnknownVariableType]
    return {
        field.alias or name: field.annotation
        for part in parts_of(declared)
        if isinstance(part, type) and issubclass(part, BaseModel)
        for name, field in part.model_fields.items()
    }


def values_of(declared: Declared) -> list[str]:
    """The values of the enumerations in a type."""
    found: list[str] = []
    for part in parts_of(declared):
        if get_origin(part) is Literal:
            found += map(str, get_args(part))
        elif isinstance(part, type) and issubclass(part, Enum):
            found += [str(member.value) for member in part]
    return found


def parts_of(declared: Declared) -> Iterator[Any]:
    """A type and all types that it is made of."""
    yield declared
    for part in get_args(declared):
        yield from parts_of(part)


def to_refusal(connection: HTTPConnection, error: ValidationException) -> AnalyticsError:
    """The refusal of an invalid request: all problems, without the input, which may be a
    password."""
    errors = error.errors()
    if errors[0]["type"] == "json_invalid":
        problem = f"is not JSON: {errors[0]['ctx']['error']} (character {errors[0]['loc'][1]})"
        return Malformed(problems=[Problem("body", problem)])
    dependant = connection.scope["route"].dependant
    query, declared = lists_of(connection.query_params), declared_query(dependant)
    body = error.body if isinstance(error, RequestValidationError) else None
    return Invalid(
        problems=[
            *problems_of(within("path", errors), connection.path_params, {}, "path"),
            *problems_of(within("query", errors), query, declared, "query"),
            *problems_of(within("body", errors), body, declared_body(dependant), "body"),
        ]
    )


def within(root: str, errors: Iterable[Any]) -> list[Any]:
    """The errors in one part of a request, with locations within it."""
    return [{**error, "loc": error["loc"][1:]} for error in errors if error["loc"][0] == root]


def lists_of(params: QueryParams) -> dict[str, list[str]]:
    return {name: params.getlist(name) for name in params}


def query_fields(dependant: Dependant) -> list[Any]:
    """The query parameters of a route and of its dependencies, as the framework has them."""
    inherited = [field for inner in dependant.dependencies for field in query_fields(inner)]
    return [*dependant.query_params, *inherited]


def declared_query(dependant: Dependant) -> dict[str, Any]:
    """The types of query parameters by name."""
    declared: dict[str, Any] = {}
    for field in query_fields(dependant):
        annotation = field.field_info.annotation
        declared |= fields_of(annotation) or {field.alias: annotation}
    return declared


def declared_body(dependant: Dependant) -> Any:
    """The type of the body; None if the route reads none."""
    return next((field.field_info.annotation for field in dependant.body_params), None)


async def check_request(connection: HTTPConnection) -> None:
    """Dependency of all JSON routes. Raises UnsupportedMedia for a body that is not JSON, and
    Invalid for query parameters that the route does not have, or that are repeated although they
    take one value."""
    if not isinstance(connection, Request):
        return
    dependant: Dependant = connection.scope["route"].dependant
    if dependant.body_params and announces_body(connection.headers):
        refuse_other_media(connection.headers.get("content-type", ""))
    params = connection.query_params
    if surplus := [*surplus_of(params, declared_query(dependant))]:
        raise Invalid(problems=[*surplus, *other_problems(params, dependant)])


def announces_body(headers: Headers) -> bool:
    """Whether these headers announce a body; without them a request has none."""
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def refuse_other_media(content_type: str) -> None:
    media = content_type.partition(";")[0].strip().lower()
    if media != JSON and not (media.startswith("application/") and media.endswith("+json")):
        words = "is not supported here" if media else "is missing"
        raise UnsupportedMedia(problems=[Problem("content-type", words, [JSON])])


def surplus_of(params: QueryParams, declared: Mapping[str, Any]) -> Iterator[Problem]:
    """A problem for each parameter that is unknown, or repeated although it takes one value."""
    for name, values in lists_of(params).items():
        if name not in declared:
            yield Problem(name or "query", WORDS["extra_forbidden"], sorted(declared))
        elif len(values) > 1 and not takes_several(declared[name]):
            yield Problem(name, "takes one value, and is given several times")


def takes_several(declared: Declared) -> bool:
    """Whether a parameter of this type may be given several times."""
    return any(get_origin(part) is list for part in parts_of(declared))


def other_problems(params: QueryParams, dependant: Dependant) -> list[Problem]:
    """What else is wrong with the query, so that all problems are told at once."""
    _, errors = request_params_to_args(query_fields(dependant), params)
    own = [error for error in within("query", errors) if error["type"] != "extra_forbidden"]
    return problems_of(own, lists_of(params), declared_query(dependant), "query")
