"""Findings as a table for a terminal of eighty columns, or as JSON."""

import json
import textwrap
from collections import Counter
from collections.abc import Sequence

from bot.app.doctor.findings import Finding, Said, Sign
from bot.texts import M, Texts

WIDTH = 80
_GAP = "  "
_CODES, _NAMES = "doctor.", "doctor.name_"
_ARROW = "→ "
_COLOURS = {Sign.OK: "32", Sign.WARNING: "33", Sign.FAILED: "31", Sign.SKIPPED: "2"}


def render(findings: Sequence[Finding], texts: Texts, *, coloured: bool) -> str:
    """Write the table, a line about the whole at its end."""
    names = [_sentence(texts, Said(message=finding.name)) for finding in findings]
    width = max(len(name) for name in names)
    lines: list[str] = []
    for name, finding in zip(names, findings, strict=True):
        lines += _row(finding, name.ljust(width), texts, coloured=coloured)
    return "\n".join([*lines, "", _summary(findings, texts), ""])


def render_json(findings: Sequence[Finding], texts: Texts, exit_code: int) -> str:
    """Write one object, with the same sentences and with words that stay in every language."""
    checks = [
        {
            "check": finding.name.removeprefix(_NAMES),
            "status": finding.sign.name.lower(),
            "codes": [said.message.removeprefix(_CODES) for said in finding.said],
            "said": "; ".join(_sentence(texts, said) for said in finding.said),
            "advice": None if finding.advice is None else _sentence(texts, finding.advice),
        }
        for finding in findings
    ]
    whole = {"exit_code": exit_code, "checks": checks}
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def _row(finding: Finding, name: str, texts: Texts, *, coloured: bool) -> list[str]:
    indent = " " * (len(finding.sign.value) + 1 + len(name) + len(_GAP))
    said = "; ".join(_sentence(texts, part) for part in finding.said)
    lines = _wrapped(said, first=indent, others=indent)
    if finding.advice is not None:
        advice = _sentence(texts, finding.advice)
        lines += _wrapped(advice, first=indent + _ARROW, others=indent + " " * len(_ARROW))
    sign = finding.sign.value
    shown = f"\x1b[{_COLOURS[finding.sign]}m{sign}\x1b[0m" if coloured else sign
    return [f"{shown} {name}{_GAP}{lines[0][len(indent) :]}", *lines[1:]]


def _wrapped(text: str, *, first: str, others: str) -> list[str]:
    # Names of settings and addresses stay whole, so that they can be copied.
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(findings: Sequence[Finding], texts: Texts) -> str:
    count = Counter(finding.sign for finding in findings)
    failures, warnings = count[Sign.FAILED], count[Sign.WARNING]
    if not failures and not warnings:
        return _sentence(texts, Said(message=M.DOCTOR_SUMMARY_WELL))
    message = M.DOCTOR_SUMMARY_FAILED if failures else M.DOCTOR_SUMMARY_WARNED
    values = {"failures": failures, "warnings": warnings}
    return _sentence(texts, Said(message=message, values=values))


def _sentence(texts: Texts, said: Said) -> str:
    return texts.say(said.message, **said.values).striptags()
