"""What an event says about itself without saying it: agent, source and place."""

from api.events.enrich.agent import Agent, read_agent
from api.events.enrich.place import Place, Places
from api.events.enrich.source import Source, read_source

__all__ = ["Agent", "Place", "Places", "Source", "read_agent", "read_source"]
