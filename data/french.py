"""French forms: elision, contraction, conjugation and agreement."""

import re
from dataclasses import dataclass

PERSONS = ("s1", "s2", "s3", "p1", "p2", "p3")  # je tu il nous vous ils
VOWELS = "aeiouhàâéèêëîïôùûœ"  # h is mute in every word of the lexicon

ELISION = re.compile(r"(?<![\w'-])(je|me|te|se|le|la|de|ne|que) (?=(\w+))")


@dataclass(frozen=True)
class FrenchVerb:
    """The forms of one verb."""

    infinitive: str
    present: tuple[str, ...]  # one form for each of PERSONS
    participle: str
    auxiliary: str = "avoir"
    subjunctive: tuple[str, str] = ("", "")  # il, ils; empty: as in the present
    imperfect: tuple[str, ...] = ()  # for states: stands for the english past

    def form(self, person: str) -> str:
        """Return the present form for one of PERSONS."""
        return self.present[PERSONS.index(person)]

    def imperative(self, person: str) -> str:
        """Return the imperative for "s2" or "p2"; tu loses its s in ouvre, mange and va."""
        drops = person == "s2" and (self.form("s2").endswith("es") or self.infinitive == "aller")
        return self.form("s3" if drops else person)

    def imperfect_form(self, person: str) -> str:
        """Return the imperfect for one of PERSONS, for the verbs that have it here."""
        return self.imperfect[PERSONS.index(person)]

    def subjunctive_form(self, person: str) -> str:
        """Return the present subjunctive for "s3" or "p3"."""
        return self.subjunctive[("s3", "p3").index(person)] or self.form(person)


def regular(infinitive: str, auxiliary: str = "avoir") -> FrenchVerb:
    """Return the forms of a verb in -er (those in -ger, -yer and with è among them)."""
    stem = infinitive[:-2]
    strong = stem[:-1] + "i" if stem.endswith("y") else stem
    for weak_end, strong_end in (("et", "èt"), ("ér", "èr"), ("en", "èn")):
        if infinitive in ("acheter", "préférer", "espérer", "promener") and stem.endswith(weak_end):
            strong = stem[: -len(weak_end)] + strong_end
    soft = stem + "e" if stem.endswith("g") else stem
    soft = soft[:-1] + "ç" if soft.endswith("c") else soft
    forms = (strong + "e", strong + "es", strong + "e", soft + "ons", stem + "ez", strong + "ent")
    return FrenchVerb(infinitive, forms, stem + "é", auxiliary)


def elide(text: str) -> str:
    """Return `text` with je, le, de, que ... elided before a vowel, and si before il."""

    def shorten(match: re.Match[str]) -> str:
        word, following = match.groups()
        if following[0] in VOWELS:
            return word[:-1] + "'"
        return match.group()

    previous = None
    while text != previous:  # twice where two short words meet: je ne ai
        previous, text = text, ELISION.sub(shorten, text)
    return re.sub(r"\bsi (?=ils?\b)", "s'", text)


def with_preposition(preposition: str, phrase: str) -> str:
    """Return preposition and noun phrase, le and les contracted with à and de.

    Only for a `phrase` that starts with its article, or with none.
    """
    contracted = {
        ("à", "le"): "au",
        ("à", "les"): "aux",
        ("de", "le"): "du",
        ("de", "les"): "des",
    }
    *before, last = preposition.split()
    first, _, rest = phrase.partition(" ")
    if (last, first) in contracted:
        return " ".join([*before, contracted[last, first], rest])
    return elide(f"{preposition} {phrase}")


def starts_with_vowel(word: str) -> bool:
    """Return whether `word` calls for l', cet, mon, bel ... before it."""
    return word[0] in VOWELS


def agree(masculine: str, gender: str, number: str) -> str:
    """Return a regular adjective or participle for gender m or f and number s or p."""
    form = masculine
    if gender == "f" and not form.endswith("e"):
        form += "e"
    return form + "s" if number == "p" and not form.endswith(("s", "x")) else form
