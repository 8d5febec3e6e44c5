"""`status` for people."""

from __future__ import annotations

from typing import Any


def status_text(status: dict[str, Any]) -> str:
    """The answer of `GET /v1/models/status` as tables."""
    parts = [_releases(status["releases"]), _health(status), _audit(status["audit"])]
    return "\n\n".join(part for part in parts if part) or "Nothing was released yet."


def _releases(releases: list[dict[str, Any]]) -> str:
    rows = [
        [
            str(r["release"]), r["channel"], r["sha256"][:12], f"{r['percent']:g} %", r["min_app"],
            "expired" if r["expired"] and r["state"] == "serving" else r["state"],
            "yes" if r["evaluated"] else "no", r["published_at"][:16].replace("T", " "),
        ]
        for r in releases
    ]  # fmt: skip
    return _table(["release", "channel", "file", "share", "min app", "state", "evaluated", "published"], rows)


def _health(status: dict[str, Any]) -> str:
    rows = []
    for each in status["health"]:
        rates = each["rates"]
        rows.append(
            [
                each["sha256"][:12], each["channel"], str(each["runs"]), _percent(rates["failures"]),
                _percent(rates["rejections"]), _ms(rates["p50_ms"]), _ms(rates["p99_ms"]),
                _percent(rates["completion"]), _percent(rates["pain"]),
            ]
        )  # fmt: skip
    heads = ["on devices", "channel", "runs", "failed", "rejected", "p50", "p99", "completed", "pain"]
    return _table(heads, rows)


def _audit(entries: list[dict[str, Any]]) -> str:
    rows = [
        [
            e["at"][:16].replace("T", " "), e["actor"], e["action"], e["subject"],
            _moved(e["details"]), e["reason"] or "",
        ]
        for e in entries
    ]  # fmt: skip
    return _table(["when", "who", "did", "on", "from → to", "why"], rows)


def _moved(details: dict[str, Any]) -> str:
    to = details.get("release", details.get("to"))
    share = f" ({details['share'] / 100:g} %)" if "share" in details else ""
    if details.get("instead") is not None:
        return f"{to} → {details['instead']}"
    return f"{details.get('from') or '–'} → {to}{share}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.2%}"


def _ms(value: float | None) -> str:
    return "–" if value is None else "> 1 s" if value > 1000 else f"≤ {value:g} ms"


def _table(heads: list[str], rows: list[list[str]]) -> str:
    if not rows:
        return ""
    wide = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [heads, ["-" * width for width in wide], *rows]
    return "\n".join(
        "  ".join(f"{text:<{w}}" for text, w in zip(line, wide, strict=True)).rstrip() for line in lines
    )
