"""The one door out: who gets which personal data is on the policy's list, is written down, and nothing else connects.

`door` decides and notes, `sockets` keeps the process from reaching undeclared hosts, `endpoints` reads both off the
policy and the settings. How to use it: docs/guard/egress.md.
"""
