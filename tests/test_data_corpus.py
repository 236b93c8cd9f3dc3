"""The corpus: French that agrees, parts that never meet, counts that the README states."""

import hashlib
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from data import adjectives, nouns
from data.corpus import Corpus, build, hidden_pairs, main, part
from data.french import FrenchVerb, agree, elide, regular, with_preposition
from data.pairs import Pair, detokenize, load_pairs, tokenize
from data.vocabulary import Vocabulary

README = Path(__file__).parents[1] / "data" / "README.md"
VOWEL = re.compile("[aeiouhâàéèêîôûœ]")
NOUNS = {  # every French noun that the lexicon gives one gender: form -> (gender, number)
    noun.french_form(number): (noun.gender, number)
    for noun in (
        nouns.PEOPLE
        + nouns.ANIMALS
        + nouns.FOOD
        + nouns.TEXTS
        + nouns.VEHICLES
        + nouns.OBJECTS
        + nouns.OPENINGS
        + nouns.FURNITURE
        + nouns.BUILDINGS
        + [place[0] for place in nouns.PLACES]
    )
    for number in ("s", "p")
}
ARTICLES = {
    "le": "ms", "la": "fs", "les": "mp fp", "un": "ms", "une": "fs", "ce": "ms", "cet": "ms",
    "cette": "fs", "ces": "mp fp", "du": "ms", "au": "ms", "aux": "mp fp",
}  # fmt: skip
ADJECTIVE_FORMS = {form for word in adjectives.ADJECTIVES for form in word.french} | {
    word.vowel_form for word in adjectives.ADJECTIVES
}


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return build()


@pytest.fixture(scope="module")
def pairs(corpus: Corpus) -> list[Pair]:
    """All that students get, and hidden sentences."""
    return [*corpus.train, *corpus.dev, *hidden_pairs("oracle", 2000)]


@pytest.fixture(scope="module")
def french(pairs: list[Pair]) -> list[list[str]]:
    return [tokenize(pair.target) for pair in pairs]


def bigrams(sentences: list[list[str]]) -> set[tuple[str, str]]:
    """Return every two neighbours of any sentence."""
    return {two for words in sentences for two in pairwise(words)}


def test_a_seed_always_gives_the_same_corpus_and_another_seed_another(corpus: Corpus) -> None:
    assert build() == corpus
    assert build(seed=5).train != corpus.train


def test_a_salt_always_gives_the_same_hidden_pairs_in_another_process_too() -> None:
    code = "from data.corpus import hidden_pairs; print(hidden_pairs('salt', 50))"
    command = [sys.executable, "-c", code]
    printed = subprocess.run(
        command, cwd=README.parents[1], capture_output=True, text=True, encoding="utf-8",
        check=True, env={"PYTHONHASHSEED": "7", "PYTHONIOENCODING": "utf-8"},
    ).stdout  # fmt: skip
    assert printed.strip() == repr(hidden_pairs("salt", 50))
    assert hidden_pairs("salt", 50) != hidden_pairs("pepper", 50)
    assert hidden_pairs("salt", 20) == hidden_pairs("salt", 50)[:20]
    assert hidden_pairs("salt", 0) == []
    with pytest.raises(ValueError, match="count is -1"):
        hidden_pairs("salt", -1)


def test_train_dev_and_hidden_sources_never_meet(corpus: Corpus) -> None:
    train = {pair.source for pair in corpus.train}
    dev = {pair.source for pair in corpus.dev}
    hidden = {pair.source for salt in "abc" for pair in hidden_pairs(salt, 1000)}
    assert not train & dev
    assert not (train | dev) & hidden
    assert len(train) == len(corpus.train)
    assert len(dev) == len(corpus.dev)


@pytest.mark.parametrize("seed", [1, 2])
def test_no_seed_can_put_a_hidden_sentence_into_train_or_dev(seed: int) -> None:
    for name, given in build(seed)._asdict().items():
        assert {part(pair.source) for pair in given} == {name}
        first = {hashlib.sha256(pair.source.encode()).digest()[0] for pair in given}
        assert max(first) < 208
    assert {part(pair.source) for pair in hidden_pairs(str(seed), 500)} == {"hidden"}


def test_the_files_are_the_corpus_byte_for_byte(corpus: Corpus, tmp_path: Path) -> None:
    main([str(tmp_path / "a")])
    main([str(tmp_path / "b")])
    for name, pairs in corpus._asdict().items():
        path = tmp_path / "a" / f"{name}.tsv"
        assert load_pairs(path) == pairs
        assert path.read_bytes() == (tmp_path / "b" / f"{name}.tsv").read_bytes()
        assert path.stat().st_size < 4_000_000  # what students download


def test_cutting_and_gluing_gives_every_sentence_back(pairs: list[Pair]) -> None:
    for pair in pairs:
        assert detokenize(tokenize(pair.source), language="en") == pair.source
        assert detokenize(tokenize(pair.target)) == pair.target


def test_no_word_that_elides_stands_before_a_vowel(french: list[list[str]]) -> None:
    elides = {"le", "la", "je", "ne", "de", "que", "ma", "ta", "sa", "ce", "me", "te", "se"}
    meeting = {(a, b) for a, b in bigrams(french) if VOWEL.match(b)}
    assert {(a, b) for a, b in meeting if a in elides} == set()
    short_before_noun = {"beau", "vieux", "nouveau"}  # bel, vieil, nouvel before a singular
    single = {form for form, (_, number) in NOUNS.items() if number == "s"}
    assert {(a, b) for a, b in meeting if a in short_before_noun and b in single} == set()


def test_an_elided_word_stands_before_a_vowel_only(french: list[list[str]]) -> None:
    assert {(a, b) for a, b in bigrams(french) if a.endswith("'") and not VOWEL.match(b)} == set()


def test_articles_are_contracted(french: list[list[str]]) -> None:
    assert not bigrams(french) & {("à", "le"), ("à", "les"), ("de", "les"), ("si", "il"),
                                  ("si", "ils")}  # fmt: skip
    for words in french:  # de le only where le is a pronoun before an infinitive
        for first, second, third in zip(words, words[1:], words[2:], strict=False):
            if (first, second) == ("de", "le"):
                assert third.endswith("r") or third.endswith("re")


def test_every_ne_has_its_pas_and_every_pas_its_ne(french: list[list[str]]) -> None:
    for words in french:
        assert sum(word in ("ne", "n'") for word in words) == words.count("pas"), words
        depth = 0
        for word in words:
            depth += (word in ("ne", "n'")) - (word == "pas")
            assert depth in (0, 1), words


def test_articles_agree_with_their_nouns(french: list[list[str]]) -> None:
    seen = 0
    for words in french:
        for article, *following in zip(words, words[1:], words[2:], strict=False):
            if article not in ARTICLES:
                continue
            noun = following[following[0] in ADJECTIVE_FORMS]
            if noun in NOUNS:
                seen += 1
                assert "".join(NOUNS[noun]) in ARTICLES[article].split(), words
    assert seen > 10_000


def test_adjectives_agree_with_their_nouns(french: list[list[str]]) -> None:
    forms: dict[str, set[str]] = {}
    for word in adjectives.ADJECTIVES:
        for form, mark in zip(word.french, ("ms", "fs", "mp", "fp"), strict=True):
            forms.setdefault(form, set()).add(mark)
        forms.setdefault(word.vowel_form, set()).add("ms")
    before = {form for word in adjectives.ADJECTIVES if word.before
              for form in (*word.french, word.vowel_form)}  # fmt: skip
    checked = 0
    for first, second in bigrams(french):
        adjective, noun = (first, second) if first in before else (second, first)
        if adjective in forms and noun in NOUNS:
            checked += 1
            assert "".join(NOUNS[noun]) in forms[adjective], (first, second)
    assert checked > 100


def test_verbs_agree_with_their_pronouns(french: list[list[str]]) -> None:
    endings = {"je": "esxi", "j'": "esxi", "tu": "sx", "ils": "t", "elles": "t"}
    clitics = {"ne", "n'", "le", "la", "l'", "les"}
    for words in french:
        for index, word in enumerate(words[:-1]):
            if word in endings:
                verb = next(w for w in words[index + 1 :] if w not in clitics)
                assert verb[-1] in endings[word], words


def test_participles_with_etre_agree_with_the_pronoun(french: list[list[str]]) -> None:
    checked = 0
    for words in french:
        text = " ".join(words)
        for who, ending in (("elle est", "e"), ("elles sont", "es"), ("ils sont", "s")):
            for verb in ("allé", "parti", "arrivé", "resté", "revenu"):
                for found in re.findall(rf"\b{who} ({verb}\w*)", text):
                    checked += 1
                    assert found == verb + ending, text
    assert checked > 20


def test_english_determines_which_french_word_where_the_context_tells(pairs: list[Pair]) -> None:
    facts = [
        (r", john[.?]$", r"\b(vous|votre|vos)\b"),
        (r", (sir|madam)[.?]$", r"\b(tu|ton|ta|tes)\b"),
        (r"\bthe neighbour \w+ her\b", r"\bvoisin\b"),
        (r"\bthe neighbour \w+ his\b", r"\bvoisine\b"),
        (r"^[^,]*\bplays? the piano\.$", r"\bjouer?\w* au\b"),
    ]
    for english, forbidden in facts:
        matching = [pair for pair in pairs if re.search(english, pair.source)]
        assert len(matching) > 3, english
        assert [pair for pair in matching if re.search(forbidden, pair.target)] == [], english


def test_lengths_run_from_three_to_twenty_five_words(corpus: Corpus) -> None:
    lengths = [len(tokenize(pair.source)) for pair in corpus.train]
    assert min(lengths) >= 3
    assert max(lengths) <= 25
    assert sum(length >= 12 for length in lengths) > 0.3 * len(lengths)


def test_the_readme_states_the_counts(corpus: Corpus) -> None:
    """Every row of the README's table of counts is counted again here."""
    stated = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|$", README.read_text("utf-8"), re.M))
    for name, pairs in corpus._asdict().items():
        assert stated[f"{name} pairs"] == f"{len(pairs):,}"
        for side in Pair._fields:
            lengths = [len(tokenize(getattr(pair, side))) for pair in pairs]
            row = f"{min(lengths)} / {sum(lengths) / len(lengths):.1f} / {max(lengths)}"
            assert stated[f"{name} {side} length, min / mean / max"] == row
    for side in Pair._fields:
        vocabulary = Vocabulary.from_sentences(getattr(pair, side) for pair in corpus.train)
        assert stated[f"{side} words, without the 4 special ones"] == str(len(vocabulary) - 4)
    for low, high in ((3, 7), (8, 11), (12, 15), (16, 19), (20, 25)):
        inside = sum(low <= len(tokenize(pair.source)) <= high for pair in corpus.train)
        assert stated[f"train sources of {low} to {high} tokens"] == f"{inside:,}"
    longest = max(corpus.train, key=lambda pair: len(tokenize(pair.source)))
    assert longest.source in README.read_text("utf-8")
    assert longest.target in README.read_text("utf-8")


def test_french_morphology_matches_the_grammar_books() -> None:
    """The expected forms are the grammars', not the module's."""
    assert regular("manger").form("p1") == "mangeons"
    assert regular("acheter").present == (
        "achète", "achètes", "achète", "achetons", "achetez", "achètent")  # fmt: skip
    assert regular("espérer").form("s3") == "espère"
    assert agree("arrivé", "f", "p") == "arrivées"
    assert elide("je ne ai pas de eau parce que il boit") == "je n'ai pas d'eau parce qu'il boit"
    assert elide("si il pleut") == "s'il pleut"
    assert elide("si elle vient") == "si elle vient"
    assert with_preposition("à", "le chat") == "au chat"
    assert with_preposition("de", "les chats") == "des chats"
    assert with_preposition("de", "l'hôtel") == "de l'hôtel"
    assert with_preposition("au bord de", "la rivière") == "au bord de la rivière"
    ouvrir = FrenchVerb("ouvrir", ("ouvre", "ouvres", "ouvre", "", "", ""), "")
    assert ouvrir.imperative("s2") == "ouvre"
