"""Hidden checks of `beam_search`."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from checks.expect import Wrong, expect, mended, priced
from checks.seq2seq.beam_search.explain import (
    EMPTY,
    INFLUENCE,
    KEPT_FROM_BEFORE,
    NORMALISED,
    SPECIALS_SHARE,
    explain_misfit,
    explain_specials,
    float_is_no_index,
    refuse,
)
from checks.seq2seq.beam_search.mending import LOG_PROB, NOTHING, Rows
from checks.seq2seq.probed import Probed
from checks.seq2seq.shared.answers import Hypothesis, hypothesis_rows, runs
from checks.seq2seq.shared.trees import batch_of
from checks.simulated_gpu.elsewhere import expect_at_home
from checks.verdicts import StudentFault

from ..shared import quality
from ..shared.indifference import expect_heed, parts
from ..shared.purity import (
    SEEDS,
    expect_answered_anew,
    expect_eval_mode,
    expect_modes,
    expect_no_graph,
    expect_untouched,
    expect_world_untouched,
)
from ..shared.scorer import Tokens
from . import stories
from .cases import OWN, SearchCase, run_of, same, tokens_of
from .causes import (
    MIXED_SHARE,
    charge,
    confined,
    endless,
    endless_alike,
    expect_ordinary,
    expect_rule,
    explains,
    narrow,
    narrow_alike,
    right,
)
from .graphs import (
    LAST,
    clear_graph,
    cut_short,
    last_word_decides,
    one_ends_early,
    recurrent,
    twins,
)
from .invariances import (
    expect_no_effect_of,
    expect_padding_unread,
    expect_rows_alone,
    expect_same_under_other_names,
    expect_ties_lose_nothing,
)
from .kind import (
    BEST_FIRST,
    FIRST_WORDS,
    expect_beam,
    expect_competition,
    expect_pruned,
    greedily,
    heard,
    telling,
)
from .mistakes import RULES, expect_well_formed
from .optimum import WIDTHS, expect_best_of_all, figures, small
from .oracle import Rule

FORM = "returns_the_hypotheses_of_each_sentence"  # public
CORE = "returns_hypotheses_that_can_be"
SUMS = "log_prob_is_the_sum_of_the_tokens_log_probabilities"
STATES = "states_follow_their_parents"
ENDINGS = [
    "unfinished_hypotheses_compete",
    "finished_hypotheses_make_room",
    "searches_on_after_a_hypothesis_ended",
]
QUALITY_WIDTH = 3  # of the beam on the trained translator
UNEXPECTED = ("the call fails where something unusual is asked", "")
ALL_THE_SAME = (
    "different sentences of a batch all get the same hypotheses: the rows of a batch influence "
    "each other",
    "each sentence is searched from its own state, which the encoder returned for it",
    "rows",
    1.0,
)
TOO_FEW = (
    "where only a few hypotheses are possible, not exactly these are returned",
    "topk takes min(beam_width, number of candidates); only those of probability zero are "
    "dropped, however improbable others are; a row with nothing live is done, and other rows are "
    "not",
)
IMPOSSIBLE = (
    "a hypothesis that is impossible (probability zero) is returned",
    "drop candidates whose total log-probability is -inf, and add no constant inside a logarithm",
)
UNDERFLOW = (
    "a product of probabilities underflows: it becomes 0, below e^-104 in float32 and e^-745 in "
    "float64; add log-probabilities, as log_softmax gives them, and drop -inf alone"
)
# what the published rule asks of every search; quality is not measured before it holds
RULE = [
    STATES,
    "width_one_equals_greedy",
    "manages_a_real_vocabulary",
    "score_divides_by_the_length_penalty",
    "keeps_the_best_candidates_at_each_step",
    "finished_hypotheses_make_room",
    "searches_on_after_a_hypothesis_ended",
    "unfinished_hypotheses_compete",
    "the_pool_is_ranked_by_score",
    "rows_of_a_batch_are_searched_alone",
]


@pytest.fixture
def evidence(salt: str) -> torch.Generator:
    """Draws what is asked more where something is wrong: the same in every check of a salt."""
    digest = hashlib.sha256(f"{salt}:evidence on beam search".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


def expect_possible(
    student: Probed, evidence: torch.Generator, case: SearchCase, rows: Rows
) -> None:
    """The hypotheses could be some; if not, charge the mistake behind that, if it is known."""
    try:
        expect_well_formed(rows, case.scorer, case.max_length)
    except Wrong as wrong:
        if wrong.share is None:
            expect_ordinary(student, evidence)
        raise


def same_best(row: list[Hypothesis], right: list[Tokens]) -> bool:
    """Whether the best hypothesis is the right one."""
    return bool(row) and row[0].tokens == right[0]


@pytest.mark.graded(
    line="ranking",
    weight=1,
    after=[FORM],
    stays="says that what came is no hypothesis, not only that it is another",
)
def test_returns_hypotheses_that_can_be(
    student: Probed, generator: torch.Generator, evidence: torch.Generator
) -> None:
    """Your hypotheses are all different, end at their first EOS or at max_length, best first."""
    for width in (2, 5):
        case = clear_graph(generator, width, 5, eos_bonus=1.0, rows=3)
        rows = case.ask(student)
        expect_possible(student, evidence, case, rows)
        if all(tokens_of(row) == tokens_of(rows[0]) for row in rows) and any(rows):
            refuse(ALL_THE_SAME)
        case = cut_short(generator, width, 4)
        expect_possible(student, evidence, case, case.ask(student))
    for specials in ((6, 2, 4), (0, 1, 2), (8, 7, 4)):
        case = clear_graph(generator, 5, 1, rows=2, specials=specials, eos_bonus=1.0)
        expect_possible(student, evidence, case, case.ask(student))


@pytest.mark.graded(
    line="scores",
    weight=2,
    after=[CORE],
    stays="judges sums by the hypotheses that came, right ones or not",
)
def test_log_prob_is_the_sum_of_the_tokens_log_probabilities(
    student: Probed, generator: torch.Generator
) -> None:
    """log_prob is the sum of the log-probabilities of all tokens, EOS included."""
    case = last_word_decides(generator, 3, 6)
    rows = case.ask(student)
    expect(
        rows.fits or case.totals_explained(rows),
        LOG_PROB,
        "it is the sum of log_softmax(logits)[token], over the vocabulary, of all its tokens",
    )


@pytest.mark.graded(
    line="bookkeeping",
    weight=2,
    after=[SUMS],
    stays="judges states by the hypotheses that came, right ones or not",
)
def test_states_follow_their_parents(student: Probed, generator: torch.Generator) -> None:
    """Each hypothesis goes on from the state of the hypothesis it extends: h and c, every layer."""
    plain = [clear_graph(generator, 3, 5, rows=1, endless=True, seed=seed) for seed in (1, 2)]
    ending = [clear_graph(generator, 3, 5, rows=1, eos_bonus=0.5, seed=seed) for seed in (1, 2)]
    namesakes = [
        clear_graph(generator, width, 5, rows=rows, eos_bonus=-0.5, namesakes=True, seed=seed)
        for rows, width, seed in ((1, 3, 6), (3, 2, 26), (2, 4, 11))
    ]
    sources = [[7, 8], [3], [5, 1, 7]]
    namesakes.append(recurrent(generator, sources, 11, 3, 6, eos_bonus=-1.0))
    for cases, share in ((plain, 1.0), (ending, 0.75), (namesakes, 0.6)):
        for case in cases:
            rows = case.ask(student)
            if not rows.fits and len(case.rows) > 1:
                alone = [one.ask(student) for one in case.alone()]
                if all(row.fits for row in alone):
                    mended(*INFLUENCE[:2], line="rows", share=1.0)
                    mended(*INFLUENCE[:2], share=MIXED_SHARE)
                    continue
            if not rows.fits:
                says, help, line, _ = explain_misfit(rows, case.model["bos_id"])
                known = share if line == "bookkeeping" else None
                refuse((says, help, line, known), LOG_PROB)


@pytest.mark.graded(line="ranking", weight=2, after=[CORE])
def test_score_divides_by_the_length_penalty(student: Probed, generator: torch.Generator) -> None:
    """score is log_prob / ((5 + length) / 6) ** length_penalty, whatever the exponent."""
    case = clear_graph(generator, 5, 4, rows=2, eos_bonus=0.5, mixed=True)
    last = clear_graph(generator, 5, 4, rows=1, eos_bonus=0.5, mixed=True, shape=LAST)
    fits = case.ask(student).fits
    case = case if fits else last
    for penalty in (0.6, 1.0, 1.7, 0.0):
        rows = case.ask(student, length_penalty=penalty)
        if rows.fits:
            continue
        if penalty and fits:
            refuse(NORMALISED)
        refuse((*explain_misfit(rows, case.model["bos_id"])[:3], None), LOG_PROB)


@pytest.mark.graded(line="ending", weight=1, after=[CORE])
def test_width_one_equals_greedy(
    student: Probed, generator: torch.Generator, evidence: torch.Generator
) -> None:
    """With beam_width 1 you return the greedy translation of each sentence, cut or not."""
    for max_length, eos_bonus in ((6, 0.5), (5, 0.5), (1, 0.5), (30, -3.0)):
        case = clear_graph(generator, 1, max_length, eos_bonus=eos_bonus, rows=1)
        answer = case.answer(student)
        if right(answer):
            continue
        expect_ordinary(student, evidence, [answer])
        if explains(Rule(steps=OWN), answer):
            charge([RULES[Rule(steps=OWN)]])
        cut = explains(Rule(truncated="dropped"), answer)
        if cut and max_length == 30:
            raise Wrong(
                "beam_search returned no hypothesis at all for a sentence",
                "a candidate is dropped only if it is impossible (-inf), however improbable",
                line="selection",
                share=0.7,
            )
        raise Wrong(
            "with beam_width 1 a sentence's hypothesis is not its greedy translation",
            "one live hypothesis, extended by its best token, until that is EOS or "
            "max_length is reached; a hypothesis that did not end is returned as it is",
            share=0.4,
        )


@pytest.mark.graded(
    line="ending",
    weight=1,
    after=[CORE],
    stays="names what became of truncated hypotheses, with credit of its own",
)
def test_unfinished_hypotheses_compete(
    student: Probed, generator: torch.Generator, evidence: torch.Generator
) -> None:
    """Hypotheses that have not ended at max_length compete with the others, unchanged."""
    cases = [stories.some_are_cut(generator)]
    expect_rule(student, evidence, cases, stories.cut_alike)


@pytest.mark.graded(line="ending", weight=2, after=[CORE])
def test_finished_hypotheses_make_room(
    student: Probed, generator: torch.Generator, evidence: torch.Generator
) -> None:
    """A hypothesis that ends joins the pool, takes no place after that, and keeps its own."""
    cases = [stories.some_end(generator)]
    expect_rule(student, evidence, cases, stories.end_alike)


@pytest.mark.graded(
    line="ranking",
    weight=2,
    after=[CORE],
    stays="tells the ranking of the pool from when hypotheses end",
)
def test_the_pool_is_ranked_by_score(
    student: Probed, generator: torch.Generator, evidence: torch.Generator
) -> None:
    """With a length penalty the hypotheses you return are the best of the pool by score."""
    cases = [stories.ranked(generator)]
    expect_rule(student, evidence, cases, stories.ranked_alike)


@pytest.mark.graded(line="ending", weight=2, after=[CORE, "the_pool_is_ranked_by_score"])
def test_searches_on_after_a_hypothesis_ended(
    student: Probed, generator: torch.Generator, evidence: torch.Generator
) -> None:
    """You go on after the first, the best and any number of hypotheses have ended."""
    cases = [stories.some_go_on(generator), stories.overtaken(generator)]
    expect_rule(student, evidence, cases, stories.go_on_alike)


@pytest.mark.graded(
    line="selection", weight=4, after=[CORE], stays="tells selection from what happens at an end"
)
def test_keeps_the_best_candidates_where_none_ends(
    student: Probed, generator: torch.Generator, evidence: torch.Generator
) -> None:
    """Where no hypothesis ends you return the best of all live ones extended by every token."""
    expect_rule(student, evidence, endless(generator), endless_alike)


@pytest.mark.graded(
    line="selection",
    weight=2,
    after=[CORE, *ENDINGS],
    stays="the rule as a whole, where no mistake is looked for by name",
)
def test_keeps_the_best_candidates_at_each_step(
    student: Probed, generator: torch.Generator, evidence: torch.Generator
) -> None:
    """Narrow beams of several widths return exactly the hypotheses that the rule gives."""
    expect_rule(student, evidence, narrow(generator), narrow_alike)


@pytest.mark.graded(line="selection", weight=1, after=[CORE, *ENDINGS])
def test_a_wide_beam_finds_the_best_of_all(
    student: Probed,
    reference: Probed,
    generator: torch.Generator,
    evidence: torch.Generator,
    record_property: Callable[[str, object], None],
) -> None:
    """If the beam has room for every hypothesis, you find the best of all."""
    cases = small(generator)
    widths = ", ".join(map(str, WIDTHS))
    for side, whose in ((student, ""), (reference, " (the rule's)")):
        errors, regrets = figures(side, cases)
        record_property(f"search-error rate with beam_width {widths}{whose}", errors)
        record_property(f"mean score regret with beam_width {widths}{whose}", regrets)
    rows = cases[0].ask(student)
    if any(tokens_of(row) != right for row, right in zip(rows, cases[0].by(), strict=True)):
        expect_ordinary(student, evidence)
        expect_best_of_all(cases[0], rows)


@pytest.mark.graded(
    line="rows",
    weight=3,
    after=[STATES],
    stays="tells a row that disturbs another from a search that is wrong",
)
def test_rows_of_a_batch_are_searched_alone(student: Probed, generator: torch.Generator) -> None:
    """A sentence gets the hypotheses it gets alone, in whatever batch and order it stands."""
    for rows, width in ((3, 2), (2, 4), (4, 3)):
        case = one_ends_early(generator, width, 5, rows)
        expect_rows_alone(student, case, torch.randperm(rows, generator=generator).tolist())


@pytest.mark.graded(
    line="selection",
    weight=1,
    after=[CORE],
    on_crash="topk takes at most as many as there are: min(beam_width, number of candidates)",
)
def test_returns_all_when_there_are_few(
    student: Probed, generator: torch.Generator, evidence: torch.Generator
) -> None:
    """A beam wider than the vocabulary, or than all hypotheses, returns the possible ones only."""
    for width, max_length in ((9, 3), (3, 2), (50, 1)):
        case = stories.few(generator, width, max_length)
        with confined(student, evidence, "selection", 0.33, TOO_FEW):
            rows, due = case.ask(student), case.by()
        if [sorted(tokens_of(row)) for row in rows] == [sorted(row) for row in due]:
            continue
        expect_ordinary(student, evidence)
        impossible = [
            hypothesis.log_prob
            for number, row in enumerate(rows)
            for hypothesis in row
            if -math.inf in case.scorer.steps(number, hypothesis.tokens)
        ]
        if impossible:
            mended(*IMPOSSIBLE, share=0.27)
            kept = [
                [t for t in tokens_of(row) if -math.inf not in case.scorer.steps(number, t)]
                for number, row in enumerate(rows)
            ]
            if [sorted(row) for row in kept] == [sorted(row) for row in due]:
                continue
        expect_ordinary(student, evidence, [(case, rows)])
        if not all(rows):
            refuse(EMPTY)
        raise Wrong(
            *TOO_FEW,
            share=0.35 if all(map(same_best, rows, due)) else None,
        )


@pytest.mark.graded(line="scores", weight=1, after=[STATES])
def test_a_constant_added_to_the_logits_changes_nothing(
    student: Probed, generator: torch.Generator, evidence: torch.Generator
) -> None:
    """Only log-probabilities count: a constant on all logits of a step changes nothing."""
    case = clear_graph(generator, 3, 5, rows=2, eos_bonus=0.5)
    # far from zero after every token, and above it after the first
    signs = torch.randint(2, (9,), generator=generator) * 2.0 - 1.0
    offset = signs * (120.0 + 80.0 * torch.rand(9, generator=generator))
    offset[case.model["bos_id"]] = 150.0
    with confined(student, evidence, "scores", 0.4, UNEXPECTED):
        expect_no_effect_of(offset, student, case)


@pytest.mark.graded(line="selection", weight=1, after=[STATES])
def test_ids_are_only_names(
    student: Probed, generator: torch.Generator, evidence: torch.Generator
) -> None:
    """Other ids, for PAD, BOS and EOS too, change the ids in the hypotheses and nothing else."""
    case = clear_graph(generator, 3, 5, rows=2)
    with confined(student, evidence, "selection", 0.25, UNEXPECTED):
        expect_same_under_other_names(student, case, ((8, 5, 0), (0, 1, 2), (1, 0, 8)))


@pytest.mark.graded(
    line="selection",
    weight=1,
    after=[STATES],
    on_crash="two candidates may be equally probable: compare them by their number alone, as in "
    "sort(key=...); a heap of pairs compares what comes second",
)
def test_equal_probabilities_are_no_trouble(
    student: Probed, generator: torch.Generator, evidence: torch.Generator
) -> None:
    """Where candidates are equally probable any of them may win; the scores are the same."""
    with confined(student, evidence, "selection", 0.33, UNEXPECTED):
        expect_ties_lose_nothing(student, *twins(generator))


@pytest.mark.graded(
    line="rows",
    weight=1,
    after=[STATES],
    on_crash="`source` may be wider than its longest sentence, and any id may stand at its padding",
)
def test_padding_says_nothing(
    student: Probed, generator: torch.Generator, evidence: torch.Generator
) -> None:
    """What stands at padded positions, and how many there are, changes no hypothesis."""
    case = clear_graph(generator, 2, 4, rows=3)
    with confined(student, evidence, "rows", 0.7, UNEXPECTED):
        expect_padding_unread(student, case, generator)


@pytest.mark.graded(line="selection", weight=1, after=[CORE])
def test_decodes_no_more_rows_than_it_needs(student: Probed, generator: torch.Generator) -> None:
    """The decoder gets at most beam_width rows per sentence and step, plus prefixes read again."""
    rows, width, steps = 2, 3, 6
    model = clear_graph(generator, width, steps, rows=rows, eos_bonus=-1.0).model
    options = {"beam_width": width, "max_length": steps}
    run = run_of(student, model, **options)
    hypothesis_rows(run, rows, width)
    expect(
        run["rows"] <= rows * width * steps * (steps + 1) // 2,
        "the decoder was given more rows than beam_width a sentence and step",
        "prune to beam_width candidates before you decode on",
        share=0.25,
    )


@pytest.mark.graded(line="selection", weight=1, after=[STATES])
def test_pad_and_bos_may_be_said_anywhere(
    student: Probed, generator: torch.Generator, evidence: torch.Generator
) -> None:
    """Where the model wants PAD or BOS they are words like others, first, inside or last."""
    case = stories.specials_said(generator)
    answer = case.answer(student)
    if not right(answer):
        expect_ordinary(student, evidence, [answer])
        rows = answer[1]
        says, help = explain_specials(rows, case.by(), case.max_length, case.model)
        raise Wrong(says, help, share=SPECIALS_SHARE)


@pytest.mark.graded(
    line="scores",
    weight=1,
    after=[STATES, "returns_all_when_there_are_few"],
    on_crash=UNDERFLOW,
)
def test_long_improbable_hypotheses_are_kept(
    student: Probed, generator: torch.Generator, evidence: torch.Generator
) -> None:
    """However improbable a hypothesis is, it is kept as long as it is not impossible."""
    case = stories.hardly_possible(generator)
    wide = clear_graph(generator, case.width, 3, rows=1, eos_bonus=0.5)
    with confined(student, evidence, "scores", 0.6, UNEXPECTED, like=wide):
        answer = case.answer(student)
        if not right(answer):
            expect_ordinary(student, evidence, [answer])
            says = "long, improbable hypotheses get lost, or their log_prob is wrong"
            raise Wrong(says, UNDERFLOW)


@pytest.mark.graded(
    line="selection",
    weight=1,
    after=[STATES],
    stays="the one check of a size that translators have",
)
def test_manages_a_real_vocabulary(
    student: Probed, generator: torch.Generator, evidence: torch.Generator
) -> None:
    """A vocabulary of twenty thousand words works too."""
    sizes: dict[str, Any] = {"embedding_dim": 4, "hidden_dim": 4, "eos_bonus": -20.0}
    case = recurrent(generator, [[7, 8]], 20_000, 3, 3, **sizes)
    with confined(student, evidence, "bookkeeping", 0.45, UNEXPECTED):
        if not right(case.answer(student)):
            raise Wrong(
                "with a large vocabulary the hypotheses are not the best ones",
                "ids are int64, log-probabilities float32 or better, and all candidates are "
                "compared",
            )


@pytest.mark.graded(line="mode", weight=2, after=[STATES])
def test_dropout_is_off(student: Probed, generator: torch.Generator) -> None:
    """A model that was in train mode is searched without dropout, encoder and decoder."""
    case = clear_graph(generator, 2, 4, rows=2)
    model = {**case.model, "dropout": 0.5}
    trained = replace(case, model=model)
    run = trained.run(student, training=True)
    with priced("", 1.0):
        expect_eval_mode(run)
        expect(
            all(map(same, case.ask(student), trained.read(student, run, training=True)[1])),
            "a model that was in train mode gets other hypotheses",
            "call model.eval() before the first call of the encoder",
        )


@pytest.mark.graded(line="mode", weight=2, after=[CORE])
def test_modes_are_as_before(student: Probed, generator: torch.Generator) -> None:
    """The model's training flag and the program's gradient mode are afterwards what they were."""
    for model in (stories.nothing_to_say(2), clear_graph(generator, 2, 3, rows=2).model):
        for training, grad in ((True, True), (False, True), (True, False), (False, False)):
            options = {"beam_width": 2, "max_length": 3, "training": training, "grad": grad}
            run = run_of(student, model, **options)
            with priced("", 1.0 if grad and not run["grad_after"] else 0.7):
                expect_modes(run, training, grad)


@pytest.mark.graded(line="mode", weight=2, after=[CORE])
def test_builds_no_graph(student: Probed, generator: torch.Generator) -> None:
    """Searching builds no gradient graph."""
    model = recurrent(generator, [[7, 8], [3]], 11, 2, 3).model
    with priced("", 0.8):
        expect_no_graph(run_of(student, model, beam_width=2, max_length=3))


@pytest.mark.graded(line="mode", weight=1, after=[CORE])
def test_changes_nothing_and_repeats_itself(student: Probed, generator: torch.Generator) -> None:
    """Weights, inputs and the program's settings do not change; a second call gives the same."""
    model = clear_graph(generator, 3, 4, rows=2).model
    options: dict[str, Any] = {"beam_width": 3, "max_length": 4}
    options |= {"times": len(SEEDS), "seeds": SEEDS}
    each = runs(student.beam(model=model, **batch_of(model), **options), len(SEEDS))
    first, *_, second = each
    with priced("", 1.0):
        expect_untouched(first)
    with priced("", 1.0 if any(run["settings_changed"] for run in each) else 0.7):
        expect_world_untouched(each)
    if first["result"] is None:
        return
    pairs = zip(*(hypothesis_rows(run, 2, 3, empty=True) for run in (first, second)), strict=True)
    if not all(same(a, b) for a, b in pairs):
        refuse(KEPT_FROM_BEFORE)
    trained = clear_graph(generator, 3, 4, rows=2).model
    asked = {**batch_of(model), **options, "times": 2, "seeds": None}
    before, after = runs(student.beam(model=model, **asked, becomes=trained), 2)
    expect_answered_anew(before, after, clean="mode")


@pytest.mark.graded(
    line="selection",
    weight=2,
    after=RULE,
    stays="all parts together, on a trained translator and real sentences",
)
def test_translates_as_well_as_the_model_can(
    student: Probed,
    reference: Probed,
    generator: torch.Generator,
    evidence: torch.Generator,
    salt: str,
    record_property: Callable[[str, object], None],
) -> None:
    """On a trained translator and new sentences your best hypotheses are as good as the rule's."""
    sentences = quality.hidden_sentences(salt)
    scorer = quality.hidden_scorer(salt)
    case = SearchCase(sentences.model, scorer, QUALITY_WIDTH, quality.MAX_LENGTH, 0.6)
    answers = [case.answer(side) for side in (student, reference)]
    said, best = ([row[0].tokens if row else () for row in rows] for _, rows in answers)
    record_property("beam BLEU on hidden sentences", round(quality.bleu(sentences, said), 1))
    if answers[0][1].unsorted or right(answers[0]):
        return  # in another order one cannot tell which are meant to be the best
    if not all(said) or quality.regret(sentences, said, best, 0.6) > quality.REGRET:
        expect_ordinary(student, evidence)
        raise Wrong(
            "on a trained translator your best hypotheses score less than those of the rule",
            "the earlier checks name the step that goes wrong",
        )


@pytest.mark.graded(line="mode", weight=1, after=[STATES])
def test_works_on_another_device(
    student: Probed, generator: torch.Generator, record_property: Callable[[str, object], None]
) -> None:
    """With the model and the sentences on a GPU, the tensors you make are there too."""
    model = {**clear_graph(generator, 3, 4, rows=2, eos_bonus=0.5).model, "max_rows": 1000}
    options: dict[str, Any] = {"beam_width": 3, "max_length": 4, "length_penalty": 0.6}
    report = student.beam_on(model=model, **batch_of(model), **options)
    with priced("", 0.9):
        expect_at_home(report, "beam_search", record_property)


@pytest.mark.graded(line="scores", weight=0)
def test_heeds_the_model(student: Probed, generator: torch.Generator) -> None:
    """Other models give other hypotheses for the same sentence."""
    one, other = telling(generator, Rule(width="one"), endless=True)
    models = [one.model, {**other.model, "sources": one.model["sources"]}]
    found = [run_of(student, model, **one.inputs()) for model in models]
    answers = [parts(run, "result", "inputs") for run in found]
    expect_heed(answers, "extend what is live by the words that the decoder finds probable")


@pytest.mark.graded(line="scores", weight=0, after=[STATES])
def test_hears_the_model(student: Probed, generator: torch.Generator) -> None:
    """The hypotheses come from the model: it is given their words, and says what comes next."""
    cases = telling(generator, Rule(width="one"), endless=True)
    said = [heard(case, student) for case in cases]
    expect(
        None not in said and said[0] != said[1],
        "the hypotheses do not come from what the model says",
        "give each live hypothesis's last word and state to model.decoder, and choose by what it "
        "returns",
    )


@pytest.mark.graded(line="selection", weight=0, after=[STATES])
def test_works_with_one_place(student: Probed, generator: torch.Generator) -> None:
    """With beam_width 1 a sentence begins as its greedy translation does."""
    options: dict[str, Any] = {"rows": 1, "eos_bonus": -1.0}
    begun = []
    for seed in (1, 2):
        case = clear_graph(generator, 1, 6, seed=seed, **options)
        try:
            begun.append(greedily(case, student))
        except StudentFault:
            good = right(clear_graph(generator, 3, 5, seed=seed, **options).answer(student))
            begun.append(FIRST_WORDS if good else 0)
    expect(
        min(begun) > 0 and sum(begun) >= FIRST_WORDS,
        "not even the greedy translation is found with one place in the beam",
        "start from BOS and the encoder's state, and give the decoder its own last word and "
        "state at each step",
    )


@pytest.mark.graded(line="selection", weight=0, after=[STATES])
def test_is_a_beam_search(student: Probed, generator: torch.Generator) -> None:
    """It is a beam search: not greedy, not drawn at random, not best-first."""
    expect_beam(student, telling(generator, Rule(width="one"), *BEST_FIRST, eos_bonus=-0.5))


@pytest.mark.graded(line="selection", weight=0, after=[STATES])
def test_lets_hypotheses_compete(student: Probed, generator: torch.Generator) -> None:
    """The candidates of all live hypotheses compete for the places."""
    expect_competition(student, telling(generator, Rule(children="one"), eos_bonus=-0.5))


@pytest.mark.graded(line="selection", weight=0, after=[STATES])
def test_prunes(student: Probed, generator: torch.Generator) -> None:
    """It keeps beam_width candidates at each step, and not all of them."""
    options: dict[str, Any] = {"rows": 1, "vocab_size": 6, "specials": (4, 1, 3)}
    cases = [
        clear_graph(generator, 2, 4, telling=(Rule(width="all"),), seed=seed, **options)
        for seed in (1, 2)
    ]
    expect_pruned(student, cases)


@pytest.mark.graded(line="ranking", weight=0, after=[FORM])
def test_returns_something(student: Probed, generator: torch.Generator) -> None:
    """What is found is returned."""
    case = clear_graph(generator, 2, 4, rows=1, eos_bonus=0.5)
    with float_is_no_index():
        run = case.run(student)
    expect(run["result"] is not None, *NOTHING)
