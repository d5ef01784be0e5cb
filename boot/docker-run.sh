#!/bin/sh
# The container's start: the schema and the first login come with serve.
set -eu
exec python -m cli serve
