"""The code in the guides, which tests use as it stands there."""

import re

from processes import ROOT

EXAMPLE = "https://analytics.example"
"""The address of the service in the guides."""


def blocks(guide: str, language: str) -> list[str]:
    """The blocks of code in this language."""
    text = (ROOT / "docs" / "guides" / f"{guide}.md").read_text()
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert found, f"{guide} has no {language}"
    return found
