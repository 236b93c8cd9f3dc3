"""Hidden checks of `beam_search`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from autograder.checks.expect import expect
from autograder.checks.student import Student
from autograder.suites.seq2seq import quality
from autograder.suites.seq2seq.beam_cases import (
    beam,
    clear_graph,
    clear_vocabulary,
    cut_short,
    expect_against,
    one_ends_early,
    overtaken,
    ranked,
    renamed,
    same,
    tokens_of,
)
from autograder.suites.seq2seq.beam_mistakes import (
    RULES,
    expect_best_of_all,
    expect_own_log_probs,
    expect_own_scores,
    expect_rule,
    expect_well_formed,
    near,
)
from autograder.suites.seq2seq.checks.answers import found_rows, runs
from autograder.suites.seq2seq.checks.standins import random_model
from autograder.suites.seq2seq.checks.trees import batch_of, random_graph, tree_model
from autograder.suites.seq2seq.purity import (
    expect_eval_mode,
    expect_modes,
    expect_no_graph,
    expect_untouched,
)
from autograder.suites.seq2seq.search_oracles import Rule, Scorer, greedy, search

CORE = "returns_hypotheses_that_can_be"
SUMS = "log_prob_is_the_sum_of_the_tokens_log_probabilities"
STATES = "states_follow_their_parents"
# what the published rule asks of every search; quality is not measured before it holds
RULE = [
    STATES,
    "score_divides_by_the_length_penalty",
    "keeps_the_best_candidates_at_each_step",
    "finished_hypotheses_make_room",
    "searches_on_after_a_hypothesis_ended",
    "unfinished_hypotheses_compete",
    "the_pool_is_ranked_by_score",
    "rows_of_a_batch_are_searched_alone",
]


@pytest.mark.graded(weight=2)
def test_returns_hypotheses_that_can_be(student: Student, generator: torch.Generator) -> None:
    """Your hypotheses are all different, end at their first EOS or at max_length, best first."""
    for width in (2, 5):
        model, scorer = clear_graph(generator, width, 5, eos_bonus=1.0, rows=3)
        rows = beam(student, model, beam_width=width, max_length=5)
        expect_well_formed(rows, scorer, 5)
        expect(
            any(tokens_of(row) != tokens_of(rows[0]) for row in rows),
            "different sentences of a batch all get the same hypotheses",
            "each sentence is searched from its own state, which the encoder returned for it",
        )
        model = cut_short(generator, width, 4)
        expect_well_formed(beam(student, model, beam_width=width, max_length=4), Scorer(model), 4)
    for specials in ((6, 2, 4), (0, 1, 2), (8, 7, 4)):
        model = random_graph(generator, rows=2, specials=specials)
        expect_well_formed(beam(student, model, beam_width=5, max_length=1), Scorer(model), 1)


@pytest.mark.graded(weight=2, needs=[CORE])
def test_log_prob_is_the_sum_of_the_tokens_log_probabilities(
    student: Student, generator: torch.Generator
) -> None:
    """log_prob is the sum of the log-probabilities of all tokens, EOS included."""
    model = random_graph(generator, rows=2, nodes=9, eos_bonus=0.5)
    # the last token alone decides what follows, so mixed-up states do no harm here
    model["children"] = torch.arange(9).expand(9, 9).clone()
    rows = beam(student, model, beam_width=3, max_length=6)
    expect_own_log_probs(rows, Scorer(model), "add up log_softmax(logits) of every token")


@pytest.mark.graded(weight=2, needs=[SUMS])
def test_states_follow_their_parents(student: Student, generator: torch.Generator) -> None:
    """Each hypothesis goes on from the state of the hypothesis it extends: h and c, every layer."""
    help = (
        "the state is not re-ordered with the parents: after each step pick, for every survivor, "
        "the state column of its parent, in h and in c (dimension 1), and of its own sentence"
    )
    for rows, width in ((1, 3), (3, 2), (2, 4)):
        graph = random_graph(generator, rows=rows, eos_bonus=-1.0)
        found = beam(student, graph, beam_width=width, max_length=5)
        expect_own_log_probs(found, Scorer(graph), help)
    sources = [[7, 8], [3], [5, 1, 7]]
    model = random_model(generator, sources, 11, (6, 2, 4), eos_bonus=-1.0)
    found = beam(student, model, beam_width=3, max_length=6)
    expect_own_log_probs(found, Scorer(model), help)


@pytest.mark.graded(weight=2, needs=[CORE])
def test_score_divides_by_the_length_penalty(student: Student, generator: torch.Generator) -> None:
    """score is log_prob / ((5 + length) / 6) ** length_penalty, whatever the exponent."""
    model = random_graph(generator, rows=2, eos_bonus=1.0)
    for penalty in (1.0, 0.6, 1.7, 0.0):
        options = {"beam_width": 4, "max_length": 5, "length_penalty": penalty}
        expect_own_scores(beam(student, model, **options), penalty)


@pytest.mark.graded(weight=1, needs=[CORE])
def test_width_one_equals_greedy(student: Student, generator: torch.Generator) -> None:
    """With beam_width 1 you return the greedy translation of each sentence, cut or not."""
    for max_length in (6, 5, 2, 1):
        model, scorer = clear_graph(generator, 1, max_length, eos_bonus=0.5, rows=1)
        for row, found in enumerate(beam(student, model, beam_width=1, max_length=max_length)):
            expect(
                tokens_of(found) == [greedy(scorer, row, max_length)[0]],
                "with beam_width 1 a sentence's hypothesis is not its greedy translation",
                "one live hypothesis, extended by its best token, until that is EOS or "
                "max_length is reached; a hypothesis that did not end is returned as it is",
            )


@pytest.mark.graded(weight=3, needs=[CORE])
def test_keeps_the_best_candidates_at_each_step(
    student: Student, generator: torch.Generator
) -> None:
    """Narrow beams of several widths return exactly the hypotheses that the rule gives."""
    enough, best, kept = Rule(stop="enough"), Rule(stop="best"), Rule(finished="kept")
    for width, max_length, telling in ((2, 4, enough), (3, 5, best), (2, 6, kept), (4, 5, best)):
        options: dict[str, Any] = {"rows": 1, "eos_bonus": 0.5, "telling": telling}
        model, scorer = clear_graph(generator, width, max_length, **options)
        found = beam(student, model, beam_width=width, max_length=max_length)
        expect_rule(found, scorer, width, max_length, 0.0)


@pytest.mark.graded(weight=2, needs=[CORE])
def test_finished_hypotheses_make_room(student: Student, generator: torch.Generator) -> None:
    """A hypothesis that ends joins the pool, takes no place after that, and keeps its own."""
    for rule in RULES:
        if rule.finished != "refilled":
            expect_against(student, generator, rule)


@pytest.mark.graded(weight=2, needs=[CORE])
def test_searches_on_after_a_hypothesis_ended(student: Student, generator: torch.Generator) -> None:
    """You go on after the first, the best and any number of hypotheses have ended."""
    for rule in RULES:
        if rule.stop in ("first", "best", "enough") and rule.finished == "refilled":
            expect_against(student, generator, rule)
    model = overtaken(generator, rows=2)
    for penalty in (2.0, 2.5):
        options = {"beam_width": 2, "max_length": 6, "length_penalty": penalty}
        found = beam(student, model, **options)
        expect_rule(found, Scorer(model), 2, 6, penalty, likely=Rule(stop="beaten"))


@pytest.mark.graded(weight=1, needs=[CORE])
def test_unfinished_hypotheses_compete(student: Student, generator: torch.Generator) -> None:
    """Hypotheses that did not end by max_length compete with the others, as they are."""
    for rule in RULES:
        if rule.truncated != "compete" or rule in (Rule(stop="best"), Rule(finished="kept")):
            expect_against(student, generator, rule, eos_bonus=0.0, max_length=3)


@pytest.mark.graded(weight=2, needs=[CORE])
def test_the_pool_is_ranked_by_score(student: Student, generator: torch.Generator) -> None:
    """With a length penalty the hypotheses you return are the best of the pool by score."""
    model = ranked(generator, rows=2)
    for penalty in (2.0, 2.5):
        options = {"beam_width": 2, "max_length": 3, "length_penalty": penalty}
        expect_rule(beam(student, model, **options), Scorer(model), 2, 3, penalty)


@pytest.mark.graded(weight=2, needs=[STATES])
def test_a_wide_beam_finds_the_best_of_all(student: Student, generator: torch.Generator) -> None:
    """With room for every hypothesis you find the best there are."""
    options: dict[str, Any] = {"vocab_size": 5, "specials": (4, 1, 3), "nodes": 25, "spread": 0.7}
    best = Rule(stop="best")
    model, scorer = clear_graph(generator, 40, 4, rows=1, telling=best, eos_bonus=0.5, **options)
    expect_best_of_all(beam(student, model, beam_width=40, max_length=4), scorer, 4, 0.0)


@pytest.mark.graded(weight=3, needs=[STATES])
def test_rows_of_a_batch_are_searched_alone(student: Student, generator: torch.Generator) -> None:
    """A sentence gets the hypotheses it gets alone, in whatever batch and order it stands."""
    for rows, width in ((3, 2), (2, 4), (4, 3), (3, 2)):
        model = one_ends_early(generator, width, 5, rows)
        options = {"beam_width": width, "max_length": 5}
        together = beam(student, model, **options)
        order = torch.randperm(rows, generator=generator).tolist()
        moved = beam(student, model, **batch_of(model, order), **options)
        for place, row in enumerate(order):
            (alone,) = beam(student, model, **batch_of(model, [row]), **options)
            expect(
                same(alone, together[row]) and same(alone, moved[place]),
                "the rows of a batch influence each other: a sentence gets other hypotheses in "
                "a batch than alone",
                "row b owns decoder rows b * beam_width to (b + 1) * beam_width - 1: use "
                "repeat_interleave, not repeat; choose candidates within a row; end a row only "
                "when that row is done",
            )


@pytest.mark.graded(weight=1, needs=[CORE])
def test_returns_all_when_there_are_few(student: Student, generator: torch.Generator) -> None:
    """A beam wider than the vocabulary, or than all there is, returns what is possible, no more."""
    p = 0.2 + 0.2 * torch.rand(2, generator=generator, dtype=torch.float64)
    first, second = p.tolist()
    never = {"b": 0.0, "c": 0.0, "<pad>": 0.0, "<bos>": 0.0}
    few = {"": {"a": first, "<eos>": 1 - first, **never}}
    few["*"] = {"a": 1 - second, "<eos>": second, **never}
    one = {"": {"<eos>": 1.0, "a": 0.0, **never}}
    model = tree_model([few, one, few])
    scorer = Scorer(model)
    for width, max_length in ((9, 3), (3, 2), (50, 1)):
        rows = beam(student, model, beam_width=width, max_length=max_length)
        expect(
            all(found.log_prob > -50 for row in rows for found in row),
            "a hypothesis that is impossible (probability zero) is returned",
            "drop candidates whose total log-probability is -inf",
        )
        for number, row in enumerate(rows):
            right = search(scorer, number, width, max_length, 0.0)[0]
            expect(
                sorted(tokens_of(row)) == sorted(tokens_of(right)),
                "where only a few hypotheses are possible, not exactly these are returned",
                "topk takes min(beam_width, number of candidates); a row with nothing live is "
                "done, and other rows are not",
            )


@pytest.mark.graded(weight=1, needs=[STATES])
def test_a_constant_added_to_the_logits_changes_nothing(
    student: Student, generator: torch.Generator
) -> None:
    """Only log-probabilities count: a constant on all logits of a step changes nothing."""
    model, _ = clear_graph(generator, 3, 5, rows=2, eos_bonus=0.5)
    offset = 150.0 * torch.randn(9, generator=generator)
    plain = beam(student, model, beam_width=3, max_length=5)
    moved = beam(student, {**model, "offset": offset}, beam_width=3, max_length=5)
    for row, other in zip(plain, moved, strict=True):
        expect(
            tokens_of(row) == tokens_of(other)
            and all(abs(a.log_prob - b.log_prob) < 1e-3 for a, b in zip(row, other, strict=True)),
            "when a constant is added to all logits of a step, the hypotheses change",
            "use log_softmax over the vocabulary; raw logits do not compare between hypotheses, "
            "and exp of large logits overflows",
        )


@pytest.mark.graded(weight=1, needs=[STATES])
def test_ids_are_only_names(student: Student, generator: torch.Generator) -> None:
    """Renaming the ids, those of PAD, BOS and EOS too, renames the hypotheses and no more."""
    model, _ = clear_graph(generator, 3, 5, rows=2)
    plain = beam(student, model, beam_width=3, max_length=5)
    for specials in ((8, 5, 0), (0, 1, 2), (1, 0, 8)):
        other, new = renamed(model, specials)
        for row, moved in zip(plain, beam(student, other, beam_width=3, max_length=5), strict=True):
            known = all(set(found.tokens) <= set(range(len(new))) for found in row)
            expect(known, "a hypothesis holds an id that is not in the vocabulary")
            expect(
                [tuple(new[list(found.tokens)].tolist()) for found in row] == tokens_of(moved),
                "when the ids of the vocabulary are renamed, other hypotheses are found",
                "take pad_id, bos_id and eos_id from the model, whatever numbers they are",
            )


@pytest.mark.graded(weight=1, needs=[STATES])
def test_equal_probabilities_are_no_trouble(student: Student, generator: torch.Generator) -> None:
    """Where candidates are equally probable any of them may win; the scores are the same."""
    model = random_graph(generator, rows=2, nodes=6, eos_bonus=0.5)
    # all of a step's survivors share a node, so which of two twins survives changes no score
    model["children"] = torch.randint(6, (6, 1), generator=generator).expand(6, 9).clone()
    one, twin = [word for word in range(9) if word not in (6, 2, 4)][:2]
    model["logits"][:, [one, twin]] = model["logits"].amax(1, keepdim=True) + 0.5
    options = {"beam_width": 4, "max_length": 4}
    equal = beam(student, model, **options)
    expect_well_formed(equal, Scorer(model), 4)
    model["logits"][:, twin] += 4e-6
    for row, other in zip(equal, beam(student, model, **options), strict=True):
        expect(
            len(row) == len(other)
            and all(near(a.score, b.score) for a, b in zip(row, other, strict=True)),
            "where two tokens are equally probable, hypotheses get lost or scores change",
            "do not look a candidate up by its score: two may have the same",
        )


@pytest.mark.graded(weight=1, needs=[STATES])
def test_padding_says_nothing(student: Student, generator: torch.Generator) -> None:
    """What stands at padded positions, and how many there are, changes no hypothesis."""
    model, _ = clear_graph(generator, 2, 4, rows=3)
    inputs = batch_of(model)
    rows, width = inputs["source"].shape
    noise = torch.randint(9, (rows, width + 2), generator=generator)
    real = torch.arange(width) < inputs["source_lengths"][:, None]  # (batch, source_time)
    noise[:, :width] = torch.where(real, inputs["source"], noise[:, :width])
    plain = beam(student, model, beam_width=2, max_length=4)
    found = beam(student, model, source=noise, beam_width=2, max_length=4)
    expect(
        all(map(same, plain, found)),
        "what stands at padded positions of `source` changes the hypotheses",
        "hand `source` and `source_lengths` on to model.encoder as they came",
    )


@pytest.mark.graded(weight=1, needs=[CORE])
def test_decodes_no_more_rows_than_it_needs(student: Student, generator: torch.Generator) -> None:
    """The decoder sees at most beam_width rows a sentence and step, prefixes read again or not."""
    rows, width, steps = 2, 3, 6
    model, scorer = clear_graph(generator, width, steps, rows=rows, eos_bonus=-3.0)
    options = {"beam_width": width, "max_length": steps}
    run = runs(student.beam(model=model, **batch_of(model), **options), 1)[0]
    expect_well_formed(found_rows(run, rows, width), scorer, steps)
    expect(
        run["rows"] <= rows * width * steps * (steps + 1) // 2,
        "the decoder was given more rows than beam_width a sentence and step",
        "prune to beam_width candidates before you decode on",
    )


@pytest.mark.graded(weight=1, needs=[STATES])
def test_manages_a_real_vocabulary(student: Student, generator: torch.Generator) -> None:
    """Twenty thousand words are no trouble."""
    width, max_length = 4, 4
    model, scorer = clear_vocabulary(generator, 20_000, width, max_length)
    (row,) = beam(student, model, beam_width=width, max_length=max_length)
    expect(
        same(row, search(scorer, 0, width, max_length, 0.0)[0]),
        "with a large vocabulary the hypotheses are not the best ones",
        "add up log-probabilities in float32 or better, and compare all candidates",
    )


@pytest.mark.graded(weight=2, needs=[STATES])
def test_dropout_is_off(student: Student, generator: torch.Generator) -> None:
    """A model that was in train mode is searched without dropout, encoder and decoder."""
    model, _ = clear_graph(generator, 2, 4, rows=2)
    model["dropout"] = 0.5
    options = {"beam_width": 2, "max_length": 4, "training": True}
    run = runs(student.beam(model=model, **batch_of(model), **options), 1)[0]
    found = found_rows(run, 2, 2)
    expect_eval_mode(run)
    plain = beam(student, {**model, "dropout": 0.0}, beam_width=2, max_length=4)
    expect(
        all(map(same, plain, found)),
        "a model that was in train mode gets other hypotheses",
        "call model.eval() before the first call of the encoder",
    )


@pytest.mark.graded(weight=2, needs=[CORE])
def test_modes_are_as_before(student: Student, generator: torch.Generator) -> None:
    """The model's training flag and the program's gradient mode are afterwards what they were."""
    ends = {"<eos>": 1.0, "a": 0.0, "b": 0.0, "c": 0.0, "<pad>": 0.0, "<bos>": 0.0}
    early = tree_model([{"": ends}, {"": ends}])
    late = random_graph(generator, rows=2)
    for model in (early, late):
        for training, grad in ((True, True), (False, True), (True, False), (False, False)):
            options = {"beam_width": 2, "max_length": 3, "training": training, "grad": grad}
            run = runs(student.beam(model=model, **batch_of(model), **options), 1)[0]
            expect_modes(run, training, grad)


@pytest.mark.graded(weight=2, needs=[CORE])
def test_builds_no_graph(student: Student, generator: torch.Generator) -> None:
    """Searching builds no gradient graph."""
    model = random_model(generator, [[7, 8], [3]], 11, (6, 2, 4))
    run = runs(student.beam(model=model, **batch_of(model), beam_width=2, max_length=3), 1)[0]
    expect_no_graph(run)


@pytest.mark.graded(weight=1, needs=[CORE])
def test_changes_nothing_and_repeats_itself(student: Student, generator: torch.Generator) -> None:
    """Weights and inputs stay untouched, and a second call gives the same hypotheses."""
    model, _ = clear_graph(generator, 3, 4, rows=2)
    options = {"beam_width": 3, "max_length": 4, "times": 2}
    first, second = runs(student.beam(model=model, **batch_of(model), **options), 2)
    expect_untouched(first)
    pairs = zip(found_rows(first, 2, 3), found_rows(second, 2, 3), strict=True)
    expect(
        all(same(a, b) for a, b in pairs),
        "a second call with the same sentences gives other hypotheses",
        "keep nothing from one call to the next (default arguments such as pool=[] do)",
    )


@pytest.mark.graded(weight=2, needs=RULE)
def test_translates_as_well_as_the_model_can(
    student: Student,
    reference: Student,
    salt: str,
    record_property: Callable[[str, object], None],
) -> None:
    """On a trained translator and new sentences your best hypotheses are as good as the rule's."""
    case = quality.case(salt)
    options: dict[str, Any] = {
        "beam_width": 4,
        "max_length": quality.MAX_LENGTH,
        "length_penalty": 0.6,
    }
    options |= {"model": case.model, **case.inputs}
    said, right = (
        [row[0].tokens for row in found_rows(runs(side.beam(**options), 1)[0], len(case.pairs), 4)]
        for side in (student, reference)
    )
    record_property("beam BLEU on hidden sentences", round(quality.bleu(case, said), 1))
    expect(
        all(said) and quality.regret(case, said, right, 0.6) <= quality.REGRET,
        "on a trained translator your best hypotheses score less than those of the rule",
        "the earlier checks name the step that goes wrong",
    )
