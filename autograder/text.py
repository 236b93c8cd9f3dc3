"""Text made inert for where it goes: whatever a student wrote is shown, and does nothing."""

from __future__ import annotations

import re
from datetime import datetime

MAX_TEXT = 600  # characters of one message in a summary
# whatever Markdown, HTML, mathematics, a table or a list could take for its own
SIGNS = re.compile(r"[&<>\"`*_{}\[\])#+!|~@$\\^=:.-]")
# links, mentions and references are looked for after the entities are read: these are taken apart
LINKING = {"@", "#", ":"}
LINKING_WORDS = re.compile(r"\b(www|GH)(?=[.-])", re.IGNORECASE)
UNKNOWN = "\ufffd"  # stands for a sign that no font has
NOTHING = "\u200b"  # a space without width
NOT_XML = re.compile("[\ufffe\uffff]")


def line(text: str, cap: int = MAX_TEXT) -> str:
    """Text on one line, without controls and of sane length."""
    text = " ".join(without_controls(text).split())
    text = "".join(sign if sign.isprintable() else UNKNOWN for sign in text)
    return text if len(text) <= cap else text[: cap - 1] + "…"


def markdown(text: str, cap: int = MAX_TEXT) -> str:
    """Text within a line of GitHub's Markdown: no markup, link, mention, reference or HTML."""
    return SIGNS.sub(_entity, LINKING_WORDS.sub(rf"\1{NOTHING}", line(text, cap)))


def _entity(match: re.Match[str]) -> str:
    sign = match[0]
    return f"&#{ord(sign)};" + (NOTHING if sign in LINKING else "")


def xml(text: str) -> str:
    """Text without the characters that XML cannot hold; its writer escapes the rest."""
    return NOT_XML.sub("", without_controls(text))


def command(text: str) -> str:
    """The message of a workflow command."""
    text = without_controls(text).replace("%", "%25")
    return text.replace("\r", "%0D").replace("\n", "%0A")


def command_property(text: str) -> str:
    """The value of a workflow command's property."""
    return command(text).replace(":", "%3A").replace(",", "%2C")


def log(text: str) -> str:
    """A line of a log in which no runner finds a command."""
    return line(text).replace("::", ": :").replace("##[", "## [")


# everything that could move the cursor, reverse the text or hide in it
CONTROLS = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u180e\ufff9-\ufffb\U000e0001-\U000e007f"
    r"\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u061c\u2028\u2029]"
)


def without_controls(text: str) -> str:
    """Text without terminal escapes, bidirectional overrides and invisible characters."""
    return CONTROLS.sub("", text).encode("utf-8", "replace").decode()


def inert(value: object) -> str:
    """A CSV field that no spreadsheet evaluates; points as they are shown elsewhere."""
    if value is None:
        return ""
    if isinstance(value, float):
        return str(round(value, 2))  # of 78.46000000000001, what sums of decimals have left over
    if isinstance(value, int | datetime):
        return str(value)
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
