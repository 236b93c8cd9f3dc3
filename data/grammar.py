"""The synchronous grammar: from a random generator to a sentence and its translation."""

import random
from collections.abc import Callable
from dataclasses import replace

from data import adjectives, nouns, verbs
from data.address import addressed, asked
from data.chance import chance, pick, pick_weighted
from data.clauses import (
    FUTURE,
    PAST,
    PRESENT,
    WANT,
    Predicate,
    english_clause,
    french_clause,
    infinitive,
    subjunctive_clause,
    transitive,
)
from data.french import elide
from data.pairs import Pair, tokenize
from data.phrases import (
    NounPhrase,
    definite,
    either,
    name,
    object_pronoun,
    own,
    pronoun,
)
from data.predicates import about_person, activity, anybody, copula, destination, missing, place
from data.statements import (
    TENSES,
    TIMES,
    Statement,
    at_time,
    object_relative,
    statement,
    subject,
    with_relative,
)

LONGEST = 25  # tokens of a source sentence

Sentence = tuple[str, str]  # English and French, without the full stop


def generate(rng: random.Random) -> Pair:
    """Return a random sentence and its translation, normalised, of 3 to `LONGEST` tokens."""
    while True:
        shape = pick_weighted(rng, SHAPES)
        english, french = shape(rng)
        if not english.endswith("?"):
            english, french = f"{english}.", f"{french}."
        pair = Pair(english, elide(french))
        if 3 <= len(tokenize(pair.source)) <= LONGEST:
            return pair


def simple(rng: random.Random) -> Sentence:
    """Return one short statement."""
    made = statement(rng)
    return made.english, made.french


def rich(rng: random.Random) -> Sentence:
    """Return one statement about somebody described by a relative clause."""
    made = statement(rng, rich=1.0, timed=0.6)
    return made.english, made.french


def weather(rng: random.Random) -> Sentence:
    """Return a sentence about the weather: it is cold / il fait froid."""
    tense = pick(rng, (PRESENT, PAST))
    time = pick(rng, TIMES[tense][:2] if tense == PAST else TIMES[tense][1:2])
    was = "is" if tense == PRESENT else "was"
    kinds = (
        ("raining", "pleut", "pleuvait"),
        ("cold", "fait froid", "faisait froid"),
        ("hot", "fait chaud", "faisait chaud"),
    )
    english, now, then = pick(rng, kinds)
    return at_time(rng, f"it {was} {english}", f"il {now if tense == PRESENT else then}", time)


def thing(rng: random.Random, relative: float = 0.0) -> NounPhrase:
    """Return a thing, perhaps with a relative clause: the car that mary bought."""
    head = definite(pick(rng, nouns.VEHICLES + nouns.GOODS), "s" if chance(rng, 0.7) else "p")
    if not chance(rng, relative):
        return head
    verb = verbs.BY_NAME[pick(rng, ("buy", "buy", "find", "sell", "look"))]
    tense = PAST if verb.base != "look" else PRESENT
    english, french = object_relative(rng, head, verb, tense)
    return replace(
        head, english=f"{head.english} {english}", french=elide(f"{head.french} {french}")
    )


def quality(rng: random.Random) -> Sentence:
    """Return what a thing is like, and what else: it, by the gender of the thing."""
    head = thing(rng, relative=0.6)
    first = copula(rng, head)
    second = copula(rng, head)
    english = english_clause(head, first, PRESENT, negative=False)
    french = french_clause(head, first, PRESENT, negative=False)
    contrary = {first.english_tail, second.english_tail} in adjectives.CONTRARY
    if first == second or contrary or chance(rng, 0.3):
        return english, french
    it = pronoun(head)
    negative = chance(rng, 0.4)
    word = pick(rng, (("and", "et"), ("but", "mais")))
    return (
        f"{english} {word[0]} {english_clause(it, second, PRESENT, negative)}",
        f"{french} {word[1]} {french_clause(it, second, PRESENT, negative)}",
    )


def deal(rng: random.Random) -> Sentence:
    """Return what somebody does with a thing because it is ...: le or la, il or elle."""
    who, head = subject(rng, rich=0.25), thing(rng)
    while who.kind != "person":
        who = subject(rng)
    tense = pick(rng, (PAST, FUTURE, WANT, PRESENT))
    verb = (
        verbs.BY_NAME[pick(rng, ("buy", "sell"))]
        if head.kind == "vehicle"
        else (verbs.BY_NAME["buy"])
    )
    english = english_clause(who, transitive(verb, head), tense, negative=False)
    french = french_clause(who, transitive(verb, head), tense, negative=False)
    if chance(rng, 0.5):
        it, when = pronoun(head), PAST if tense == PAST else PRESENT
        reason = copula(rng, it)
        return (
            f"{english} because {english_clause(it, reason, when, negative=False)}",
            f"{french} parce que {french_clause(it, reason, when, negative=False)}",
        )
    clitic = object_pronoun(head)
    again = pronoun(who)
    after = verbs.BY_NAME["sell" if verb.base == "buy" else "buy"]
    next_verb = pick(rng, (after, verbs.GIVING[0]) if verb.base == "buy" else (after,))
    tail = ("", "")
    if next_verb.base == "give":
        kin = own(who, pick(rng, nouns.FAMILY))
        tail = f"to {kin.english}", kin.after("à")
    what = Predicate(
        next_verb.english,
        f"{clitic[0]} {tail[0]}".strip(),
        next_verb.french,
        tail[1],
        clitic=clitic[1],
    )
    word = ("and", "et") if verb.base == "buy" else ("but", "mais")
    word = pick(rng, (word, ("but", "mais")))
    later = FUTURE if word[0] == "and" else WANT
    negative = word[0] == "but"
    return (
        f"{english} {word[0]} {english_clause(again, what, later, negative)}",
        f"{french} {word[1]} {french_clause(again, what, later, negative)}",
    )


def joined(rng: random.Random, rich: float = 0.0) -> Sentence:
    """Return two statements joined by and, but or because."""
    first = statement(rng, rich=rich)
    word = pick(rng, (("and", "et"), ("but", "mais"), ("because", "parce que")))
    tense = PAST if first.tense == PAST else PRESENT
    who = pronoun(first.subject) if chance(rng, 0.6) else subject(rng, rich=rich)
    if who.english == first.subject.english:
        who = pronoun(who)
    second = statement(rng, who=who, tense=tense, timed=0.0)
    comma = "," if word[0] != "because" and chance(rng, 0.3) else ""
    return (
        f"{first.english}{comma} {word[0]} {second.english}",
        f"{first.french}{comma} {word[1]} {second.french}",
    )


def reported(rng: random.Random, inner: Callable[[random.Random], Sentence]) -> Sentence:
    """Return what somebody thinks or says, `inner` being what."""
    english, french = inner(rng)
    who = subject(rng, rich=0.15, pronouns=0.4)
    while who.kind != "person" or f" {who.english} " in f" {english} ":
        who = subject(rng)
    hopeful = " will " in english and inner is simple
    verb = pick(rng, (verbs.THINK, verbs.SAY, verbs.HOPE if hopeful else verbs.THINK))
    what = Predicate(verb.english, f"that {english}", verb.french, f"que {french}")
    return (
        english_clause(who, what, PRESENT, negative=False),
        french_clause(who, what, PRESENT, negative=False),
    )


def wanted(rng: random.Random) -> Sentence:
    """Return what somebody wants another to do: French says that he does, in the subjunctive."""
    who = name(rng) if chance(rng, 0.5) else definite(pick(rng, nouns.PEOPLE))
    other = own(who, pick(rng, nouns.FAMILY)) if chance(rng, 0.6) else anybody(rng)
    if other.noun is not None and other.noun == who.noun:
        other = own(who, pick(rng, nouns.FAMILY))
    what = about_person(rng, other, WANT)
    negative = chance(rng, 0.25)
    frame = Predicate(
        verbs.WANT.english,
        f"{other.english} to {infinitive(what)[0]}",
        verbs.WANT.french,
        f"que {subjunctive_clause(other, what)}",
    )
    english = english_clause(who, frame, PRESENT, negative)
    french = french_clause(who, frame, PRESENT, negative)
    if chance(rng, 0.3):
        return at_time(rng, english, french, pick(rng, TIMES[FUTURE][:2]))
    return english, french


def purpose(rng: random.Random) -> Sentence:
    """Return where somebody goes, and to do what there."""
    who = subject(rng, rich=0.35)
    while who.kind != "person":
        who = subject(rng)
    tense = pick(rng, (PAST, FUTURE, PRESENT, WANT))
    going = _going(rng)
    aim = infinitive(activity(rng, who))
    english = english_clause(who, going, tense, negative=False)
    french = french_clause(who, going, tense, negative=False)
    english, french = f"{english} to {aim[0]}", f"{french} pour {aim[1]}"
    if chance(rng, 0.4):
        return at_time(rng, english, french, pick(rng, TIMES[tense]))
    return english, french


def _going(rng: random.Random) -> Predicate:
    """Return go to a place."""
    english, french = destination(rng)
    return Predicate(verbs.GO.english, english, verbs.GO.french, french, progressive=True)


def either_gender(rng: random.Random) -> Sentence:
    """Return a sentence in which only a later his or her, he or she, tells voisin from voisine."""
    who = either(rng)
    tense = pick_weighted(rng, TENSES)
    if chance(rng, 0.6):
        word = pick(rng, ("buy", "look", "find", "lose", "wear", "read"))
        verb = verbs.BY_NAME[word]
        nouns = [noun for noun in verb.objects if noun.kind in ("object", "text")]
        where = place(rng) if chance(rng, 0.6) and word != "wear" else ("", "")
        what = transitive(verb, own(who, pick(rng, nouns)), where)
        english = english_clause(who, what, tense, negative=False)
        french = french_clause(who, what, tense, negative=False)
        return at_time(rng, english, french, pick(rng, TIMES[tense]))
    first = statement(rng, who=who, tense=tense, timed=0.2)
    when = PAST if tense == PAST else PRESENT
    second = statement(rng, who=pronoun(who), tense=when, timed=0.0)
    return (
        f"{first.english} because {second.english}",
        f"{first.french} parce que {second.french}",
    )


def missed(rng: random.Random) -> Sentence:
    """Return who misses whom: French turns subject and object round (manquer à)."""
    who = definite(pick(rng, nouns.PEOPLE))
    if chance(rng, 0.4):
        who = with_relative(rng, who)
    elif chance(rng, 0.5):
        who = name(rng)
    gone = own(who, pick(rng, nouns.FAMILY)) if chance(rng, 0.6) else name(rng)
    negative = chance(rng, 0.2)
    what, gone = missing(gone, who)
    return (
        english_clause(who, what, PRESENT, negative),
        french_clause(gone, what, PRESENT, negative),
    )


def conditional(rng: random.Random) -> Sentence:
    """Return if ..., ...: the if-clause in the present, the main clause in the future."""
    if chance(rng, 0.4):
        first = Statement("it rains tomorrow", "il pleut demain", NounPhrase("", ""), PRESENT)
    else:
        who = subject(rng)
        first = statement(rng, who=who, tense=PRESENT, timed=0.0)
    who = subject(rng) if chance(rng, 0.5) or not first.subject.english else pronoun(first.subject)
    second = statement(rng, who=who, tense=FUTURE, timed=0.0)
    if chance(rng, 0.6):
        return f"if {first.english}, {second.english}", f"si {first.french}, {second.french}"
    return f"{second.english} if {first.english}", f"{second.french} si {first.french}"


SHAPES: tuple[tuple[float, Callable[[random.Random], Sentence]], ...] = (
    (3.0, simple),
    (1.5, rich),
    (0.3, weather),
    (1.2, quality),
    (1.2, deal),
    (1.6, joined),
    (1.8, lambda rng: joined(rng, rich=0.7)),
    (0.8, lambda rng: reported(rng, simple)),
    (1.2, lambda rng: reported(rng, joined)),
    (0.5, lambda rng: reported(rng, rich)),
    (1.0, wanted),
    (1.2, purpose),
    (1.0, either_gender),
    (0.8, missed),
    (2.5, addressed),
    (0.6, asked),
    (1.2, conditional),
)
