"""Alert rules: conditions on the numbers of a site, and who is told when one is met.

A background job looks at the current and the last hour or day of each rule. What meets the
condition is an occurrence: one row for a rule and such a window, made in one transaction with the
notifications and the messages that tell of it.
"""
