"""What every service stands on: settings, logging with redaction, languages, sd_notify, the life of a process.

errors.ServiceError          one clear message for a person: what happened, what was not changed, what to do next
+- settings.SettingsError    site.toml cannot be used
+- (anju.ledger) LedgerError a database cannot be used
"""
