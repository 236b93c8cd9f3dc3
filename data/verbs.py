"""Verbs, English beside French, with the nouns they may govern."""

from dataclasses import dataclass, field

from data.french import FrenchVerb, regular
from data.nouns import (
    ANIMALS,
    BUILDINGS,
    CLOTHES,
    DRINKS,
    FOOD,
    FURNITURE,
    GOODS,
    MASS,
    OBJECTS,
    OPENINGS,
    PEOPLE,
    TEXTS,
    VEHICLES,
    Noun,
)


@dataclass(frozen=True)
class Verb:
    """A verb in both languages, with the kinds of noun that may be its object."""

    english: tuple[str, str, str, str]  # base, third person, past, -ing
    french: FrenchVerb
    objects: tuple[Noun, ...] = field(default=())
    particle: str = ""  # english word between verb and object: look for
    stative: bool = False  # no -ing form

    @property
    def base(self) -> str:
        """The English base form, which names the verb."""
        return self.english[0]


def irregular(infinitive: str, present: str, participle: str, **more: str) -> FrenchVerb:
    """Return a verb from its six present forms; `subjunctive` and `imperfect` as words."""
    auxiliary = more.get("auxiliary", "avoir")
    singular, plural = (*more.get("subjunctive", "").split(), "", "")[:2]
    imperfect = tuple(more.get("imperfect", "").split())
    forms = tuple(present.split())
    return FrenchVerb(infinitive, forms, participle, auxiliary, (singular, plural), imperfect)


ETRE = irregular(
    "être",
    "suis es est sommes êtes sont",
    "été",
    subjunctive="soit soient",
    imperfect="étais étais était étions étiez étaient",
)
AVOIR = irregular(
    "avoir",
    "ai as a avons avez ont",
    "eu",
    subjunctive="ait aient",
    imperfect="avais avais avait avions aviez avaient",
)
PARTIR = irregular(
    "partir",
    "pars pars part partons partez partent",
    "parti",
    auxiliary="être",
    subjunctive="parte partent",
)
ATTENDRE = irregular(
    "attendre",
    "attends attends attend attendons attendez attendent",
    "attendu",
    subjunctive="attende attendent",
)
LIRE = irregular("lire", "lis lis lit lisons lisez lisent", "lu", subjunctive="lise lisent")
ECRIRE = irregular(
    "écrire", "écris écris écrit écrivons écrivez écrivent", "écrit", subjunctive="écrive écrivent"
)
BOIRE = irregular("boire", "bois bois boit buvons buvez boivent", "bu", subjunctive="boive boivent")
VENDRE = irregular(
    "vendre", "vends vends vend vendons vendez vendent", "vendu", subjunctive="vende vendent"
)
PERDRE = irregular(
    "perdre", "perds perds perd perdons perdez perdent", "perdu", subjunctive="perde perdent"
)
VOIR = irregular("voir", "vois vois voit voyons voyez voient", "vu", subjunctive="voie voient")
OUVRIR = irregular("ouvrir", "ouvre ouvres ouvre ouvrons ouvrez ouvrent", "ouvert")
DORMIR = irregular(
    "dormir", "dors dors dort dormons dormez dorment", "dormi", subjunctive="dorme dorment"
)
SAVOIR = irregular(
    "savoir", "sais sais sait savons savez savent", "su", subjunctive="sache sachent"
)
CONNAITRE = irregular(
    "connaître",
    "connais connais connaît connaissons connaissez connaissent",
    "connu",
    subjunctive="connaisse connaissent",
)
REVENIR = irregular(
    "revenir",
    "reviens reviens revient revenons revenez reviennent",
    "revenu",
    auxiliary="être",
    subjunctive="revienne reviennent",
)
ALLER = irregular(
    "aller", "vais vas va allons allez vont", "allé", auxiliary="être", subjunctive="aille aillent"
)
VOULOIR = irregular(
    "vouloir", "veux veux veut voulons voulez veulent", "voulu", subjunctive="veuille veuillent"
)
POUVOIR = irregular(
    "pouvoir", "peux peux peut pouvons pouvez peuvent", "pu", subjunctive="puisse puissent"
)
DEVOIR = irregular(
    "devoir", "dois dois doit devons devez doivent", "dû", subjunctive="doive doivent"
)
DIRE = irregular("dire", "dis dis dit disons dites disent", "dit", subjunctive="dise disent")


def _verb(
    english: str,
    french: FrenchVerb | str,
    *objects: list[Noun],
    particle: str = "",
    stative: bool = False,
) -> Verb:
    """Return a verb from its four English forms as words."""
    base, third, past, progressive = english.split()
    forms = regular(french) if isinstance(french, str) else french
    known = tuple(noun for group in objects for noun in group)
    return Verb((base, third, past, progressive), forms, known, particle, stative)


TRANSITIVE = [
    _verb("eat eats ate eating", "manger", FOOD, MASS),
    _verb("drink drinks drank drinking", BOIRE, DRINKS),
    _verb("read reads read reading", LIRE, TEXTS),
    _verb("write writes wrote writing", ECRIRE, TEXTS[1:2] + TEXTS[3:]),
    _verb("buy buys bought buying", "acheter", VEHICLES, GOODS, FOOD, MASS),
    _verb("sell sells sold selling", VENDRE, VEHICLES, BUILDINGS[:1], FURNITURE),
    _verb("see sees saw seeing", VOIR, PEOPLE, ANIMALS, BUILDINGS, stative=True),
    _verb("look looks looked looking", "chercher", OBJECTS, ANIMALS, TEXTS, particle="for"),
    _verb("find finds found finding", "trouver", OBJECTS, ANIMALS, TEXTS, stative=True),
    _verb("lose loses lost losing", PERDRE, OBJECTS, TEXTS[1:2], stative=True),
    _verb("open opens opened opening", OUVRIR, OPENINGS),
    _verb("close closes closed closing", "fermer", OPENINGS),
    _verb("wait waits waited waiting", ATTENDRE, PEOPLE, particle="for"),
    _verb("help helps helped helping", "aider", PEOPLE),
    _verb("watch watches watched watching", "regarder", PEOPLE, ANIMALS),
    _verb("visit visits visited visiting", "visiter", BUILDINGS[1:]),
    _verb("wear wears wore wearing", "porter", CLOTHES),
    _verb("carry carries carried carrying", "porter", OBJECTS[5:], FURNITURE),
    _verb("love loves loved loving", "aimer", PEOPLE, ANIMALS, BUILDINGS, stative=True),
]
BY_NAME = {verb.base: verb for verb in TRANSITIVE}
INTRANSITIVE = [
    _verb("sleep sleeps slept sleeping", DORMIR),
    _verb("work works worked working", "travailler"),
    _verb("sing sings sang singing", "chanter"),
    _verb("cry cries cried crying", "pleurer"),
]
GIVING = [
    _verb("give gives gave giving", "donner", GOODS, TEXTS, FOOD[:2]),
    _verb("show shows showed showing", "montrer", OBJECTS, TEXTS, VEHICLES),
    _verb("sell sells sold selling", VENDRE, VEHICLES, GOODS),
]
LIVE = _verb("live lives lived living", "habiter", stative=True)
STAY = Verb(("stay", "stays", "stayed", "staying"), regular("rester", "être"))
ARRIVE = Verb(("arrive", "arrives", "arrived", "arriving"), regular("arriver", "être"))
GO = Verb(("go", "goes", "went", "going"), ALLER)
COME_BACK = Verb(("come", "comes", "came", "coming"), REVENIR, particle="back")
LEAVE = ("leave", "leaves", "left", "leaving")
PLAY = ("play", "plays", "played", "playing")
MISS = ("miss", "misses", "missed", "missing")
KNOW = ("know", "knows", "knew", "knowing")
HAVE = ("have", "has", "had", "having")
BE = ("be", "is", "was", "being")
JOUER = regular("jouer")
THINK = _verb("think thinks thought thinking", "penser", stative=True)
SAY = _verb("say says said saying", DIRE)
HOPE = _verb("hope hopes hoped hoping", "espérer", stative=True)
WANT = _verb("want wants wanted wanting", VOULOIR, stative=True)
