"""What our letters say. Short, in plain words, never with a name: the address may be somebody else's."""

from __future__ import annotations

from server.accounts.mail import Letter

_NOT_YOU = "If you did not ask for this, you need do nothing."


def register(link: str) -> Letter:
    """To an address without an account."""
    return Letter(
        "register",
        "Confirm your address",
        ("Please confirm that this address is yours; then choose how you sign in to Limber.",),
        link,
        "Confirm the address",
        ("The link works once, for 24 hours.", _NOT_YOU),
    )


def register_known(login: str) -> Letter:
    """To an address that has an account, when somebody registers it again."""
    return Letter(
        "register_known",
        "You have an account already",
        ("Somebody, perhaps you, wanted to register this address with Limber. It has an account already.",),
        login,
        "Sign in",
        ("If you forgot your password, ask for a new one on that page.", _NOT_YOU),
    )


def reset(link: str) -> Letter:
    """To an address with an account."""
    return Letter(
        "reset",
        "Choose a new password",
        ("Here you can choose a new password for Limber.",),
        link,
        "Choose a password",
        ("The link works once, for one hour.", f"{_NOT_YOU} Your password stays as it is."),
    )


def reset_unknown(register_page: str) -> Letter:
    """To an address without an account, when somebody asks for a new password."""
    return Letter(
        "reset_unknown",
        "There is no account with this address",
        ("Somebody, perhaps you, asked for a new password for Limber, but this address has no account.",),
        register_page,
        "Create an account",
        ("Perhaps you registered with another address.", _NOT_YOU),
    )


def address(link: str) -> Letter:
    """To the new address, when an account changes its own."""
    return Letter(
        "address",
        "Confirm your new address",
        ("Please confirm that this address is yours. From then on it is the one of your Limber account.",),
        link,
        "Confirm the address",
        ("The link works once, for 24 hours.", _NOT_YOU),
    )


def address_taken() -> Letter:
    """To an address that an account wants and another one has."""
    return Letter(
        "address_taken",
        "This address has an account already",
        ("Somebody, perhaps you, wanted to use this address for another Limber account. It has one already, so "
         "nothing was changed.",),
    )  # fmt: skip


def changed(what: str, security_page: str) -> Letter:
    """To the account's address, after something about signing in was changed."""
    return Letter(
        "changed",
        "Your sign-in was changed",
        (what, "If that was you, you need do nothing."),
        security_page,
        "Look at your account",
        ("If it was not you, choose a new password now: that signs out everybody else.",),
    )
