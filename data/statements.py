"""Statements: random subjects, with relative clauses, doing random things at some time."""

import random
from dataclasses import dataclass, replace

from data import nouns, verbs
from data.chance import chance, pick, pick_weighted
from data.clauses import (
    CAN,
    FUTURE,
    MUST,
    PAST,
    PRESENT,
    SINCE,
    WANT,
    Predicate,
    english_clause,
    french_clause,
    intransitive,
    subjunctive_clause,
    transitive,
)
from data.french import elide
from data.phrases import WE, I, NounPhrase, common, definite, name, own, pronoun
from data.predicates import about_animal, about_person, anybody, copula, passes, place

TIMES: dict[str, tuple[tuple[str, str], ...]] = {
    PRESENT: (
        ("every day", "tous les jours"),
        ("today", "aujourd'hui"),
        ("on sunday", "le dimanche"),
        ("in the morning", "le matin"),
    ),
    PAST: (
        ("yesterday", "hier"),
        ("last week", "la semaine dernière"),
        ("last night", "hier soir"),
        ("this morning", "ce matin"),
    ),
    FUTURE: (
        ("tomorrow", "demain"),
        ("next week", "la semaine prochaine"),
        ("tonight", "ce soir"),
        ("on sunday", "dimanche"),
    ),
}
TIMES |= {WANT: TIMES[FUTURE], CAN: TIMES[PRESENT][1:2], MUST: TIMES[FUTURE]}
TENSES = ((4.0, PRESENT), (4.0, PAST), (2.0, FUTURE), (1.0, WANT), (0.7, CAN), (1.0, MUST))
NUMBERS = (("two", "deux"), ("three", "trois"), ("five", "cinq"), ("ten", "dix"))


@dataclass(frozen=True)
class Statement:
    """A clause in both languages, and what later clauses may point back to."""

    english: str
    french: str
    subject: NounPhrase
    tense: str


def subject(rng: random.Random, *, rich: float = 0.0, pronouns: float = 0.15) -> NounPhrase:
    """Return a person or animal as subject; `rich` is the probability of a relative clause."""
    if chance(rng, pronouns):
        return pick(rng, (I, WE, I, *(pronoun(NounPhrase("", "", gender)) for gender in "mf")))
    if chance(rng, rich):
        return with_relative(
            rng, definite(pick(rng, nouns.PEOPLE), "s" if chance(rng, 0.8) else "p")
        )
    if chance(rng, 0.3):
        return name(rng)
    if chance(rng, 0.12):
        return common(rng, nouns.ANIMALS, a=0.0)
    if chance(rng, 0.2):
        return own(I, pick(rng, nouns.FAMILY + nouns.SPOUSES))
    return common(rng, nouns.PEOPLE, a=0.1)


def predicate(rng: random.Random, who: NounPhrase, tense: str) -> Predicate:
    """Return what `who` may do in `tense`."""
    return (about_animal if who.kind == "animal" else about_person)(rng, who, tense)


def statement(
    rng: random.Random,
    *,
    who: NounPhrase | None = None,
    tense: str | None = None,
    rich: float = 0.0,
    timed: float = 0.3,
) -> Statement:
    """Return a random statement; `timed` is the probability of an adverbial of time."""
    who = who or subject(rng, rich=rich)
    animal = who.kind == "animal"
    tense = tense or pick_weighted(rng, TENSES[:3] if animal else TENSES)
    if not animal and tense == PRESENT and who.person != "p1" and chance(rng, 0.12):
        return lasting(rng, who)
    what = predicate(rng, who, tense)
    negative = chance(rng, 0.2) and "first time" not in what.english_tail
    timed = chance(rng, timed) and passes(what)
    progressive = tense == PRESENT and not timed and chance(rng, 0.5)
    english = english_clause(who, what, tense, negative, progressive)
    french = french_clause(who, what, tense, negative)
    if tense == MUST and who.person in ("s3", "p3") and not negative and chance(rng, 0.4):
        french = elide(f"il faut que {subjunctive_clause(who, what)}")
    if timed:
        english, french = at_time(rng, english, french, pick(rng, TIMES[tense]))
    return Statement(english, french, who, tense)


def at_time(
    rng: random.Random, english: str, french: str, time: tuple[str, str]
) -> tuple[str, str]:
    """Put the adverbial first or last; French may move to the front one that English has last."""
    if chance(rng, 0.3):
        return f"{time[0]}, {english}", f"{time[1]}, {french}"
    if chance(rng, 0.4):
        return f"{english} {time[0]}", f"{time[1]}, {french}"
    return f"{english} {time[0]}", f"{french} {time[1]}"


def lasting(rng: random.Random, who: NounPhrase) -> Statement:
    """Return what has lasted: has lived here for two years / habite ici depuis deux ans.

    The same English participle with no has is the passé composé with pendant.
    """
    number = pick(rng, NUMBERS)
    unit = pick(rng, (("years", "ans"), ("days", "jours"), ("hours", "heures")))
    where = place(rng)
    what = pick(
        rng,
        (
            intransitive(verbs.INTRANSITIVE[1], where),
            Predicate(
                verbs.LIVE.english,
                f"in {(city := pick(rng, nouns.CITIES))}",
                verbs.LIVE.french,
                f"à {city}",
            ),
            transitive(verbs.BY_NAME["wait"], anybody(rng), where),
        ),
    )
    if what.english[0] == "live":
        unit = ("years", "ans")
    elif what.english[0] == "wait":
        unit = ("hours", "heures")
    tense, preposition = pick(rng, ((SINCE, "depuis"), (PAST, "pendant")))
    english = english_clause(who, what, tense, negative=False)
    french = french_clause(who, what, PRESENT if tense == SINCE else PAST, negative=False)
    return Statement(
        f"{english} for {number[0]} {unit[0]}",
        f"{french} {preposition} {number[1]} {unit[1]}",
        who,
        tense,
    )


def with_relative(rng: random.Random, head: NounPhrase) -> NounPhrase:
    """Return the person `head` with a relative clause: who, that, whose, with whom."""
    maker = pick_weighted(rng, ((3.0, _who), (2.0, _that), (1.5, _whose), (1.0, _with_whom)))
    english, french = maker(rng, head)
    return replace(
        head, english=f"{head.english} {english}", french=elide(f"{head.french} {french}")
    )


def _who(rng: random.Random, head: NounPhrase) -> tuple[str, str]:
    """Return who, then a verb that agrees with `head`."""
    if chance(rng, 0.35):
        where = pick(
            rng,
            (
                ("lives near the station", "près de la gare"),
                ("lives in paris", "à paris"),
                ("lives in the village", "au village"),
            ),
        )
        english = where[0] if head.number == "s" else where[0].replace("lives", "live")
        return f"who {english}", f"qui {verbs.LIVE.french.form(head.person)} {where[1]}"
    tense = pick(rng, (PRESENT, PAST))
    what = about_person(rng, head, tense)
    negative = chance(rng, 0.12) and "first time" not in what.english_tail
    bare = replace(head, english="who", french="qui")
    progressive = tense == PRESENT and chance(rng, 0.4)
    return (
        english_clause(bare, what, tense, negative, progressive),
        french_clause(bare, what, tense, negative),
    )


def _that(rng: random.Random, head: NounPhrase) -> tuple[str, str]:
    """Return that, a subject and a verb of which `head` is the object."""
    verb = pick(rng, [verbs.BY_NAME[word] for word in ("see", "help", "watch", "love")])
    tense = PRESENT if verb.base == "love" else pick(rng, (PRESENT, PAST))
    return object_relative(rng, head, verb, tense)


def object_relative(
    rng: random.Random, head: NounPhrase, verb: verbs.Verb, tense: str
) -> tuple[str, str]:
    """Return that, a subject and `verb`; a past participle agrees with `head`."""
    who = pick(rng, (name(rng), definite(pick(rng, nouns.PEOPLE)), I))
    if who.noun == head.noun and who.noun is not None:
        who = I
    what = Predicate(
        verb.english, verb.particle, verb.french, "", agreement=head.gender + head.number
    )
    return (
        f"that {english_clause(who, what, tense, negative=False)}",
        f"que {french_clause(who, what, tense, negative=False)}",
    )


def _whose(rng: random.Random, head: NounPhrase) -> tuple[str, str]:
    """Return whose, one of the family without article (with it in French), and a predicate."""
    kin = definite(pick(rng, nouns.FAMILY))
    bare = replace(
        kin, english=f"whose {kin.english.removeprefix('the ')}", french=f"dont {kin.french}"
    )
    tense = pick(rng, (PRESENT, PAST))
    what = about_person(rng, kin, tense) if chance(rng, 0.6) else copula(rng, kin)
    return (
        english_clause(bare, what, tense, negative=False),
        french_clause(bare, what, tense, negative=False),
    )


def _with_whom(rng: random.Random, head: NounPhrase) -> tuple[str, str]:
    """Return a clause whose preposition English leaves at the end: the man i work with."""
    who = pick(rng, (I, I, name(rng)))
    tense = pick(rng, (PRESENT, FUTURE))
    what = pick(
        rng,
        (
            intransitive(verbs.INTRANSITIVE[1]),
            intransitive(verbs.INTRANSITIVE[2]),
            Predicate(verbs.PLAY, "chess", verbs.JOUER, "aux échecs"),
        ),
    )
    return (
        f"{english_clause(who, what, tense, negative=False)} with",
        f"avec qui {french_clause(who, what, tense, negative=False)}",
    )
