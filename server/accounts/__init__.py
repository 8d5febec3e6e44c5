"""Accounts: the OAuth 2.0 / OpenID Connect provider, signing in, and what a person may do with their data."""
