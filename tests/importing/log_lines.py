"""Lines of access logs to import."""


def log_line(day: int, time: str, page: str = "/") -> str:
    """A line of a log of March 2026."""
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
    when = f"{day:02}/Mar/2026:{time} +0000"
    return f'203.0.113.7 - - [{when}] "GET {page} HTTP/1.1" 200 1 "-" "{agent}"\n'
