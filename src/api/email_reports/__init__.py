"""E-mail reports: the numbers of a site, each week or month, by e-mail to whoever wants them.

A background job makes a row for each subscription and period that is over, once, and sends what is
due.
"""
