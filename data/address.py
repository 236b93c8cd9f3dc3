"""Questions, orders and statements to somebody: tu or vous, est-ce que or none."""

import random
from dataclasses import replace

from data import nouns
from data.chance import chance, pick, pick_weighted
from data.clauses import (
    FUTURE,
    PAST,
    PRESENT,
    WANT,
    Predicate,
    english_verb,
    french_clause,
    infinitive,
)
from data.phrases import (
    TU,
    VOUS,
    NounPhrase,
)
from data.predicates import about_person
from data.statements import (
    TENSES,
    TIMES,
    statement,
    subject,
)

Sentence = tuple[str, str]  # English and French, without the full stop

VOCATIVES: tuple[tuple[str, str, NounPhrase], ...] = (
    ("sir", "monsieur", replace(VOUS, number="s")),
    ("madam", "madame", replace(VOUS, gender="f", number="s")),
    ("children", "les enfants", VOUS),
    ("my friend", "mon ami", TU),
    *((english, french, replace(TU, gender=gender)) for english, french, gender in nouns.NAMES),
)


def addressed(rng: random.Random) -> Sentence:
    """Return a question, order or statement to somebody, named last: tu or vous goes by it."""
    english_name, french_name, you = pick(rng, VOCATIVES)
    sort = pick_weighted(rng, ((4.0, _question), (2.0, _order), (2.0, _told)))
    english, french, mark = sort(rng, you)
    if chance(rng, 0.2):
        return f"{english_name}, {english}{mark}", f"{french_name}, {french}{_spaced(mark)}"
    return (f"{english}, {english_name}{mark}", f"{french}, {french_name}{_spaced(mark)}")


def _spaced(mark: str) -> str:
    """Return the closing mark as French sets it."""
    return f" {mark}" if mark else ""


def _question(rng: random.Random, you: NounPhrase) -> tuple[str, str, str]:
    tense = pick_weighted(rng, TENSES)
    what, negative = about_person(rng, you, tense), chance(rng, 0.15)
    time = pick(rng, TIMES[tense]) if chance(rng, 0.4) else ("", "")
    where = pick(rng, (("", ""), ("", ""), ("why ", "pourquoi "), ("when ", "quand ")))
    if tense == PRESENT or time[0]:
        where = ("", "") if where[0] == "when " else where
    english = english_question(you, what, tense, negative)
    ask = "est-ce que " if where[0] or chance(rng, 0.6) else ""
    french = f"{where[1]}{ask}{french_clause(you, what, tense, negative)}"
    return f"{where[0]}{english} {time[0]}".strip(), f"{french} {time[1]}".strip(), "?"


def english_question(who: NounPhrase, what: Predicate, tense: str, negative: bool) -> str:
    """Return the clause as a question, the auxiliary before `who`."""
    words = english_verb(who, what, tense, negative).split()
    if tense == WANT or (tense in (PRESENT, PAST) and what.english[0] != "be"):
        do = "did" if tense == PAST else "does" if who.person == "s3" else "do"
        rest = f"want to {what.english[0]}" if tense == WANT else what.english[0]
        words = [do, *(["not"] if negative else []), rest]
    if words[0] == "cannot":
        words[:1] = ["can", "not"]
    return " ".join([words[0], who.english, *words[1:], what.english_tail]).strip()


def _order(rng: random.Random, you: NounPhrase) -> tuple[str, str, str]:
    what, negative = about_person(rng, you, FUTURE), chance(rng, 0.3)
    form = what.french.imperative(you.person)
    english, _ = infinitive(what)
    if negative:
        return f"do not {english}", f"ne {form} pas {what.french_tail_for(True)}".strip(), ""
    return english, f"{form} {what.french_tail}".strip(), ""


def _told(rng: random.Random, you: NounPhrase) -> tuple[str, str, str]:
    made = statement(rng, who=you, timed=0.2)
    return made.english, made.french, ""


def asked(rng: random.Random) -> Sentence:
    """Return a question about somebody."""
    who = subject(rng, rich=0.3, pronouns=0.0)
    tense = pick(rng, (PRESENT, PAST, FUTURE))
    while who.kind != "person":
        who = subject(rng)
    what = about_person(rng, who, tense)
    english = english_question(who, what, tense, negative=False)
    french = french_clause(who, what, tense, negative=False)
    where = pick(rng, (("", ""), ("why ", "pourquoi ")))
    return f"{where[0]}{english}?", f"{where[1]}est-ce que {french} ?"
