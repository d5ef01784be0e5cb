"""Made-up traffic of thirty days for a demo site, so that every page shows something."""
