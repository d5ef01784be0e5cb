"""Amounts as the Stats API gives them: with their currency, and written in English."""

from babel.numbers import format_compact_currency, format_currency

LOCALE = "en_US"


def money(value: float, currency: str) -> dict[str, float | str]:
    """The amount as models.Money has it. `short` is rounded to one decimal: €500.2M."""
    return {
        "value": round(value, 2),
        "currency": currency,
        "short": format_compact_currency(value, currency, locale=LOCALE, fraction_digits=1),
        "long": format_currency(value, currency, locale=LOCALE),
    }
