"""Pairs: normalising, cutting and gluing text; reading and writing files."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.pairs import (
    Pair,
    PairsError,
    detokenize,
    load_pairs,
    longest_side,
    normalise,
    save_pairs,
    tokenize,
)


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == " ".join(once.split())


@given(st.text())
def test_cutting_glued_tokens_gives_the_same_tokens(text: str) -> None:
    tokens = tokenize(text)
    assert tokenize(" ".join(tokens)) == tokens


@given(st.text())
def test_cutting_loses_nothing_but_spaces(text: str) -> None:
    assert "".join(tokenize(text)) == normalise(text).replace(" ", "")


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("L’eau qu'il boit.", ["l'", "eau", "qu'", "il", "boit", "."]),
        ("J'ai faim, d'accord ?", ["j'", "ai", "faim", ",", "d'", "accord", "?"]),
        ("N'est-ce pas l'été ?", ["n'", "est-ce", "pas", "l'", "été", "?"]),
        ("Aujourd’hui c'est jeudi", ["aujourd'hui", "c'", "est", "jeudi"]),
        ("Don't you know Tom's dog?", ["don't", "you", "know", "tom's", "dog", "?"]),
        ("l' eau", ["l'", "eau"]),
        ("3,5 kg", ["3,5", "kg"]),
        ("", []),
    ],
)
def test_words_elided_forms_and_marks_are_tokens(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


def test_plain_and_curly_quotes_and_all_spaces_are_one() -> None:
    assert normalise("«\u00a0L’été\u202f!\u00a0»") == normalise('" l\'été ! "') == '" l\'été ! "'
    assert normalise("e\u0301te\u0301") == "été"


def test_gluing_follows_the_spacing_of_the_language() -> None:
    tokens = ["est-ce", "qu'", "il", "vient", ",", "paul", "?"]
    assert detokenize(tokens) == "est-ce qu'il vient, paul ?"
    assert detokenize(["is", "he", "coming", "?"], language="en") == "is he coming?"
    assert detokenize([]) == ""
    with pytest.raises(ValueError, match="'de'; expected 'fr' or 'en'"):
        detokenize(tokens, language="de")


def test_a_file_is_read_whatever_its_line_ends_mark_and_extra_columns(tmp_path: Path) -> None:
    path = tmp_path / "pairs.txt"
    path.write_bytes("\ufeffGo.\tVa !\tCC-BY 2.0\r\n\r\n  \nHi.\tSalut.".encode())
    assert load_pairs(path) == [Pair("go.", "va !"), Pair("hi.", "salut.")]


@given(st.lists(st.tuples(*[st.text().map(normalise).filter(bool)] * 2), min_size=1))
def test_what_is_saved_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, sides: list[tuple[str, ...]]
) -> None:
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    pairs = [Pair(*side) for side in sides]
    if any(side.startswith("\ufeff") for pair in pairs for side in pair):
        return  # a byte order mark at the start of a file is not text
    save_pairs(path, pairs)
    assert load_pairs(path) == pairs


def test_length_filter_counts_the_longer_side_and_limit_counts_what_is_kept(
    tmp_path: Path,
) -> None:
    path = tmp_path / "pairs.tsv"
    pairs = [Pair("a b c", "x"), Pair("a", "x y z"), Pair("a", "x"), Pair("b", "y")]
    save_pairs(path, pairs)
    assert load_pairs(path, max_length=2) == pairs[2:]
    assert load_pairs(path, max_length=2, limit=1) == pairs[2:3]
    assert [longest_side(pair) for pair in pairs] == [3, 3, 1, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"go.\tva !\nno tab here\n", r"line 2: expected at least 2 columns .*got 1: 'no tab"),
        (b"go.\tva !\n\n\t \tx\tb\n", r"line 3: expected a source sentence, got an empty column"),
        (b"go.\t\n", r"line 1: expected a target sentence, got an empty column"),
        (b"go.\tva\nt\xe9\tx\n", r"line 2: expected UTF-8 text, got the byte 0xe9 at column 2"),
        (b"", r"expected at least one pair, found none"),
        (b"\n \n", r"expected at least one pair, found none"),
    ],
)
def test_a_malformed_file_is_named_with_line_and_remedy(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "bad.tsv"
    path.write_bytes(content)
    with pytest.raises(PairsError, match=message) as caught:
        load_pairs(path)
    assert str(path) in str(caught.value)
    assert ";" in str(caught.value)  # what to do


def test_no_pair_short_enough_says_to_raise_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    save_pairs(path, [Pair("a b c", "x y z")])
    with pytest.raises(PairsError, match=r"of at most 2 tokens a side, found none; .*max_length"):
        load_pairs(path, max_length=2)
    with pytest.raises(ValueError, match="limit is 0; expected None or an integer of at least 1"):
        load_pairs(path, limit=0)


@pytest.mark.parametrize("side", ["", "  ", "a\tb", "a\nb", "a\u2028b"])
def test_a_pair_that_would_not_read_back_is_not_written(tmp_path: Path, side: str) -> None:
    path = tmp_path / "pairs.tsv"
    with pytest.raises(PairsError, match="pair 1: expected one line of text"):
        save_pairs(path, [Pair("a", "b"), Pair("a", side)])
    assert not path.exists()
