"""The conformance report: every clause of the policy, its rules, and the live evidence that they are kept."""
