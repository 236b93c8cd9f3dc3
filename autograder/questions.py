"""The questions that a lesson asks before something is run, as an author writes them.

An assignment's `solutions/<name>/questions.toml` holds them in plain words. Students get the
question in the lesson's text, and what is said of their answers veiled: see `checks/questions.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import msgspec

from checks.questions import ANY_OTHER, RIGHT, WRONG, mark, normal, veil

from .errors import AssignmentError, RecordError
from .records import Count, read_toml, typed

FILE = "questions.toml"
# predict("key", ...): what stands in the place of the answer
TAKEN = re.compile(r"\bpredict\(\s*[\"'](\w+)[\"']\s*,\s*([^)]*?)\s*\)")


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question without points.

    Attributes:
        asks: the question, in Markdown.
        right: the right answer: a letter of `choices`, or a number.
        because: why, shown after the right answer.
        hint: shown after any other answer.
        hints: by answer: shown after that wrong one, in place of `hint`.
        choices: by letter; none where the answer is a number.
        decimals: how many decimals of a number count.
    """

    asks: str
    right: str
    because: str
    hint: str
    hints: dict[str, str] = {}
    choices: dict[str, str] = {}
    decimals: Count = 0

    def __post_init__(self) -> None:
        """Refuse answers that nobody can give."""
        for answer in (self.right, *self.hints, *self.choices):
            if self._normal(answer) is None:
                known = f"one of {', '.join(self.choices)}" if self.choices else "a number"
                raise ValueError(f"expected {known}, got {answer!r}")
        if self._normal(self.right) in {self._normal(answer) for answer in self.hints}:
            raise ValueError(f"there is a hint for the right answer, {self.right!r}")

    def _normal(self, answer: str) -> str | None:
        return normal(answer, list(self.choices), self.decimals)

    @property
    def said(self) -> dict[str, str]:
        """What is said of each answer, in the form that is veiled."""
        said = dict.fromkeys((*self.choices, ANY_OTHER), WRONG + self.hint)
        said |= {str(self._normal(answer)): WRONG + hint for answer, hint in self.hints.items()}
        return said | {str(self._normal(self.right)): RIGHT + self.because}

    @property
    def words(self) -> str:
        """All that students may read of it."""
        return "\n".join([self.markdown, self.because, self.hint, *self.hints.values()])

    @property
    def markdown(self) -> str:
        """The question as the lesson shows it."""
        lines = [f"**Before you run it.** {self.asks}"]
        if self.choices:
            lines += ["", *(f"- **{letter}**: {text}" for letter, text in self.choices.items())]
        return "\n".join(lines)


def read_questions(text: str, file: str) -> dict[str, Question]:
    """The questions of an assignment, by key.

    Args:
        file: how its file is called in errors.

    Raises:
        AssignmentError: a field is missing or of another kind; which one.
    """
    where = file
    try:
        questions = {}
        for key, value in read_toml(text).items():
            where = f"{file}: {key}"
            questions[key] = typed(value, Question)
    except RecordError as error:
        raise AssignmentError(f"{where}: {error}") from error
    return questions


def as_handed_out(questions: Mapping[str, Question]) -> str:
    """What students get of them: a file in the folder of the assignment's checks."""
    entries = {}
    for key, question in questions.items():
        width = max(len(words.encode()) for words in question.said.values())  # all of one length
        veiled = {
            mark(key, one): veil(words, key, one, width) for one, words in question.said.items()
        }
        entries[key] = {
            "choices": list(question.choices),
            "decimals": question.decimals,
            "said": dict(sorted(veiled.items())),
        }
    return json.dumps(entries, indent=1) + "\n"
