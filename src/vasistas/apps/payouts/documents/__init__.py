"""Documents: the payment file of a bank, statements, the year's report. Pure: they read no database."""
