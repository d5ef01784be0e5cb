"""What an event says about itself without saying it: agent, source and place."""

from api.events.enrich.agent import Agent, read_agent
from api.events.enrich.place import Place, Places
from api.events.enrich.source import Source, read_source

__all__ = ["Agent", "Place", "Places", "Source", "read_agent", "read_source", "warm_up"]


def warm_up() -> None:
    """Loads the tables that the first event would wait for, and with it everybody else: a second
    of work, more on a busy machine."""
    read_agent("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
    read_source("https://www.example.com/", {}, "example.org")
