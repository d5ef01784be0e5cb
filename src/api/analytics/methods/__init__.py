"""Methods of reports that take more than counting, in numpy. docs/definitions.md states each."""
