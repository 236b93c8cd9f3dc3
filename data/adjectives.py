"""Adjectives, and states that French has rather than is."""

from dataclasses import dataclass

from data.french import agree


@dataclass(frozen=True)
class Adjective:
    """An adjective; `french` holds the forms ms, fs, mp, fp."""

    english: str
    french: tuple[str, str, str, str]
    attributes: frozenset[str]  # kinds of noun it may stand beside
    predicates: frozenset[str]  # kinds of noun it may be said of
    before: bool = False
    vowel_form: str = ""  # vieil, bel, nouvel

    def form(self, gender: str, number: str) -> str:
        """Return the French form for gender m or f and number s or p."""
        return self.french[("ms", "fs", "mp", "fp").index(gender + number)]


def _adjective(
    english: str,
    french: str,
    attributes: str,
    predicates: str,
    *,
    before: bool = False,
    vowel_form: str = "",
) -> Adjective:
    """Return an adjective from its masculine or its four forms, and kinds as words."""
    forms = french.split()
    if len(forms) == 1:
        forms = [agree(french, gender, number) for number in "sp" for gender in "mf"]
    kinds = frozenset(attributes.split()), frozenset(predicates.split())
    return Adjective(english, (forms[0], forms[1], forms[2], forms[3]), *kinds, before, vowel_form)


ADJECTIVES = [
    _adjective(
        "old",
        "vieux vieille vieux vieilles",
        "person animal vehicle place text object",
        "person vehicle place",
        before=True,
        vowel_form="vieil",
    ),
    _adjective("young", "jeune", "person animal", "person", before=True),
    _adjective(
        "beautiful",
        "beau belle beaux belles",
        "vehicle place object text person",
        "vehicle place object",
        before=True,
        vowel_form="bel",
    ),
    _adjective(
        "new",
        "nouveau nouvelle nouveaux nouvelles",
        "vehicle place object text",
        "vehicle",
        before=True,
        vowel_form="nouvel",
    ),
    _adjective(
        "small",
        "petit",
        "vehicle place object animal furniture food",
        "vehicle place object",
        before=True,
    ),
    _adjective(
        "big",
        "grand",
        "vehicle place object animal furniture opening",
        "vehicle place animal",
        before=True,
    ),
    _adjective("red", "rouge", "vehicle object opening furniture", "vehicle object"),
    _adjective("black", "noir", "vehicle object animal furniture", "vehicle object animal"),
    _adjective(
        "white",
        "blanc blanche blancs blanches",
        "vehicle object animal furniture opening",
        "vehicle object",
    ),
    _adjective("expensive", "cher chère chers chères", "vehicle object", "vehicle object"),
    _adjective("rich", "riche", "person", "person"),
    _adjective("famous", "célèbre", "person", "person"),
    _adjective("tired", "fatigué", "", "person animal"),
    _adjective("happy", "content", "", "person"),
    _adjective("sad", "triste", "", "person"),
    _adjective("ill", "malade", "", "person animal"),
]

LASTING = frozenset(word.english for word in ADJECTIVES if word.attributes)
CONTRARY = ({"old", "new"}, {"small", "big"})
UNLIKELY = frozenset(
    {(word, noun) for word in ("old", "rich", "famous") for noun in ("boy", "girl", "child")}
    | {("small", "soup")}
)
STATES = (("hungry", "faim"), ("cold", "froid"), ("right", "raison"), ("afraid", "peur"))
