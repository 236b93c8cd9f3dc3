"""Clauses: a subject and a predicate in a tense, affirmed or denied, in both languages."""

from dataclasses import dataclass

from data import verbs
from data.french import FrenchVerb, agree, elide
from data.phrases import NounPhrase
from data.verbs import Verb

PRESENT, PAST, FUTURE = "present", "past", "future"
SINCE = "since"  # has lived: the present in french
WANT, CAN, MUST = "want", "can", "must"
MODALS = {
    WANT: ("want to", "wants to", verbs.VOULOIR),
    CAN: ("can", "can", verbs.POUVOIR),
    MUST: ("must", "must", verbs.DEVOIR),
}


@dataclass(frozen=True)
class Predicate:
    """A verb with all that follows it, in both languages.

    The verbs may differ in kind: "be" + "hungry" is avoir + "faim".
    """

    english: tuple[str, str, str, str]  # base, third person, past, -ing
    english_tail: str
    french: FrenchVerb
    french_tail: str
    negated_tail: str = ""  # the french tail after ne ... pas, where it differs: pas de pain
    clitic: str = ""  # le, la, les before the french verb
    progressive: bool = False  # english may say is eating
    agreement: str = "ms"  # what a past participle with avoir agrees with

    def french_tail_for(self, negative: bool) -> str:
        """Return the French tail in an affirmed or a denied clause."""
        return self.negated_tail or self.french_tail if negative else self.french_tail


def transitive(verb: Verb, thing: NounPhrase, tail: tuple[str, str] = ("", "")) -> Predicate:
    """Return `verb` with its object and a further English and French tail."""
    english_tail = _join(verb.particle, thing.english, tail[0])
    negated = _join(thing.negated, tail[1]) if thing.negated else ""
    return Predicate(
        verb.english,
        english_tail,
        verb.french,
        _join(thing.french, tail[1]),
        negated,
        progressive=not verb.stative,
    )


def intransitive(verb: Verb, tail: tuple[str, str] = ("", "")) -> Predicate:
    """Return `verb` with a further English and French tail."""
    return Predicate(
        verb.english,
        _join(verb.particle, tail[0]),
        verb.french,
        tail[1],
        progressive=not verb.stative,
    )


def english_clause(
    subject: NounPhrase, predicate: Predicate, tense: str, negative: bool, progressive: bool = False
) -> str:
    """Return the English clause."""
    return _join(
        subject.english,
        english_verb(subject, predicate, tense, negative, progressive),
        predicate.english_tail,
    )


def english_verb(
    subject: NounPhrase, predicate: Predicate, tense: str, negative: bool, progressive: bool = False
) -> str:
    """Return the English verb group for `subject`: does not eat, is eating, will eat."""
    third = subject.person == "s3"
    base, third_form, past, ing = predicate.english
    no = "not" if negative else ""
    if tense == FUTURE:
        return _join("will", no, base)
    if tense == SINCE:
        return _join("has" if third else "have", no, past)
    if tense == WANT:
        wants = (
            ("does not want" if third else "do not want")
            if negative
            else "wants"
            if third
            else "want"
        )
        return f"{wants} to {base}"
    if tense in (CAN, MUST):
        return "cannot " + base if negative and tense == CAN else _join(tense, no, base)
    if base == "be":
        return _join(english_be(subject, tense), no)
    if progressive and predicate.progressive:
        return _join(english_be(subject, tense), no, ing)
    if negative:
        return _join(english_do(subject, tense), "not", base)
    return past if tense == PAST else third_form if third else base


def english_be(subject: NounPhrase, tense: str) -> str:
    """Return am, is, are, was or were."""
    if tense == PAST:
        return "was" if subject.person in ("s1", "s3") else "were"
    return {"s1": "am", "s3": "is"}.get(subject.person, "are")


def english_do(subject: NounPhrase, tense: str) -> str:
    """Return do, does or did."""
    if tense == PAST:
        return "did"
    return "does" if subject.person == "s3" else "do"


def french_clause(subject: NounPhrase, predicate: Predicate, tense: str, negative: bool) -> str:
    """Return the French clause."""
    return elide(
        _join(
            subject.french,
            french_verb(subject, predicate, tense, negative),
            predicate.french_tail_for(negative),
        )
    )


def french_verb(subject: NounPhrase, predicate: Predicate, tense: str, negative: bool) -> str:
    """Return the French verb group for `subject`, with ne ... pas and the clitic in place."""
    verb, clitic = predicate.french, predicate.clitic
    ne, pas = ("ne", "pas") if negative else ("", "")
    if tense in MODALS:
        finite = MODALS[tense][2].form(subject.person)
        return _join(ne, finite, pas, clitic, verb.infinitive)
    if tense == FUTURE:
        return _join(ne, verbs.ALLER.form(subject.person), pas, clitic, verb.infinitive)
    if tense == PAST and not verb.imperfect:
        return _join(ne, clitic, *_compound(subject, predicate, pas))
    form = verb.imperfect_form(subject.person) if tense == PAST else verb.form(subject.person)
    return _join(ne, clitic, form, pas)


def subjunctive_clause(subject: NounPhrase, predicate: Predicate, negative: bool = False) -> str:
    """Return the French clause for il faut que, with a subject of the third person."""
    ne, pas = ("ne", "pas") if negative else ("", "")
    form = predicate.french.subjunctive_form(subject.person)
    return elide(
        _join(subject.french, ne, predicate.clitic, form, pas, predicate.french_tail_for(negative))
    )


def infinitive(predicate: Predicate) -> tuple[str, str]:
    """Return the predicate as an infinitive phrase, English without to."""
    return (
        _join(predicate.english[0], predicate.english_tail),
        elide(_join(predicate.clitic, predicate.french.infinitive, predicate.french_tail)),
    )


def _compound(subject: NounPhrase, predicate: Predicate, pas: str) -> tuple[str, str, str]:
    """Return auxiliary, pas and participle of the passé composé."""
    verb = predicate.french
    if verb.auxiliary == "être":  # agrees with the subject
        participle = agree(verb.participle, subject.gender, subject.number)
        return verbs.ETRE.form(subject.person), pas, participle
    participle = agree(verb.participle, *predicate.agreement)
    return verbs.AVOIR.form(subject.person), pas, participle


def _join(*parts: str) -> str:
    """Return the parts that are not empty, with a space between."""
    return " ".join(part for part in parts if part)
