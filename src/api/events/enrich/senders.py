"""From whom a site takes events: from which hosts, and whether from trusted senders only."""

from collections.abc import Collection

from api.events.enrich.identity import Sender
from api.events.receive.rejection import EVENT, Reason, rejected
from api.sites.models import Site


def refuse_unwanted(hostname: str, site: Site, sender: Sender) -> None:
    """Raises Rejected for an event of a host that is not the site's, and for one of anybody where
    the site takes events from trusted senders only. Both are off by default."""
    if site.ingest_key_required and not sender.trusted:
        problem = "needs an API key that may send events to this site"
        raise rejected(Reason.KEY_REQUIRED, EVENT, problem)
    if site.hostnames and not is_among(hostname, site.hostnames):
        raise rejected(Reason.FOREIGN_HOST, "hostname", "is none of the hosts of this site")


def is_among(hostname: str, names: Collection[str]) -> bool:
    """Whether a host is one of these, or below one that is written as *.example.com."""
    return hostname in names or any(
        name.startswith("*.") and hostname.endswith(name[1:]) for name in names
    )
