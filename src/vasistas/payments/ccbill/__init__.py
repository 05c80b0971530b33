"""CCBill behind the port: FlexForms with a signed price, webhooks, and DataLink to look again. What CCBill cannot do
is refused in words (docs/payments.md).
"""
