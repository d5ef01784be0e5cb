"""Submitted jobs: questions that users hand in to be answered later, and webhooks that tell of it.

Not to be confused with background jobs (api/jobs.py), which the service runs of its own accord.
"""
