"""The read log: who read whose personal data, why and when; and the chain that proves nobody changed it.

Rows are noted as they load (`rows`), gathered in one request or run and written down at its end (`recorder`,
`entries`). A sealer makes Merkle batches of the entries and signs the head (`operations`, `merkle`, `keys`); `verify`
finds what was changed. The words: docs/guard/read-log.md.
"""
