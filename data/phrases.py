"""Noun phrases: pronouns, names, and nouns with articles and adjectives, in both languages."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from data import adjectives, nouns
from data.adjectives import Adjective
from data.chance import chance, pick
from data.french import PERSONS, elide, starts_with_vowel, with_preposition
from data.nouns import Noun


@dataclass(frozen=True)
class NounPhrase:
    """A noun phrase in both languages, with what agrees with it."""

    english: str
    french: str
    gender: str = "m"  # m or f
    number: str = "s"  # s or p, for agreement
    person: str = "s3"  # one of PERSONS, for the verb: a polite you is p2 and number s
    kind: str = "person"
    negated: str = ""  # the french after a negated verb where it differs: pas de pain
    noun: Noun | None = None

    def after(self, french_preposition: str) -> str:
        """Return the French behind a preposition, contracted."""
        return with_preposition(french_preposition, self.french)


I = NounPhrase("i", "je", person="s1")  # noqa: E741  the word is what it is
WE = NounPhrase("we", "nous", number="p", person="p1")
TU = NounPhrase("you", "tu", person="s2")
VOUS = NounPhrase("you", "vous", number="p", person="p2")

POSSESSIVES = {  # person: english, french before ms, fs, p
    "s1": ("my", "mon", "ma", "mes"),
    "s2": ("your", "ton", "ta", "tes"),
    "p1": ("our", "notre", "notre", "nos"),
    "p2": ("your", "votre", "votre", "vos"),
    "p3": ("their", "leur", "leur", "leurs"),
    "s3": ("", "son", "sa", "ses"),
}


def pronoun(antecedent: NounPhrase) -> NounPhrase:
    """Return the subject pronoun that stands for `antecedent`: it and they by French gender."""
    if antecedent.person != "s3" and antecedent.person != "p3":
        return antecedent
    plural = antecedent.number == "p"
    french = (
        ("ils" if plural else "il") if antecedent.gender == "m" else ("elles" if plural else "elle")
    )
    english = "they" if plural else _english_pronoun(antecedent, "he", "she")
    return replace(antecedent, english=english, french=french, negated="", noun=None)


def object_pronoun(antecedent: NounPhrase) -> tuple[str, str]:
    """Return the English and French object pronouns for `antecedent`: him/le, it/la, them/les."""
    if antecedent.number == "p":
        return "them", "les"
    english = _english_pronoun(antecedent, "him", "her")
    return english, "le" if antecedent.gender == "m" else "la"


def _english_pronoun(antecedent: NounPhrase, masculine: str, feminine: str) -> str:
    """Return it for what is no person, else the form for the gender."""
    if antecedent.kind != "person":
        return "it"
    return masculine if antecedent.gender == "m" else feminine


def own(owner: NounPhrase, noun: Noun, number: str = "s") -> NounPhrase:
    """Return `noun` as the owner's: her car / sa voiture, their keys / leurs clés."""
    english, masculine, feminine, plural = POSSESSIVES[owner.person]
    if owner.person == "s3":
        english = {"it": "its"}.get(word := _english_pronoun(owner, "his", "her"), word)
    word = noun.french_form(number)
    determiner = plural if number == "p" else masculine
    if number == "s" and noun.gender == "f":
        determiner = masculine if starts_with_vowel(word) else feminine
    return _phrase(f"{english} {noun.english_form(number)}", f"{determiner} {word}", noun, number)


def definite(
    noun: Noun, number: str = "s", adjective: Adjective | None = None, *, determiner: str = "the"
) -> NounPhrase:
    """Return the, this or these with `noun`: the old man / le vieil homme."""
    english, french = _with_adjective(noun, number, adjective)
    article = {"s": {"m": "le", "f": "la"}, "p": {"m": "les", "f": "les"}}[number][noun.gender]
    if determiner == "this":
        determiner = "this" if number == "s" else "these"
        article = {"s": {"m": "ce", "f": "cette"}, "p": {"m": "ces", "f": "ces"}}[number][
            noun.gender
        ]
        if article == "ce" and starts_with_vowel(french):
            article = "cet"
    return _phrase(f"{determiner} {english}", elide(f"{article} {french}"), noun, number)


def indefinite(noun: Noun, number: str = "s", adjective: Adjective | None = None) -> NounPhrase:
    """Return a, some or the partitive with `noun`: some water / de l'eau."""
    english, french = _with_adjective(noun, number, adjective)
    if noun.kind in ("mass", "drink"):
        partitive = with_preposition("de", definite(noun).french)
        phrase = _phrase(english, partitive, noun, number)
    elif number == "p":  # des, but de before an adjective: de vieux livres
        ahead = adjective is not None and adjective.before
        phrase = _phrase(english, elide(f"de {french}") if ahead else f"des {french}", noun, number)
    else:
        article = "an" if english[0] in "aeiou" else "a"
        determiner = "un" if noun.gender == "m" else "une"
        phrase = _phrase(f"{article} {english}", f"{determiner} {french}", noun, number)
    return replace(phrase, negated=elide(f"de {french}"))


def name(rng: random.Random) -> NounPhrase:
    """Return a first name."""
    english, french, gender = pick(rng, nouns.NAMES)
    return NounPhrase(english, french, gender)


def _with_adjective(noun: Noun, number: str, adjective: Adjective | None) -> tuple[str, str]:
    """Return `noun` with `adjective`, where French wants it."""
    english, french = noun.english_form(number), noun.french_form(number)
    if adjective is None:
        return english, french
    form = adjective.form(noun.gender, number)
    if adjective.before and noun.gender + number == "ms" and starts_with_vowel(french):
        form = adjective.vowel_form or form
    ordered = f"{form} {french}" if adjective.before else f"{french} {form}"
    return f"{adjective.english} {english}", ordered


def _phrase(english: str, french: str, noun: Noun, number: str) -> NounPhrase:
    """Return a phrase of the third person around `noun`."""
    return NounPhrase(
        english,
        french,
        noun.gender,
        number,
        PERSONS[2 if number == "s" else 5],
        noun.kind,
        noun=noun,
    )


def common(
    rng: random.Random,
    choices: Sequence[Noun],
    *,
    plural: float = 0.2,
    adjective: float = 0.25,
    a: float = 0.35,
) -> NounPhrase:
    """Return a random phrase around one of `choices`; the numbers are probabilities."""
    noun = pick(rng, choices)
    number = "p" if noun.kind not in ("mass", "drink", "food") and chance(rng, plural) else "s"
    fitting = [word for word in adjectives.ADJECTIVES if noun.kind in word.attributes]
    chosen = pick(rng, fitting) if fitting and chance(rng, adjective) else None
    if chosen is not None and (chosen.english, noun.english) in adjectives.UNLIKELY:
        chosen = None
    if noun.kind in ("mass", "drink"):
        return indefinite(noun)
    if chance(rng, a):
        return indefinite(noun, number, chosen)
    return definite(noun, number, chosen, determiner="this" if chance(rng, 0.15) else "the")


def either(rng: random.Random) -> NounPhrase:
    """Return the neighbour, student or cousin, man or woman: a later word must tell which."""
    noun = pick(rng, nouns.EITHER)
    if chance(rng, 0.5):
        noun = replace(noun, french=noun.feminine, gender="f")
    return definite(noun)
