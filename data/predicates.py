"""Predicates: what people, animals and things of the corpus may do, be and have."""

import random

from data import adjectives, nouns, verbs
from data.adjectives import Adjective
from data.chance import chance, pick, pick_weighted
from data.clauses import PAST, PRESENT, Predicate, infinitive, intransitive, transitive
from data.french import regular, with_preposition
from data.phrases import (
    NounPhrase,
    common,
    definite,
    name,
    own,
)
from data.verbs import BY_NAME

QUITTER, LAISSER = regular("quitter"), regular("laisser")
MANQUER = regular("manquer")


def place(rng: random.Random) -> tuple[str, str]:
    """Return where somebody is: at the station / à la gare."""
    noun, english, french = pick(rng, nouns.PLACES)
    phrase = definite(noun)
    return f"{english} {phrase.english}", phrase.after(french)


def destination(rng: random.Random) -> tuple[str, str]:
    """Return where somebody goes: to the bank of the river / au bord de la rivière."""
    noun, _, french = pick(rng, [p for p in nouns.PLACES if p[0].english != "house"])
    phrase = definite(noun)
    target = f"the bank of {phrase.english}" if noun.english == "river" else phrase.english
    return f"to {target}", phrase.after(french)


def anybody(rng: random.Random) -> NounPhrase:
    """Return a person to be met: a name or a common noun."""
    return name(rng) if chance(rng, 0.4) else common(rng, nouns.PEOPLE, a=0.2)


def about_person(rng: random.Random, subject: NounPhrase, tense: str) -> Predicate:
    """Return what a person may do, be or have in `tense`."""
    if tense == PRESENT and subject.person == "p1":  # nous with the commonest verbs alone
        return pick(rng, (copula, _state, _having))(rng, subject)
    makers = [
        (6.0, _action),
        (1.0, _resting),
        (1.2, _giving),
        (1.2, _moving),
        (1.4, _leaving),
        (1.2, _playing),
    ]
    if tense in (PRESENT, PAST):
        makers += [(1.3, copula if tense == PRESENT else _feeling), (1.2, _state), (0.8, _having)]
    if tense == PRESENT:
        makers += [(1.3, _knowing), (0.5, _lacking_time)]
    if tense == PAST:
        makers += [(0.6, _first_time)]
    unfit = {PRESENT: (), PAST: ("love",)}.get(tense, UNWILLED)
    while True:
        made = pick_weighted(rng, makers)(rng, subject)
        if made.english[0] not in unfit:
            return made


def about_animal(rng: random.Random, subject: NounPhrase, tense: str) -> Predicate:
    """Return what an animal may do or be in `tense`."""
    makers = [(1.0, _animal_action), (1.0, _resting)]
    if tense in (PRESENT, PAST):
        makers += [(1.0, copula if tense == PRESENT else _feeling)]
    return pick_weighted(rng, makers)(rng, subject)


def copula(rng: random.Random, subject: NounPhrase) -> Predicate:
    """Return be with an adjective that agrees with `subject`."""
    fitting = [word for word in adjectives.ADJECTIVES if subject.kind in word.predicates]
    return being(pick(rng, fitting), subject)


def _feeling(rng: random.Random, subject: NounPhrase) -> Predicate:
    """Return be with an adjective for what passes: tired, happy, sad, ill."""
    passing = [
        word
        for word in adjectives.ADJECTIVES
        if not word.attributes and subject.kind in word.predicates
    ]
    return being(pick(rng, passing), subject)


def being(adjective: Adjective, subject: NounPhrase) -> Predicate:
    """Return be with `adjective`, in French in the gender and number of `subject`."""
    return Predicate(
        verbs.BE, adjective.english, verbs.ETRE, adjective.form(subject.gender, subject.number)
    )


def thing_for(
    rng: random.Random, subject: NounPhrase, choices: tuple[nouns.Noun, ...]
) -> NounPhrase:
    """Return an object among `choices`: somebody's own or any."""
    noun = pick(rng, [n for n in choices if not (n.english == "dress" and subject.gender == "m")])
    if noun.kind in ("object", "text", "vehicle", "animal") and chance(rng, 0.3):
        return own(subject, noun, "p" if chance(rng, 0.15) else "s")
    if noun.kind == "person":
        met = anybody(rng)
        while met.noun is not None and met.noun == subject.noun:
            met = anybody(rng)
        return met
    return common(rng, [noun])


UNWILLED = ("see", "find", "lose", "love")  # nobody plans to


def activity(rng: random.Random, subject: NounPhrase) -> Predicate:
    """Return what a person may go somewhere to do, or have time to do."""
    maker = pick_weighted(rng, ((4.0, _action), (1.0, _resting), (1.0, _playing), (1.0, _giving)))
    while True:
        made = maker(rng, subject)
        if made.english[0] not in (*UNWILLED, "stay"):
            return made


def passes(what: Predicate) -> bool:
    """Return whether `what` may be said of one day: not to know, to love, to be old."""
    lasting = what.english[0] == "be" and what.english_tail in adjectives.LASTING
    return not lasting and what.english[0] not in ("know", "love", "have")


def _having(rng: random.Random, subject: NounPhrase) -> Predicate:
    """Return have with a possession: denied, French says pas de."""
    thing = common(rng, nouns.VEHICLES + nouns.OBJECTS + nouns.ANIMALS + nouns.FAMILY[:2], a=1.0)
    return Predicate(verbs.HAVE, thing.english, verbs.AVOIR, thing.french, thing.negated)


def _lacking_time(rng: random.Random, subject: NounPhrase) -> Predicate:
    """Return have time to (temps) or know what time (heure) it is."""
    if chance(rng, 0.3):
        return Predicate(verbs.KNOW, "what time it is", verbs.SAVOIR, "quelle heure il est")
    english, french = infinitive(activity(rng, subject))
    return Predicate(verbs.HAVE, f"time to {english}", verbs.AVOIR, f"le temps de {french}")


def _first_time(rng: random.Random, subject: NounPhrase) -> Predicate:
    """Return an action done for the first time (fois)."""
    verb = BY_NAME[pick(rng, ("eat", "drink", "read", "visit", "see"))]
    thing = definite(pick(rng, verb.objects))
    return transitive(verb, thing, ("for the first time", "pour la première fois"))


def _action(rng: random.Random, subject: NounPhrase) -> Predicate:
    verb = pick(rng, verbs.TRANSITIVE)
    tail = place(rng) if verb.base in IN_PLACES and chance(rng, 0.25) else ("", "")
    return transitive(verb, thing_for(rng, subject, verb.objects), tail)


IN_PLACES = frozenset({"eat", "drink", "read", "write", "buy", "wait", "find", "lose", "see"})


def _resting(rng: random.Random, subject: NounPhrase) -> Predicate:
    resting = verbs.INTRANSITIVE[:1] if subject.kind == "animal" else verbs.INTRANSITIVE
    if subject.kind == "person" and chance(rng, 0.3):
        return intransitive(verbs.STAY, place(rng))
    where = place(rng) if subject.kind == "person" and chance(rng, 0.5) else ("", "")
    if subject.kind == "animal":
        where = pick(rng, UNDER)
    return intransitive(pick(rng, resting), where)


UNDER = (
    ("under the table", "sous la table"),
    ("in the garden", "dans le jardin"),
    ("in front of the door", "devant la porte"),
    ("on the chair", "sur la chaise"),
)


def _animal_action(rng: random.Random, subject: NounPhrase) -> Predicate:
    verb, choices = pick(
        rng,
        (
            ("drink", nouns.DRINKS[0:1]),
            ("eat", nouns.MASS[0:1] + nouns.FOOD[0:1]),
            ("watch", nouns.PEOPLE),
            ("see", nouns.ANIMALS),
            ("look", nouns.ANIMALS),
        ),
    )
    return transitive(BY_NAME[verb], common(rng, choices))


def _giving(rng: random.Random, subject: NounPhrase) -> Predicate:
    verb = pick(rng, verbs.GIVING)
    to = own(subject, pick(rng, nouns.FAMILY[:4])) if chance(rng, 0.4) else anybody(rng)
    return transitive(
        verb, thing_for(rng, subject, verb.objects), (f"to {to.english}", to.after("à"))
    )


def _moving(rng: random.Random, subject: NounPhrase) -> Predicate:
    if chance(rng, 0.4):
        return intransitive(verbs.GO, destination(rng))
    noun = definite(pick(rng, [noun for noun, english, _ in nouns.PLACES if english == "at"]))
    if chance(rng, 0.5):
        return intransitive(verbs.ARRIVE, (f"at {noun.english}", noun.after("à")))
    return intransitive(verbs.COME_BACK, (f"from {noun.english}", noun.after("de")))


def _leaving(rng: random.Random, subject: NounPhrase) -> Predicate:
    """Leave: partir (to go), quitter (a place), laisser (a thing somewhere)."""
    sense = pick(rng, ("go", "place", "thing"))
    if sense == "go":
        tail = pick(rng, (("", ""), ("with", "avec"), ("for", "pour")))
        if tail[0] == "with":
            company = own(subject, pick(rng, nouns.FAMILY[:4]))
            tail = f"with {company.english}", f"avec {company.french}"
        elif tail[0] == "for":
            city = pick(rng, nouns.CITIES)
            tail = f"for {city}", f"pour {city}"
        return Predicate(verbs.LEAVE, tail[0], verbs.PARTIR, tail[1], progressive=True)
    if sense == "place":
        noun = definite(pick(rng, [p[0] for p in nouns.PLACES if p[0].english != "river"]))
        return Predicate(verbs.LEAVE, noun.english, QUITTER, noun.french, progressive=True)
    thing = own(subject, pick(rng, LEFT))
    english, french = pick(rng, (*LEFT_AT, place(rng)))
    return Predicate(verbs.LEAVE, f"{thing.english} {english}", LAISSER, f"{thing.french} {french}")


LEFT = [noun for noun in nouns.OBJECTS if noun.english != "dress"]
LEFT_AT = (("on the table", "sur la table"), ("under the chair", "sous la chaise"))


def _playing(rng: random.Random, subject: NounPhrase) -> Predicate:
    """Play: jouer de (an instrument), jouer à (a game), jouer avec."""
    if chance(rng, 0.45):
        english, french = pick(rng, nouns.INSTRUMENTS)
        tail = f"the {english}", with_preposition("de", french)
    elif chance(rng, 0.7):
        english, french = pick(rng, nouns.GAMES)
        tail = english, with_preposition("à", french)
    else:
        animal = own(subject, pick(rng, nouns.ANIMALS[:2]))
        tail = f"with {animal.english}", f"avec {animal.french}"
    if chance(rng, 0.4):
        where = place(rng)
        tail = f"{tail[0]} {where[0]}", f"{tail[1]} {where[1]}"
    return Predicate(verbs.PLAY, tail[0], verbs.JOUER, tail[1], progressive=True)


def _knowing(rng: random.Random, subject: NounPhrase) -> Predicate:
    """Know: connaître (somebody, a place), savoir (where somebody lives)."""
    if chance(rng, 0.45):
        known = anybody(rng) if chance(rng, 0.7) else definite(pick(rng, nouns.BUILDINGS))
        return Predicate(verbs.KNOW, known.english, verbs.CONNAITRE, known.french)
    other = name(rng) if chance(rng, 0.4) else definite(pick(rng, nouns.PEOPLE))
    english, french = pick(
        rng,
        (
            ("where {} lives", "où {} habite"),
            ("why {} is crying", "pourquoi {} pleure"),
            ("that {} is ill", "que {} est malade"),
            ("when {} will arrive", "quand {} va arriver"),
        ),
    )
    french = french.replace("malade", adjectives.ADJECTIVES[-1].form(other.gender, "s"))
    return Predicate(
        verbs.KNOW, english.format(other.english), verbs.SAVOIR, french.format(other.french)
    )


def _state(rng: random.Random, subject: NounPhrase) -> Predicate:
    """Be hungry, cold, right, afraid: avoir faim, froid, raison, peur."""
    english, french = pick(rng, adjectives.STATES)
    if english == "afraid":
        feared = common(rng, nouns.ANIMALS, a=0.0)
        return Predicate(
            verbs.BE, f"afraid of {feared.english}", verbs.AVOIR, f"peur {feared.after('de')}"
        )
    return Predicate(verbs.BE, english, verbs.AVOIR, french)


def missing(missed: NounPhrase, subject: NounPhrase) -> tuple[Predicate, NounPhrase]:
    """Return, for "subject misses missed", the French predicate and the French subject."""
    predicate = Predicate(verbs.MISS, missed.english, MANQUER, subject.after("à"))
    return predicate, missed
