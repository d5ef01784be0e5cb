"""Goals: steps that are saved under a name."""
