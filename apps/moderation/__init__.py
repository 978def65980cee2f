"""Who did what: the audit trail."""
