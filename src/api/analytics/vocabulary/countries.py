"""The English names of countries, by their codes in ISO 3166: those of Unicode's CLDR, which the
dashboard shows, too."""

from collections.abc import Mapping
from typing import cast

from babel import Locale

NO_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
"""Codes of two letters in CLDR that are of groups of countries, or of none."""


def country_names() -> Mapping[str, str]:
    """The name of each country by its code."""
    names = cast("Mapping[str, str]", Locale("en").territories)
    countries = (code for code in sorted(names) if len(code) == 2 and code.isalpha())
    return {code: names[code] for code in countries if code not in NO_COUNTRIES}


COUNTRIES = country_names()
