"""The table of formats, and which of them a log has."""

from collections import Counter
from collections.abc import Callable, Sequence

from api.errors import invalid
from importing.formats.columns import (
    TIME,
    csv_format,
    encoded_percent,
    percent_encoded,
    plus_for_blank,
    w3c_format,
)
from importing.formats.json_lines import json_format
from importing.formats.request import HEADING, Format, Request, Skipped
from importing.formats.text import NAMES, own_format, text_format

CLF = '$remote_addr $identity $remote_user [$time_local] "$request" $status $bytes_sent'

BALANCER = (
    "$time_iso8601 $balancer $remote_addr:$remote_port $backend $waited $worked $answered "
    '$status $backend_status $received $sent "$url_request" "$http_user_agent"'
)

FORMATS = (
    text_format("combined", f'{CLF} "$http_referer" "$http_user_agent"'),
    text_format("vhost_combined", f'$host:$server_port {CLF} "$http_referer" "$http_user_agent"'),
    # Without quotes in what follows: else a line of the others with a stray one would fit.
    text_format("common", CLF, more=r'\s[^"]*'),
    text_format("elb", BALANCER),
    text_format("alb", f"$type {BALANCER}"),
    text_format(
        "haproxy",
        "$remote_addr:$remote_port [$time_local] $frontend $backend $timers $status $sent "
        '$cookie $set_cookie $state $connections $text "$request"',
    ),
    json_format(
        "caddy",
        {
            "address": ("request.client_ip", "request.remote_ip", "request.remote_addr"),
            "time": ("ts",),
            "method": ("request.method",),
            "target": ("request.uri",),
            "status": ("status",),
            "hostname": ("request.host",),
            "referrer": ("request.headers.Referer",),
            # Headers without it: the request had none.
            "agent": ("request.headers.User-Agent", "request.headers"),
        },
    ),
    json_format(
        "traefik",
        {
            "address": ("ClientHost", "ClientAddr"),
            "time": ("StartUTC", "StartLocal", "time"),
            "method": ("RequestMethod",),
            "target": ("RequestPath",),
            "status": ("DownstreamStatus", "OriginStatus"),
            "hostname": ("RequestHost",),
            "referrer": ("request_Referer",),
            "agent": ("request_User-Agent",),
        },
    ),
    json_format("nginx_json", NAMES),
    w3c_format(
        "iis",
        " ",
        {"cs(User-Agent)": plus_for_blank},
        {
            "address": ("c-ip",),
            "time": (TIME,),
            "method": ("cs-method",),
            "target": ("cs-uri-stem",),
            "query": ("cs-uri-query",),
            "status": ("sc-status",),
            "hostname": ("cs-host",),
            "referrer": ("cs(Referer)",),
            "agent": ("cs(User-Agent)",),
        },
    ),
    w3c_format(
        "cloudfront",
        "\t",
        {
            "cs-uri-stem": encoded_percent,
            "cs-uri-query": encoded_percent,
            "cs(Referer)": encoded_percent,
            "cs(User-Agent)": percent_encoded,
        },
        {
            "address": ("c-ip",),
            "time": (TIME,),
            "method": ("cs-method",),
            "target": ("cs-uri-stem",),
            "query": ("cs-uri-query",),
            "status": ("sc-status",),
            "hostname": ("x-host-header",),
            "referrer": ("cs(Referer)",),
            "agent": ("cs(User-Agent)",),
        },
    ),
    csv_format(
        "gcs",
        "time_micros",
        {
            "address": ("c_ip",),
            "time": ("time_micros",),
            "method": ("cs_method",),
            "target": ("cs_uri",),
            "status": ("sc_status",),
            "hostname": ("cs_host",),
            "referrer": ("cs_referer",),
            "agent": ("cs_user_agent",),
        },
    ),
)
"""The formats that are found out, the more specific ones first."""

AUTO = "auto"
BY_NAME = {one.name: one for one in FORMATS}

REQUEST = "request"

SAMPLE = 100
"""How many lines a format is found out by."""


def format_called(given: str) -> Format | None:
    """The format of this name or layout; None for AUTO. Raises Invalid for any other."""
    if given == AUTO:
        return None
    if "$" in given or "%" in given:
        return own_format(given)
    if given not in BY_NAME:
        known = ", ".join([AUTO, *BY_NAME])
        raise invalid("format", f"must be one of {known}, or a layout such as {CLF}")
    return BY_NAME[given]


def format_of(lines: Sequence[str]) -> Format | None:
    """The first format that most of these lines fit, else the one that most lines fit; None if no
    line fits any. Of formats with headings, requests tell more than headings."""
    sample = [line for line in lines if line][:SAMPLE]
    most = (len(sample) + 1) // 2
    fitting = {one.name: number_fitting(sample, one, most) for one in FORMATS}
    name = max(fitting, key=lambda name: fitting[name])
    return BY_NAME[name] if any(fitting[name]) else None


def number_fitting(lines: Sequence[str], one: Format, most: int) -> tuple[int, int]:
    """How many of these lines are requests in a format, at most so many, and how many headings."""
    read = one.reader()
    results = Counter(result_of(read, line) for line in lines)
    return min(results[REQUEST], most), results[HEADING]


def result_of(read: Callable[[str], Request], line: str) -> str:
    """REQUEST, or why a line is skipped."""
    try:
        read(line)
    except Skipped as reason:
        return str(reason)
    return REQUEST
