"""Which requests of an access log are page views."""

from importing.formats.request import Request, Skipped

ASSETS = (
    *(".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".ico", ".bmp"),
    *(".css", ".js", ".mjs", ".map", ".json", ".xml", ".txt"),
    *(".woff", ".woff2", ".ttf", ".eot", ".otf"),
    *(".mp3", ".mp4", ".webm", ".ogg", ".avi", ".mov", ".wav"),
    *(".zip", ".gz", ".tgz", ".bz2", ".xz", ".tar", ".rar", ".7z"),
    *(".deb", ".rpm", ".exe", ".dmg", ".iso", ".jar", ".pdf", ".swf", ".bin"),
    *(".sh", ".patch", ".diff"),
)
"""The endings of paths of files that are part of a page or are downloaded."""

NOT_MODIFIED = 304


def refuse_no_page_view(request: Request) -> None:
    """Raises Skipped unless this is a GET, answered 2xx or 304, of something that is not an asset.
    The first rule that is broken is the reason."""
    if request.method != "GET" or not request.target:
        raise Skipped("method")
    if not (200 <= request.status < 300 or request.status == NOT_MODIFIED):
        raise Skipped("status")
    path = request.target.partition("?")[0].partition("#")[0]
    if path.lower().endswith(ASSETS):
        raise Skipped("asset")
