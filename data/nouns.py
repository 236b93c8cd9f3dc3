"""Nouns and names, English beside French."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Noun:
    """A noun in both languages; `kind` says which verbs and adjectives it goes with."""

    english: str
    french: str
    gender: str
    kind: str
    english_plural: str = ""  # empty: plus s
    french_plural: str = ""
    feminine: str = ""  # the french noun for a woman, where the english noun fits both

    def english_form(self, number: str) -> str:
        """Return the English noun in the singular "s" or plural "p"."""
        return self.english if number == "s" else self.english_plural or self.english + "s"

    def french_form(self, number: str) -> str:
        """Return the French noun in the singular "s" or plural "p"."""
        return self.french if number == "s" else self.french_plural or self.french + "s"


def _nouns(kind: str, lines: str) -> list[Noun]:
    """Return the nouns of `lines`: english, french, gender, then the irregular plurals or -."""
    nouns = []
    for line in lines.strip().splitlines():
        english, french, gender, *plurals = line.split()
        english_plural, french_plural = [p.replace("-", "") for p in [*plurals, "-", "-"][:2]]
        nouns.append(Noun(english, french, gender, kind, english_plural, french_plural))
    return nouns


PEOPLE = _nouns(
    "person",
    """
man homme m men
woman femme f women
boy garçon m
girl fille f
teacher professeur m
doctor médecin m
nurse infirmière f
child enfant m children
farmer fermier m
""",
)
FAMILY = _nouns(
    "person",
    """
brother frère m
sister sœur f
mother mère f
father père m
""",
)
SPOUSES = _nouns(
    "person",
    """
wife femme f
husband mari m
""",
)
EITHER = [  # the gender comes from a later word of the sentence: her, she
    Noun("neighbour", "voisin", "m", "person", feminine="voisine"),
    Noun("student", "étudiant", "m", "person", feminine="étudiante"),
    Noun("cousin", "cousin", "m", "person", feminine="cousine"),
]
ANIMALS = _nouns(
    "animal",
    """
cat chat m
dog chien m
horse cheval m - chevaux
""",
)
FOOD = _nouns(
    "food",
    """
apple pomme f
cake gâteau m - gâteaux
soup soupe f
""",
)
MASS = _nouns(
    "mass",
    """
bread pain m
cheese fromage m
meat viande f
""",
)
DRINKS = _nouns(
    "drink",
    """
water eau f
coffee café m
milk lait m
""",
)
TEXTS = _nouns(
    "text",
    """
book livre m
letter lettre f
newspaper journal m - journaux
story histoire f stories
""",
)
VEHICLES = _nouns(
    "vehicle",
    """
car voiture f
bicycle vélo m
boat bateau m - bateaux
""",
)
OBJECTS = _nouns(
    "object",
    """
key clé f
watch montre f watches
hat chapeau m - chapeaux
coat manteau m - manteaux
dress robe f dresses
bag sac m
umbrella parapluie m
""",
)
GOODS = OBJECTS[1:]  # what one buys and sells: no keys
CLOTHES = [noun for noun in OBJECTS if noun.english in ("hat", "coat", "dress", "watch")]
OPENINGS = _nouns(
    "opening",
    """
door porte f
window fenêtre f
""",
)
FURNITURE = _nouns(
    "furniture",
    """
table table f
chair chaise f
""",
)
BUILDINGS = _nouns(
    "place",
    """
house maison f
church église f churches
hotel hôtel m
museum musée m
""",
)
# place and how one is there: english preposition, french preposition
PLACES = [
    *(
        (noun, "in", "dans")
        for noun in _nouns(
            "place",
            """
garden jardin m
house maison f
""",
        )
    ),
    (Noun("village", "village", "m", "place"), "in", "à"),
    (Noun("river", "rivière", "f", "place"), "on the bank of", "au bord de"),
    *(
        (noun, "at", "à")
        for noun in _nouns(
            "place",
            """
station gare f
school école f
market marché m
restaurant restaurant m
hotel hôtel m
hospital hôpital m
bank banque f
""",
        )
    ),
]
CITIES = ("paris", "lyon")
INSTRUMENTS = (("piano", "le piano"), ("guitar", "la guitare"), ("violin", "le violon"))
GAMES = (("football", "le football"), ("tennis", "le tennis"), ("chess", "les échecs"))
NAMES = (
    ("mary", "marie", "f"),
    ("claire", "claire", "f"),
    ("paul", "paul", "m"),
    ("peter", "pierre", "m"),
    ("anne", "anne", "f"),
    ("john", "jean", "m"),
)
