"""What a decoder returned: taken out of a report, and compared with what it was asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from checks.expect import Wrong, close, expect

from ..probed import Probed
from ..shared.precision import DIGITS, PRECISION
from .asking import BY_CHANCE, CHANCE, MISSING, UNREGISTERED, known, same, tell, unchanged
from .forms import Slip, as_scores, take_apart
from .steps import IGNORED, NORMALISED, Reading, filling_of, readings

Decoding = tuple[Tensor, Tensor, Tensor]
Call = tuple[Tensor, ...]


def decodings(report: Any, calls: Sequence[Call], config: dict[str, Any]) -> list[Decoding]:
    """Take (logits, h, c) of each call out of a report, or say what is wrong with it.

    What is wrong with their form alone is put right.
    """
    results: Any = report.get("results") if isinstance(report, dict) else None
    expect(
        isinstance(results, list) and len(results) == len(calls),
        "the answers of your decoder could not be read",
    )
    batch_first = False
    for _ in range(2):
        taken = [
            take_apart(value, len(call[0]), config, given_of(call), batch_first)
            for value, call in zip(results, calls, strict=True)
        ]
        slips = [slip for one in taken for slip in one.slips]
        if batch_first or not any("batch first" in slip.says for slip in slips):
            break
        batch_first = True  # then also where the sizes leave it open
    answers = []
    for one in taken:
        logits, more = (one.logits, ()) if one.scoreless else as_scores(one.logits)
        slips += more
        answers.append((logits, one.h, one.c))
    for slip in slips:
        tell(slip)
    return answers


def given_of(call: Call) -> tuple[Tensor, Tensor] | None:
    """The state of a call, if it is not the last one's."""
    return (call[1], call[2]) if len(call) == 3 else None


def lacks_state(report: Any, calls: Sequence[Call], config: dict[str, Any]) -> bool:
    """Whether h or c did not come back, so that what was given stands for it."""
    return any(
        take_apart(value, len(call[0]), config, given_of(call)).stateless
        for value, call in zip(report["results"], calls, strict=True)
    )


def expect_registered(report: dict[str, Any]) -> None:
    """Check that all that must be learned is among the decoder's parameters."""
    told: Any = report.get("parts")
    parts = {part for part in told if isinstance(part, str)} if isinstance(told, list) else set()
    for part, line in (("embedding", "input"), ("lstm", "state_out")):
        if part not in parts:
            share = 1.0 if part == "embedding" else None
            raise Wrong(MISSING[part], UNREGISTERED, line=line, share=share)


PROBE = 0.4  # of every weight, where a step is read
READ_ROWS = 6


def read_step(
    student: Probed,
    config: dict[str, Any],
    rows: int = READ_ROWS,
    scale: float = 1.0,
    seed: int = 0,
) -> tuple[list[Reading], Decoding, Call]:
    """Ask for one step with all weights of the LSTM alike, and say what it may be."""
    generator = torch.Generator().manual_seed(rows)
    V, E = config["vocab_size"], config["embedding_dim"]
    table = torch.randn(V, E, generator=generator)
    call = draw_call(generator, rows, config)
    call[0][0] = V - 1
    call = (call[0], call[1], 1.5 * call[2])
    filling = {**filling_of(table, PROBE), "scale": scale, "seed": seed}
    report = student.decode(config=config, filling=filling, calls=[call])
    answer = decodings(report, [call], config)[0]
    found = readings((answer[1], answer[2]), call, table, PROBE)
    return corrected(student, config, found), answer, call


def corrected(student: Probed, config: dict[str, Any], found: list[Reading]) -> list[Reading]:
    """Readings, in which words that are normalised to a sum of zero are not taken for unread."""
    if not found or IGNORED not in found[0].slips:
        return found
    filling = {"seed": 1, "scale": 0.7}
    call = draw_call(torch.Generator().manual_seed(1), READ_ROWS, config)
    if not {part for part, place in dependences(student, config, filling, call) if place == 0}:
        return found
    return [
        one._replace(slips=tuple(NORMALISED if slip == IGNORED else slip for slip in one.slips))
        for one in found
    ]


def charge(reading: Reading, says: str = "", help: str = "") -> None:
    """Raise the first mistake of a reading, with the others told; nothing if it has none.

    Args:
        says, help: what was observed, in place of the first mistake's own words.
    """
    if not reading.slips:
        return
    first, *others = reading.slips
    for slip in others:
        tell(slip)
    raise known(first._replace(says=says or first.says, help=help or first.help))


def draw_call(generator: torch.Generator, B: int, config: dict[str, Any]) -> Call:
    """A random (previous, h, c), without PAD."""
    words = torch.tensor([i for i in range(config["vocab_size"]) if i != config["pad_id"]])
    previous = words[torch.randint(len(words), (B,), generator=generator)]
    size = (config["num_layers"], B, config["hidden_dim"])
    c = torch.randn(size, generator=generator)
    return previous, torch.tanh(torch.randn(size, generator=generator)), c


def expect_arguments_unchanged(report: dict[str, Any], calls: list[Call]) -> None:
    """Compare what the decoder was given with what is left of it."""
    after: Any = report.get("calls")
    good = isinstance(after, list) and len(after) == len(calls)
    for call, left in zip(calls, after if good else [], strict=good):
        same = isinstance(left, list | tuple) and len(left) == len(call)
        good = good and same and all(equal(x, y) for x, y in zip(left, call, strict=True))
    expect(
        good,
        "previous, h or c is changed by a decoder step",
        "make new tensors: `h += ...`, `h[0] = ...` and methods ending in _ overwrite the "
        "caller's state, which beam search needs again",
        line="clean",
        share=0.65,
    )


def equal(value: Any, tensor: Tensor) -> bool:
    """Whether a value is this very tensor."""
    return isinstance(value, Tensor) and torch.equal(value, tensor)


def expect_steady(
    student: Probed, config: dict[str, Any], filling: dict[str, Any], call: Call
) -> None:
    """Blame chance or memory where a wrong answer is another one when asked again."""
    asked: dict[str, Any] = {"config": config, "filling": filling, "calls": [call] * 2}
    answer, again = decodings(student.decode(**asked), asked["calls"], config)
    if same(answer, again):
        return
    anew = decodings(student.decode(**asked, seed=1), asked["calls"], config)[0]
    expect(same(answer, anew), BY_CHANCE, CHANCE)
    blame_memory(student, config, filling, call)


def blame_memory(
    student: Probed, config: dict[str, Any], filling: dict[str, Any], call: Call
) -> None:
    """Say that a decoder remembers, and whether what it is given counts all the same."""
    other = (call[0], *(part.roll(1, -1) for part in call[1:]))
    asked: dict[str, Any] = {"config": config, "filling": filling}
    later = [
        decodings(student.decode(**asked, calls=[call, second]), [call, second], config)[1]
        for second in (call, other)
    ]
    share = 1.0 if same(*later) else 0.4
    tell(Slip(ANOTHER, NO_MEMORY, "state_in", share))
    raise Wrong(ANOTHER, NO_MEMORY, line="clean", share=0.9)


def expect_rows_apart(
    student: Probed, config: dict[str, Any], filling: dict[str, Any], call: Call, rare: bool = False
) -> None:
    """Check that each row of a batch gets what it gets alone.

    Args:
        rare: whether it does so in batches of other sizes.
    """
    previous, h, c = call
    B = len(previous)
    calls: list[Call] = [call]
    calls += [(previous[b : b + 1], h[:, b : b + 1], c[:, b : b + 1]) for b in range(B)]
    report = student.decode(config=config, filling=filling, calls=calls)
    together, *alone = map(normalised, decodings(report, calls, config))
    parts = zip(*alone, strict=True)  # all rows' logits, h and c
    apart = [torch.cat(part, dim) for part, dim in zip(parts, (0, 1, 1), strict=True)]
    if all(map(close, together, apart)):
        return
    expect_steady(student, config, filling, call)
    expect(
        not all(close(x, y, DIGITS) for x, y in zip(together, apart, strict=True)),
        "a row of a batch and the row alone get the same answer to about two digits only",
        PRECISION,
        line="state_out",
        share=0.25,
    )
    mixed = "a row of a batch gets another answer than the row alone"

    def blame(line: str, share: float) -> Wrong:
        return Wrong(mixed, ROWS_HELP, line=line, share=share)

    if rare:
        raise blame("state_in", 0.33)
    if all(map(close, together[1:], apart[1:])):
        raise blame("logits", 1.0 if is_over_batch(report, call) else 0.75)
    sorted_alike = all(
        close(x.flatten().sort().values, y.flatten().sort().values)
        for x, y in zip(together[1:], apart[1:], strict=True)
    )
    if sorted_alike and close(together[0], apart[0]):
        help = "; view and reshape do not swap dimensions: transpose(0, 1) does"
        raise Wrong(mixed, ROWS_HELP + help, line="state_out", share=0.95)
    firsts: list[Call] = [(previous[b : b + 1], h[:, :1], c[:, :1]) for b in range(B)]
    report = student.decode(config=config, filling=filling, calls=firsts)
    from_first = [normalised(answer) for answer in decodings(report, firsts, config)]
    parts = zip(*from_first, strict=True)
    as_first = [torch.cat(part, dim) for part, dim in zip(parts, (0, 1, 1), strict=True)]
    if not all(map(close, together, as_first)):  # rows run into one another
        tell(Slip(mixed, ROWS_HELP, "state_out", 1.0))
        tell(Slip(mixed, ROWS_HELP, "logits", 0.3))
    raise blame("state_in", 1.0)


def is_over_batch(report: dict[str, Any], call: Call) -> bool:
    """Whether the first answer's logits are probabilities, or their logs, over the batch."""
    result = report["results"][0]
    logits = result[0] if isinstance(result, list | tuple) and result else None
    if not isinstance(logits, Tensor) or logits.ndim != 2:
        return False
    for values in (logits.double(), logits.double().exp()):
        sums = values.sum(0)
        if bool((values >= 0).all()) and close(sums, torch.ones_like(sums), atol=1e-4):
            return True
    return False


def expect_modes_alike(
    student: Probed, config: dict[str, Any], filling: dict[str, Any], call: Call
) -> None:
    """Check that a decoder with dropout 0 answers alike in both modes."""
    answers = []
    for training in (False, True):
        modes: dict[str, Any] = {"training": training, "seed": int(training)}  # any noise shows
        report = student.decode(config=config, filling=filling, calls=[call], **modes)
        answers.append(normalised(decodings(report, [call], config)[0]))
    if all(map(close, *answers)):
        return
    expect_steady(student, config, filling, call)
    help = (
        "use the dropout your decoder is given, the probability to drop and not to keep, and "
        "nothing else that differs between the modes: no number of your own, no batch "
        "normalisation"
    )
    again = decodings(
        student.decode(config=config, filling=filling, calls=[call], training=True, seed=2),
        [call],
        config,
    )[0]
    differ = "with dropout 0, train mode gives another answer than eval mode"
    if same(answers[1], normalised(again)):  # it is no noise
        state_alike = all(map(close, answers[0][1:], answers[1][1:]))
        line, share = ("logits", 0.75) if state_alike else ("clean", 0.5)
        raise Wrong(differ, help, True, line=line, share=share)
    raise Wrong(differ, help, True, share=0.45)


def normalised(answer: Decoding) -> Decoding:
    """Logits as log-probabilities, which they may be already."""
    return log_softmax(answer[0], 1), answer[1], answer[2]


NO_MEMORY = "keep no state on self: all memory is in the (h, c) that is passed in and returned"
BATCH_NORM = "a step in train mode leaves nothing on self, batch normalisation's averages included"
ANOTHER = "asked the same again in eval mode, your decoder answers differently"
ROWS_HELP = (
    "mind which dimension is the batch, whatever its size: h and c are (L, B, H); (B, 1, E) "
    "goes with batch_first=True, (1, B, E) without; log_softmax is over the vocabulary"
)


PLACES = ("the embedding", "the h it is given", "the c it is given")
CUT_OFF = (
    "something cuts the graph: .detach(), .data, torch.no_grad(), .item(), a new "
    "tensor made from values, or an embedding that from_pretrained froze"
)


def gradients_at(report: Any, name: str) -> list[Tensor | None]:
    """The gradients of one total at the embedding and at the state given."""
    return [None if slope is None or not bool(slope.any()) else slope for slope in report[name]]


def expect_arrival(
    student: Probed,
    report: Any,
    config: dict[str, Any],
    filling: dict[str, Any],
    call: Call,
    names: Sequence[str] = ("logits", "h", "c"),
) -> None:
    """Check that logits, h and c carry gradients back to all that they depend on.

    What they do not depend on at all is another mistake's matter.
    """
    arrived = {name: gradients_at(report, name) for name in names}
    lost = {
        (name, place)
        for name in names
        for place in range(len(PLACES))
        if arrived[name][place] is None
    }
    of_logits: set[tuple[str, int]] = set()
    if lost:
        if not are_modes_alike(student, config, filling, call):
            return  # gradients are those of train mode
        depends = dependences(student, config, filling, call)
        lost &= depends
        of_logits = {one for one in depends if one[0] == "logits"}
    for name in names:
        for place, to in enumerate(PLACES):
            if (name, place) not in lost:
                continue
            says = f"no gradient of {name} arrives at {to}"
            if of_logits and of_logits <= lost:
                raise Wrong(says, CUT_OFF)  # nothing can be learned from them
            of_c = all(one == 2 for _, one in lost)
            raise Wrong(says, CUT_OFF, line="learning", share=0.75 if of_c else 1.0)
    slope = arrived["logits"][0] if "logits" in names else None
    if slope is not None:
        idle = idle_words(slope, call[0])
        expect(
            not idle or not are_read(student, config, call, idle),
            "the embedding of an ordinary word gets no gradient: it is never trained",
            "every id below vocab_size has an embedding of its own, and padding_idx, the one that "
            "is not trained, is pad_id, which need not be 0",
            line="learning",
            share=0.6,
        )


def dependences(
    student: Probed, config: dict[str, Any], filling: dict[str, Any], call: Call
) -> set[tuple[str, int]]:
    """Which of logits, h and c change with the word, the h or the c given (0, 1, 2)."""
    previous, h, c = call
    words = [i for i in range(config["vocab_size"]) if i != config["pad_id"]]
    following = dict(zip(words, words[1:] + words[:1], strict=True))
    other = torch.tensor([following.get(i, words[0]) for i in previous.tolist()])
    calls: list[Call] = [call, (other, h, c), (previous, h.roll(1, -1), c)]
    calls.append((previous, h, c.roll(1, -1)))
    report = student.decode(config=config, filling=filling, calls=calls)
    one, *changed = map(normalised, decodings(report, calls, config))
    return {
        (name, place)
        for place, answer in enumerate(changed)
        for name, x, y in zip(("logits", "h", "c"), one, answer, strict=True)
        if not close(x, y, 1e-6, 1e-6)
    }


def are_modes_alike(
    student: Probed, config: dict[str, Any], filling: dict[str, Any], call: Call
) -> bool:
    """Whether train mode gives the answer that eval mode gives."""
    one, other = (
        decodings(
            student.decode(config=config, filling=filling, calls=[call], training=training),
            [call],
            config,
        )[0]
        for training in (False, True)
    )
    return same(normalised(one), normalised(other))


def is_plain(student: Probed, config: dict[str, Any]) -> bool:
    """Whether a step is an LSTM's, row by row, and the same in both modes without dropout, and
    leaves what it is given alone."""
    config = {**config, "dropout": 0.0}
    found, _, call = read_step(student, config)
    if not found or found[0].slips:
        return False
    filling = {"seed": 1, "scale": 0.7}
    report = student.decode(config=config, filling=filling, calls=[call])
    if not unchanged((report.get("calls") or [None])[0], call):
        return False
    try:
        expect_rows_apart(student, config, filling, call)
    except Wrong:
        return False
    return are_modes_alike(student, config, filling, call)


def idle_words(slope: Tensor, previous: Tensor) -> list[int]:
    """The words asked for whose embedding has no gradient in one of the embedding (V, E)."""
    words = sorted(set(previous.tolist()))
    if slope.ndim != 2:
        return words
    return [word for word in words if word >= len(slope) or not bool(slope[word].any())]


def are_read(student: Probed, config: dict[str, Any], call: Call, words: list[int]) -> bool:
    """Whether anything changes with the embeddings of these words, as they are read as they are.

    Of words that are bent before the LSTM some have no slope.
    """
    found, _, _ = read_step(student, config)
    if found and any(slip.line == "input" for slip in found[0].slips):
        return False
    table = torch.randn(
        config["vocab_size"],
        config["embedding_dim"],
        generator=torch.Generator().manual_seed(0),
    )
    other = table.clone()
    other[words] += 1.0
    one, two = (
        decodings(
            student.decode(config=config, filling=filling_of(rows, PROBE), calls=[call]),
            [call],
            config,
        )[0]
        for rows in (table, other)
    )
    return not same(one, two)
