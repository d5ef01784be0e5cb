"""Goals: what a site wants its visitors to do, saved under a name."""
