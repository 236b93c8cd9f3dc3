# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Module 04: Sequence-to-Sequence Models
#
# **Difficulty**: ⭐⭐⭐ Advanced
# **Estimated time**: 120 minutes
# **Prerequisites**: Module 03: Recurrent Neural Networks
#
# ## Learning Objectives
#
# By the end of this notebook you will be able to
#
# 1. explain the encoder–decoder architecture, and why variable lengths need it;
# 2. implement a sequence-to-sequence model from scratch in PyTorch;
# 3. train it with teacher forcing, and say what it gains and what it costs;
# 4. decode with greedy search and with beam search;
# 5. build an English-to-French translator and measure it with BLEU and chrF;
# 6. show, with experiments of your own, the limits that led to attention.
#
# ## How this notebook works
#
# You write five pieces of code, each in a cell that is empty now, and one answer in words:
#
# | task | you write | points |
# |---|---|---|
# | `encoder` | the class `Encoder` | {{points encoder}} |
# | `decoder` | the class `Decoder` | {{points decoder}} |
# | `teacher_forcing` | the function `train_step` | {{points teacher_forcing}} |
# | `greedy` | the function `greedy_decode` | {{points greedy}} |
# | `beam_search` | the function `beam_search` | {{points beam_search}} |
# | `translation` | a written answer about your own experiments | 10 |
#
# Everything else is given: the training loop, the measurements, the figures.
#
# **Each task goes the same way.**
#
# 1. A **small example**, worked out with numbers.
# 2. The **contract**, in a box. It says all that is asked. Everything else is your choice.
# 3. **Three hints**, folded away. Open one when you are stuck, then the next. They cost nothing.
# 4. The **empty cell** that you fill.
# 5. `check(...)`: tests that you may see. Marking uses more tests of the same rules, with other
#    inputs.
#
# Below each contract you also find what the points are for, line by line. A mistake costs points on
# the line that it breaks, and only once. The tasks do not depend on each other: `train_step`,
# `greedy_decode` and `beam_search` are marked with models of our own. A mistake in your encoder
# costs you points in `encoder` only.
#
# **Before you run it.** Many cells begin with a question. Say what you expect, *then* look. In the
# cell `predict("name", ...)`, replace the three dots by a number, or by a letter in quotation marks
# such as `"b"`, and run the cell. It tells you at once whether you are right, and why. These
# questions give no points and cost none. A wrong guess is the best moment to learn something.
#
# **A plan for your time.** Reading, questions and code together:
#
# | part | minutes |
# |---|---|
# | Introduction and section 1: the architecture | 11 |
# | Section 2: teacher forcing | 5 |
# | Section 3: how the data looks | 5 |
# | `encoder` | 15 |
# | `decoder` | 11 |
# | `train_step` | 16 |
# | Section 4: `greedy_decode` | 11 |
# | `beam_search` | 25 |
# | Sections 5 and 6: the translator, your answer, the summary | 21 |
# | **together** | **120** |
#
# Training in section 5 takes a few minutes of computer time. Start it, and read on while it runs.

# %% [markdown]
# ## What are Sequence-to-Sequence Models?
#
# A **sequence-to-sequence** model turns one sequence, the *source*, into another, the *target*:
#
# | task | source | target |
# |---|---|---|
# | translation | *the cat sleeps.* | *le chat dort.* |
# | summarisation | a long article | three sentences |
# | question answering | *who wrote this letter?* | *my sister.* |
# | dialogue | *how are you?* | *well, thank you!* |
#
# ### The Challenge
#
# The recurrent network of Module 03 reads $m$ words and gives $m$ outputs: one output for each
# word. That is right for tagging. It is wrong for translation, for three reasons:
#
# - **The lengths differ, and nobody says by how much.** *He will not leave.* has four words, *il ne
#   va pas partir.* has five. The model must decide itself when the translation ends.
# - **The order differs.** *The black cat* is *le chat noir*. *Mary misses Paul* is *Paul manque à
#   Marie*: subject and object change places. The second word of the target may depend on the last
#   word of the source.
# - **One word may become no word, or three.** There is no rule "word 1 becomes word 1".
#
# **The answer** of Cho et al. (2014) and Sutskever et al. (2014): divide the work. One network, the
# *encoder*, reads the whole source and writes nothing. Another network, the *decoder*, starts from
# what the encoder remembers and writes the target, one word at a time. It stops when it writes the
# special token EOS, *end of sequence*.

# %% [markdown]
# ## Setup and Imports

# %% nbgrader={"grade_id": "setup", "locked": true} tags=["worker"]
import heapq
import math
import os
import random
from collections import Counter
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
print(f"Using device: {device}")

# %% nbgrader={"grade_id": "checks", "locked": true}
# nothing to learn here: this finds the checks, and says so where the notebook's folder is missing
import sys
from types import SimpleNamespace

BESIDE = {
    "checks",
    "data",
    "experiments",
    "instruments",
    "pictures",
    "plots",
    "sentences",
    "sheet",
    "stand_ins",
    "toy",
    "training",
    "translation",
    "trees",
}


class FolderMissing(ModuleNotFoundError):
    """This notebook is not in its folder. Shown as one sentence, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def not_found(name: str, path: object = None, target: object = None) -> None:
    """Say where a module belongs; Python asks here last, when it has found it nowhere."""
    if name.partition(".")[0] in BESIDE:
        raise FolderMissing(
            f"`{name}` is not in {os.getcwd()}: this notebook works in the folder that it was "
            "handed out in, beside checks/, data/ and the .py files. Get the whole folder from "
            "where you got the notebook (online, upload all of it), open the notebook in there, "
            "and run it from the top."
        )


sys.meta_path.append(SimpleNamespace(find_spec=not_found))
try:
    from checks import check, predict
except ImportError:  # there may be another package of that name

    def check(task: str, names: dict[str, object]) -> None:
        """Stand for the real one where it is missing."""
        not_found("checks")

    def predict(question: str, answer: object) -> object:
        """Stand for the real one where it is missing."""
        return not_found("checks")

    not_found("checks")

# %% [markdown]
# ## 1. Encoder-Decoder Architecture
#
# There are two recurrent networks. They are connected at one point only. Run the next cell to see
# them, here with two layers each.

# %% nbgrader={"grade_id": "pictures", "locked": true}
import pictures

pictures.unrolled()

# %% [markdown]
# Read the picture from the top:
#
# 1. The **encoder** reads the source, one word at each step. Its final state, of every layer, is
#    the **context**.
# 2. The **decoder** starts from the context. At each step it gets the previous word of the target
#    and predicts the next one. Its first input is the token BOS, *begin of sequence*. Its last
#    output is EOS.
#
# All that the decoder learns about the source comes through the context. How large is the context?
#
# {{predict context_size}}

# %%
predict("context_size", ...)

# %%
pictures.bottleneck()

# %% [markdown]
# The context has one fixed size, for short sentences and for long ones. It is a **bottleneck**.
# Remember this picture: section 5 measures what it costs.
#
# ### Mathematics
#
# We want the probability of a target $y_1, \dots, y_n$ (with $y_n = \text{EOS}$), given a source
# $x_1, \dots, x_m$. The chain rule of probability says, without any assumption:
#
# $$p(y \mid x) = \prod_{t=1}^{n} p(y_t \mid y_1, \dots, y_{t-1}, x).$$
#
# EOS is a word like the others. So this is a distribution over sentences of *every* length. That is
# how the model can choose the length.
#
# **Encoder.** $e(x_t)$ is the embedding of a source word. An LSTM updates a hidden state $h$ and a
# cell state $c$:
#
# $$h_t^{\text{enc}}, c_t^{\text{enc}} = \text{LSTM}\big(e(x_t),\; h_{t-1}^{\text{enc}},\;
# c_{t-1}^{\text{enc}}\big), \qquad t = 1, \dots, m.$$
#
# <details><summary>What happens inside an LSTM (from Module 03)</summary>
#
# With $z = [e(x_t); h_{t-1}]$,
#
# $$\begin{aligned}
# i &= \sigma(W_i z + b_i) & f &= \sigma(W_f z + b_f) & o &= \sigma(W_o z + b_o) \\
# g &= \tanh(W_g z + b_g) & c_t &= f \odot c_{t-1} + i \odot g & h_t &= o \odot \tanh(c_t).
# \end{aligned}$$
#
# </details>
#
# **Several layers.** With $L$ layers there are $L$ LSTMs, each with weights of its own. Layer 1
# reads the words. Every other layer $l$ reads the $h$ of the layer below, at the same step:
#
# $$h_t^{(1)}, c_t^{(1)} = \text{LSTM}^{(1)}\big(e(x_t),\; h_{t-1}^{(1)},\; c_{t-1}^{(1)}\big),
# \qquad
# h_t^{(l)}, c_t^{(l)} = \text{LSTM}^{(l)}\big(h_t^{(l-1)},\; h_{t-1}^{(l)},\; c_{t-1}^{(l)}\big).$$
#
# So a state is not one vector but $L$ pairs $(h^{(l)}, c^{(l)})$. PyTorch puts them into two
# tensors `h` and `c`, with the layers first.
#
# **Context.** The context is the pairs of *all* layers after the last source word. The decoder
# starts from them, unchanged, as in Sutskever et al. (2014). For each layer $l$,
# $h_0^{\text{dec},(l)} = h_m^{\text{enc},(l)}$ and $c_0^{\text{dec},(l)} = c_m^{\text{enc},(l)}$.
# There are other designs: Cho et al. (2014) give the context to the decoder again at every step.
#
# **Decoder.** Its layers work in the same way, from $y_0 = \text{BOS}$ on. The top layer, $L$,
# gives the probabilities of the next word:
#
# $$p(y_t \mid y_1, \dots, y_{t-1}, x) = \text{softmax}\big(W h_t^{\text{dec},(L)} + b\big)_{y_t}.$$

# %% [markdown]
# ## 2. Teacher Forcing
#
# How do we train it? We make the log-probability of the correct translations as large as possible.
# That is the same as making this loss as small as possible:
#
# $$\mathcal{L} = -\frac{1}{N} \sum_{b} \sum_{t}
# \log p\big(y_t^{(b)} \mid y_1^{(b)}, \dots, y_{t-1}^{(b)}, x^{(b)}\big).$$
#
# $b$ counts the sentences of the batch. $N$ is the number of target tokens in the batch: EOS
# counts, padding does not.
#
# Look at the condition, after the bar. At step $t$ the decoder is given the *correct* words before
# $y_t$, even where it would have said another word. That is **teacher forcing** (Williams & Zipser,
# 1989). The other way is to give the decoder its own words. That is called **free running**:
#
# ```python
# previous = bos
# for gold in target[1:]:
#     logits, state = decoder(previous, state)
#     loss += cross_entropy(logits, gold)
#     if teacher_forcing:
#         previous = gold               # the correct word
#     else:                             # free running
#         previous = logits.argmax()    # the word it would have said
# ```
#
# *Gold* is the usual name for the correct word.
#
# {{predict teacher_input}}

# %%
predict("teacher_input", ...)

# %%
pictures.feeding()

# %% [markdown]
# **Why do we force?** At the beginning of training the decoder's words are random. In free running,
# after one wrong word, all later steps must continue a wrong beginning. The mistakes add up, and
# the gradient is of little use. With the correct words as inputs, each step is an ordinary
# classification.
#
# **What does it cost?** In use there is no teacher. The decoder has seen only correct words as
# inputs. It has never practised going on after its own mistake. This difference between training
# and use is called **exposure bias**.
#
# **Between the two.** Bengio et al. (2015) toss a coin at each step. It decides whether the next
# input is the gold word or the model's own word. They call it *scheduled sampling*. The probability
# of the gold word is our `teacher_forcing_ratio`: 1 is teacher forcing, 0 is free running.

# %% [markdown]
# ## 3. Implementing Seq2Seq
#
# Sentences become tensors of word ids. **The batch comes first, always.** For the two pairs
#
# > *the cat sleeps.* → *le chat dort.* and *he leaves.* → *il part.*
#
# a batch looks like this (words instead of ids, so that you can read it):
#
# ```
# source  (2, 4)   the  cat     sleeps  .        source_lengths (2,)   4
#                  he   leaves  .       PAD                            3
#
# target  (2, 6)   BOS  le   chat  dort  .    EOS
#                  BOS  il   part  .     EOS  PAD
# ```
#
# Each *row* is a sentence. The same letters mean the same sizes everywhere:
#
# | letter | what it counts | letter | what it counts |
# |---|---|---|---|
# | B | rows: the sentences of a batch | V | words of the vocabulary |
# | S | columns of `source` | E | numbers in an embedding |
# | T | columns of `target` | H | numbers in one layer's h |
# | | | L | layers |
#
# - `source (B, S)`, int64: padded at the right. `source_lengths (B,)`, int64: each at least 1, in
#   no special order, on the same device as `source`. The longest may be shorter than S. What stands
#   at a padded position is *not specified*. It is often PAD, but any id may stand there: trust the
#   lengths and not the ids.
# - `target (B, T)`, int64: BOS, the words, one EOS, then PAD up to column T.
# - `pad_id`, `bos_id`, `eos_id` are given, as arguments or attributes. They are three different
#   ids. You may assume no more than that: PAD need not be 0.
# - The model and the batch are on one device, and it may be a GPU. What you make or return belongs
#   there too: `torch.zeros(..., device=source.device)`. If an `__init__` makes a tensor besides its
#   modules, register it (`register_buffer`), so that `.to(device)` moves it too. You need no GPU to
#   test this: the checks simulate one.
# - Numbers are float32, or more precise.
#
# Two small classes are given. `Seq2Seq` only holds the parts together. It has no `forward`.

# %% nbgrader={"grade_id": "given", "locked": true} tags=["worker"]
State = tuple[Tensor, Tensor]  # (h, c), each (layers, batch, hidden)


class Seq2Seq(nn.Module):
    """An encoder and a decoder, and the three ids that both need.

    Attributes: encoder, decoder, pad_id, bos_id, eos_id.
    """

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, pad_id: int, bos_id: int, eos_id: int
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.pad_id = pad_id
        self.bos_id = bos_id
        self.eos_id = eos_id


class Hypothesis(NamedTuple):
    """One translation that beam search returns, without the BOS it starts from."""

    tokens: list[int]
    log_prob: float
    score: float


# %% [markdown]
# And here is a toy to try your functions on: a "translator" for a language of two words, *a* and
# *b*. It is so small that you can calculate everything by hand. Its next word depends on its last
# word only, by a table of probabilities. The first word of the source chooses the table. Its ids
# are a = 0, b = 1, EOS = 2, BOS = 3, PAD = 4. You will need these three tables again. For example,
# in table 0, *a* has probability 0.7 after BOS.
#
# | table 0, after | a | b | EOS | | table 1, after | a | b | EOS | | table 2, after | a | b | EOS |
# |---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
# | BOS | 0.7 | 0.1 | 0.2 | | BOS | 0.3 | 0.1 | 0.6 | | BOS | 0.8 | 0.1 | 0.1 |
# | a | 0.5 | 0.4 | 0.1 | | a | 0.5 | 0.4 | 0.1 | | a | 0.2 | 0.7 | 0.1 |
# | b | 0.05 | 0.05 | 0.9 | | b | 0.2 | 0.1 | 0.7 | | b | 0.2 | 0.1 | 0.7 |
# | EOS | 0.2 | 0.3 | 0.5 | | EOS | 0.2 | 0.3 | 0.5 | | EOS | 0.2 | 0.3 | 0.5 |

# %% nbgrader={"grade_id": "toy", "locked": true}
from toy import BOS, EOS, PAD, A, B, ToyEncoder, letters, toy_decoder

after_eos = {"a": 0.2, "b": 0.3, "EOS": 0.5}
after_b = {"a": 0.2, "b": 0.1, "EOS": 0.7}
tables = [
    {
        "BOS": {"a": 0.7, "b": 0.1, "EOS": 0.2},
        "a": {"a": 0.5, "b": 0.4, "EOS": 0.1},
        "b": {"a": 0.05, "b": 0.05, "EOS": 0.9},
        "EOS": after_eos,
    },
    {
        "BOS": {"a": 0.3, "b": 0.1, "EOS": 0.6},
        "a": {"a": 0.5, "b": 0.4, "EOS": 0.1},
        "b": after_b,
        "EOS": after_eos,
    },
    {
        "BOS": {"a": 0.8, "b": 0.1, "EOS": 0.1},
        "a": {"a": 0.2, "b": 0.7, "EOS": 0.1},
        "b": after_b,
        "EOS": after_eos,
    },
]


def toy_model() -> Seq2Seq:
    """Return the toy translator with the tables above."""
    return Seq2Seq(ToyEncoder(), toy_decoder(*tables), pad_id=PAD, bos_id=BOS, eos_id=EOS)


# %% [markdown]
# ### Task `encoder` ({{points encoder}} points)
#
# **A small example.** Take a recurrent network that you can calculate in your head: $h_t = \tfrac12
# h_{t-1} + x_t$ with $h_0 = 0$. The batch has two rows, padded with 0:
#
# | | $x_1$ | $x_2$ | $x_3$ | $x_4$ | length | $h_1$ | $h_2$ | $h_3$ | $h_4$ |
# |---|---|---|---|---|---|---|---|---|---|
# | row 0 | 4 | 2 | 2 | 0 | 3 | 4 | 4 | **4** | 2 |
# | row 1 | 2 | 4 | 0 | 0 | 2 | ? | ? | ? | ? |
#
# Row 0 has three real tokens, so its context is $h_3 = 4$. Fill row 1 yourself.
#
# {{predict row_1_context}}

# %%
predict("row_1_context", ...)

# %%
pictures.padding()

# %% [markdown]
# The last column would give 1.25 for row 1. A network that goes on reading padding slowly forgets
# the sentence, even where the padding is all zeros. And in another batch, with more padding, row 1
# would get another context. Note also that the longest row has length 3 and S is 4: the batch keeps
# its four columns.
#
# PyTorch's `pack_padded_sequence` and `pad_packed_sequence` (imported above) make an LSTM skip the
# padding. Read what they say about the *order* of the lengths (`enforce_sorted`), about the
# *device* of the lengths, and about the width of the result (`total_length`). You may also do
# without them.
#
# > **Contract** `Encoder(vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id)`,
# > `forward(source, source_lengths) -> (outputs, (h, c))`
# >
# > - Embedding, then an LSTM in one direction with `num_layers` layers. In training mode, dropout
# >   on the embeddings; dropout between layers too if you like; nowhere else.
# > - `outputs (B, S, H)`: the top layer's h at every position, *undefined* at padded positions.
# >   The second dimension is S, also when `max(source_lengths) < S`.
# > - `h` and `c`, each `(L, B, H)`: the states of every layer after each row's last real token,
# >   rows in the order in which they came.
# > - Row b is what the encoder would return for that row alone without padding (to 1e-5).
# > - Every gate of every layer has weights of its own. All weights are parameters of the module.
# >   Gradients pass through `outputs`, `h` and `c` to every one that is used, and to the embedding
# >   of every word except PAD.
# > - Nothing is remembered between calls: in evaluation mode the same arguments give the same
# >   answer. The arguments, the mode and the seed are left as they were.
# >
# > *Free:* how it is written, packing or masking, names and initialisation of the parameters, one
# > bias vector or two (but not none), whether the embedding of PAD is learned.
#
# <details><summary>What the {{points encoder}} points are for</summary>
#
# {{rubric encoder}}
#
# </details>
#
# <details><summary>Hint 1: a question</summary>
#
# An LSTM gives you two things: the outputs of all positions, and a final state. After which
# position is that state, if a row has padding? What must the LSTM know so that it can stop earlier,
# and who tells you: the ids or the lengths?
#
# </details>
# <details><summary>Hint 2: the parts</summary>
#
# `__init__` needs three modules: an embedding, a dropout, an LSTM. Look up in PyTorch's pages what
# `batch_first`, `num_layers` and `dropout` of `nn.LSTM` mean. With one layer, `nn.LSTM` warns if
# its own dropout is not 0.
#
# A packed sequence remembers the length of each row. An LSTM that gets one returns the state after
# each row's last real token, for all layers, in the order of your rows.
#
# </details>
# <details><summary>Hint 3: the outline of <code>forward</code></summary>
#
# 1. Look up the embeddings; apply dropout to them.
# 2. Pack them with the lengths. Packing wants the lengths on the CPU, and must be told that they
#    are not sorted.
# 3. Give the packed sequence to the LSTM. The second thing that it returns is your `(h, c)`.
# 4. Unpack the outputs. Say how wide the result must be: S.
# 5. Return outputs and state.
#
# </details>


# %% nbgrader={"grade_id": "encoder", "solution": true}
class Encoder(nn.Module):
    """Reads a batch of source sentences and returns what it remembers of each."""

    def __init__(
        self,
        vocab_size: int,
        embedding_dim: int,
        hidden_dim: int,
        num_layers: int,
        dropout: float,
        pad_id: int,
    ) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(
            embedding_dim,
            hidden_dim,
            num_layers,
            batch_first=True,
            dropout=dropout if num_layers > 1 else 0.0,
        )
        ### END SOLUTION

    def forward(self, source: Tensor, source_lengths: Tensor) -> tuple[Tensor, State]:
        """Encode a right-padded batch.

        Args:
            source: (B, S) int64 token ids; what stands after a row's length is unspecified.
            source_lengths: (B,) int64, each at least 1, in any order.

        Returns:
            outputs (B, S, H) of the top layer, and the state (h, c), each (L, B, H),
            after each row's last real token.
        """
        ### BEGIN SOLUTION
        embedded = self.dropout(self.embedding(source))  # (batch, source_time, embedding)
        packed = pack_padded_sequence(
            embedded,
            source_lengths.cpu(),  # packing wants its lengths on the CPU
            batch_first=True,
            enforce_sorted=False,
        )
        packed_outputs, state = self.lstm(packed)
        outputs, _ = pad_packed_sequence(
            packed_outputs, batch_first=True, total_length=source.shape[1]
        )  # (batch, source_time, hidden)
        return outputs, state
        ### END SOLUTION


# %% nbgrader={"grade_id": "test_encoder", "grade": true, "locked": true}
check("encoder", globals())

# %% [markdown]
# Try it. In the next cell row 1 is encoded twice: together with row 0, and alone without padding.
# Padding has id 9, the batch has a column more than it needs, and one padded position holds an
# ordinary word.
#
# {{predict row_alone}}

# %%
predict("row_alone", ...)

# %% tags=["raises-exception"]
encoder = Encoder(vocab_size=10, embedding_dim=6, hidden_dim=8, num_layers=2, dropout=0.0, pad_id=9)
source = torch.tensor([[5, 3, 7, 9, 9], [1, 2, 4, 9, 9]])  # in row 1, the 4 is beyond the end
source_lengths = torch.tensor([3, 2])
outputs, (h, c) = encoder(source, source_lengths)
_, (h_alone, c_alone) = encoder(source[1:, :2], source_lengths[1:])
print("outputs", tuple(outputs.shape), " h", tuple(h.shape), " c", tuple(c.shape))
print("largest difference between row 1 in the batch and alone:")
print(f"  h {(h[:, 1:] - h_alone).abs().max():.1e}   c {(c[:, 1:] - c_alone).abs().max():.1e}")

# %% [markdown]
# ### Task `decoder` ({{points decoder}} points)
#
# The encoder sees the whole source at once. The decoder takes **one step** at a time, because each
# input depends on the step before.
#
# **A small example.** B = 3 rows, L = 2 layers, H = 8, and a vocabulary of V = 11. One step:
#
# | | shape | |
# |---|---|---|
# | `previous` | (3,) | one id for each row |
# | embedded | (3, E), for an LSTM (3, 1, E) | a sequence of length 1 |
# | `h`, `c` going in | (2, 3, 8) | layers first: `batch_first` does not apply to states |
# | output of the LSTM | (3, 1, 8) | equal to the new top-layer `h[-1]`, apart from the 1 |
# | `logits` | ? | a score for every word, in every row |
#
# {{predict logits_shape}}

# %%
predict("logits_shape", ...)

# %% [markdown]
# **From logits to probabilities.** Logits are scores of any size. Softmax makes probabilities of
# them. For the logits $(2, 1, 0)$: $e^2, e^1, e^0 = 7.39, 2.72, 1$, together $11.11$, so $p =
# (0.665, 0.245, 0.090)$ and $\log p = (-0.408, -1.408, -2.408)$. If you add a constant to all
# logits, the probabilities stay the same. So log-probabilities are logits too. Probabilities are
# *not*: softmax of $(0.665, 0.245, 0.090)$ is $(0.451, 0.296, 0.253)$, a much flatter distribution.
#
# > **Contract** `Decoder(vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id)`,
# > `forward(previous, (h, c)) -> (logits, (h, c))`
# >
# > - One step: embedding (dropout on it in training mode) → LSTM in one direction with
# >   `num_layers` layers → logits.
# > - The logits are a linear layer of the new top-layer h, and of nothing else: not of the word,
# >   the cell state or the state that came in. There is no activation, normalisation or mask
# >   before, between or after.
# > - `previous (B,)` int64; `logits (B, V)`: unnormalised scores, or log-probabilities, but neither
# >   probabilities nor *negative* log-probabilities. The new `h` and `c` are `(L, B, H)` like the
# >   old.
# > - Row b of a batch is what that row alone would give.
# > - Weights and gradients are as in the encoder: gradients pass through `logits`, `h` and `c`, and
# >   reach the state that came in too.
# > - Nothing is remembered between calls: in evaluation mode the same arguments give the same
# >   answer. The arguments, the mode and the seed are left as they were.
# > - B = 1 works like any other B (careful with `squeeze()` without a dimension).
# >
# > *Free:* as in the encoder. The linear layer is with or without bias, one layer or a product of
# > layers (tied weights). Dropout between the LSTM's layers, or before a linear layer, is allowed.
#
# <details><summary>What the {{points decoder}} points are for</summary>
#
# {{rubric decoder}}
#
# </details>
#
# <details><summary>Hint 1: a question</summary>
#
# `nn.LSTM` expects a sequence. How long is the sequence that you give it in one step? So which
# dimension is missing in your embedded word, and which one is too many in the output?
#
# </details>
# <details><summary>Hint 2: the parts</summary>
#
# `__init__` needs what the encoder's has, and one linear layer more, from H numbers to V scores.
# `unsqueeze(1)` adds a dimension of size 1 after the first. `squeeze(1)` takes it away again, and
# leaves a batch of one row alone.
#
# </details>
# <details><summary>Hint 3: the outline of <code>forward</code></summary>
#
# 1. Look up the embedding of each row's previous token; apply dropout.
# 2. Make it a sequence of length 1.
# 3. Give it to the LSTM, together with the state that came in. You get an output and the new state.
# 4. Take the dimension of size 1 out of the output, then apply the linear layer: the logits.
# 5. Return the logits and the new state. Store nothing on `self`.
#
# </details>


# %% nbgrader={"grade_id": "decoder", "solution": true}
class Decoder(nn.Module):
    """Predicts the next target token from the previous one and the state."""

    def __init__(
        self,
        vocab_size: int,
        embedding_dim: int,
        hidden_dim: int,
        num_layers: int,
        dropout: float,
        pad_id: int,
    ) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(
            embedding_dim,
            hidden_dim,
            num_layers,
            batch_first=True,
            dropout=dropout if num_layers > 1 else 0.0,
        )
        self.output = nn.Linear(hidden_dim, vocab_size)
        ### END SOLUTION

    def forward(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Take one step.

        Args:
            previous: (B,) int64, the token before the one to predict.
            state: (h, c), each (L, B, H).

        Returns:
            logits (B, V) for the next token, and the new state.
        """
        ### BEGIN SOLUTION
        embedded = self.dropout(self.embedding(previous)).unsqueeze(1)  # (batch, 1, embedding)
        outputs, new_state = self.lstm(embedded, state)  # (batch, 1, hidden)
        logits = self.output(outputs.squeeze(1))  # (batch, vocabulary)
        return logits, new_state
        ### END SOLUTION


# %% nbgrader={"grade_id": "test_decoder", "grade": true, "locked": true}
check("decoder", globals())

# %% [markdown]
# Try it: two steps for the two sentences above, starting from the context that your encoder gave.
#
# {{predict untrained_probability}}

# %%
predict("untrained_probability", ...)

# %% tags=["raises-exception"]
decoder = Decoder(
    vocab_size=11, embedding_dim=6, hidden_dim=8, num_layers=2, dropout=0.0, pad_id=10
)
logits, state = decoder(torch.tensor([3, 3]), (h, c))
print("logits", tuple(logits.shape), " state", [tuple(part.shape) for part in state])
logits, state = decoder(logits.argmax(dim=1), state)
probabilities = logits.softmax(dim=1)
lowest, highest = probabilities.min(), probabilities.max()
print(f"probabilities of the 11 words: from {lowest:.2f} to {highest:.2f}")

# %% [markdown]
# ### Task `teacher_forcing` ({{points teacher_forcing}} points)
#
# **A small example.** The toy translator, table 0, and a batch of two targets:
#
# ```
# target   BOS  a  b    EOS
#          BOS  a  EOS  PAD
# ```
#
# {{predict loss_tokens}}

# %%
predict("loss_tokens", ...)

# %% [markdown]
# *Teacher forcing* (ratio 1): the inputs are the targets, one step earlier.
#
# | step | row 0: input | scored against | $-\log p$ | | row 1: input | scored against | $-\log p$ |
# |---|---|---|---|---|---|---|---|
# | 1 | BOS | a | $-\ln 0.7 = 0.357$ | | BOS | a | $-\ln 0.7 = 0.357$ |
# | 2 | a | b | $-\ln 0.4 = 0.916$ | | a | EOS | $-\ln 0.1 = 2.303$ |
# | 3 | b | EOS | $-\ln 0.9 = 0.105$ | | EOS | PAD | not counted |
#
# The loss is the sum over the batch, divided by the number of real tokens: $4.038 / 5 =
# \mathbf{0.808}$. It is not the mean of the rows' means, $(0.459 + 1.330)/2 = 0.895$. Every *token*
# has the same weight, so a long sentence counts more than a short one.
#
# {{predict free_running_loss}}

# %%
predict("free_running_loss", ...)

# %% [markdown]
# *Free running* (ratio 0): after BOS the most probable word is *a*, after *a* it is *a* again. Row
# 0 gets BOS, a, a as inputs, and its third step now costs $-\ln 0.1 = 2.303$. Row 1 is as before.
# The loss is $6.235 / 5 = \mathbf{1.247}$. What we score against has not changed. Only the inputs
# have.
#
# *A coin at every step* (ratio 0.5). Follow one sentence, target BOS b a b EOS, with the coins
# gold, own, gold:
#
# | step | input | most probable word | scored against | coin | so the next input is |
# |---|---|---|---|---|---|
# | 1 | BOS | a | b | gold | b |
# | 2 | b | EOS | a | own | EOS |
# | 3 | EOS | EOS | b | gold | b |
# | 4 | b | EOS | EOS | | |
#
# At step 2 the model would have ended the sentence. Nothing special happens: EOS is its next input,
# and the other steps are scored as always. If we stopped there, a model could make its loss small
# by ending early.
#
# > **Contract** `train_step(model, optimizer, source, source_lengths, target,
# > teacher_forcing_ratio=1.0, clip=1.0) -> float`
# >
# > - The model is in training mode (`model.train()`). It is used only through one call of
# >   `model.encoder(source, source_lengths)` and, at each step t from 1 to T − 1, one call of
# >   `model.decoder(previous, state)` for the whole batch.
# > - The first input is `target[:, 0]`, the first state the encoder's; each later state is the one
# >   that the decoder returned. The logits of step t are scored against `target[:, t]`.
# > - The next input is the gold token with probability `teacher_forcing_ratio`, else the argmax
# >   over all ids of this step's logits (no gradient through it, no sampling). A new coin is
# >   tossed at every step. Ratios 1 and 0 are exact. Nothing special happens after a predicted EOS.
# > - Loss: the sum of $-\log p$ over the targets that are not `model.pad_id`, divided by their
# >   number in the batch. EOS counts, BOS does not.
# > - Gradients run back through all steps and into the encoder. Those of earlier calls do not
# >   accumulate. The global L2 norm of the gradient of all parameters is clipped to `clip`, once;
# >   then exactly one step of the optimizer that is given.
# > - Returns the loss *before* the update, as a float; a detached 0-d tensor is accepted.
# > - The batch stays as it was, and so does global state: the seeds of all libraries, default dtype
# >   and device, gradient mode, threads and other settings. So call no `seed()`, with or without a
# >   number. Drawing random numbers does not count as a change.
# >
# > *Free:* one coin for the batch or one for each row, any source of randomness, when gradients
# > are zeroed, and the mode in which the model is left.
#
# <details><summary>What the {{points teacher_forcing}} points are for</summary>
#
# {{rubric teacher_forcing}}
#
# </details>
#
# <details><summary>Hint 1: a question</summary>
#
# At step t there are two tokens: the one that goes *in* and the one that the logits are *scored
# against*. Which column of `target` is the second? And the first, with ratio 1? Write both down for
# t = 1, 2, 3 before you write code.
#
# </details>
# <details><summary>Hint 2: the parts</summary>
#
# `F.cross_entropy` can sum instead of averaging (`reduction`), and can skip an id (`ignore_index`).
# Count the real tokens yourself, and divide once, at the end. `random.random() < p` is true with
# probability p: always for 1, never for 0. An argmax has no gradient. To clip the global norm there
# is a function in `nn.utils`, with an underscore at the end of its name.
#
# </details>
# <details><summary>Hint 3: the outline</summary>
#
# 1. Training mode; clear old gradients; encode the source: its state is the first state.
# 2. The first input is the first column of `target`.
# 3. For each further column of `target`: one decoder step; add the summed loss of this column; toss
#    the coin; choose the next input.
# 4. Divide the total by the number of tokens that are not padding.
# 5. Backward, clip, one optimizer step.
# 6. Return the loss as a number.
#
# </details>


# %% nbgrader={"grade_id": "teacher_forcing", "solution": true}
def train_step(
    model: Seq2Seq,
    optimizer: optim.Optimizer,
    source: Tensor,
    source_lengths: Tensor,
    target: Tensor,
    teacher_forcing_ratio: float = 1.0,
    clip: float = 1.0,
) -> float:
    """Train on one batch and return its loss before the update.

    Args:
        source: (B, S) int64. source_lengths: (B,) int64.
        target: (B, T) int64: BOS, words, one EOS, then padding.
        teacher_forcing_ratio: probability that the next input is the gold token.
        clip: largest global L2 norm of the gradient.

    Returns:
        The mean negative log-probability over the batch's non-padding targets.
    """
    ### BEGIN SOLUTION
    model.train()
    optimizer.zero_grad()
    _, state = model.encoder(source, source_lengths)
    previous = target[:, 0]  # (batch,)
    total = torch.zeros((), device=target.device)
    for step in range(1, target.shape[1]):
        logits, state = model.decoder(previous, state)  # (batch, vocabulary)
        gold = target[:, step]  # (batch,)
        total = total + F.cross_entropy(logits, gold, ignore_index=model.pad_id, reduction="sum")
        use_gold = random.random() < teacher_forcing_ratio
        previous = gold if use_gold else logits.detach().argmax(dim=1)  # (batch,)
    loss = total / (target[:, 1:] != model.pad_id).sum()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item()
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_teacher_forcing", "grade": true, "locked": true}
check("teacher_forcing", globals())

# %% [markdown]
# Try it on the example. The losses should be 0.808 and 1.247. With ratio 0.5 you may see either,
# depending on the coin.

# %% tags=["raises-exception"]
source, source_lengths = torch.tensor([[0], [0]]), torch.tensor([1, 1])
target = torch.tensor([[BOS, A, B, EOS], [BOS, A, EOS, PAD]])
for ratio in (1.0, 0.0, 0.5):
    model = toy_model()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    loss = train_step(model, optimizer, source, source_lengths, target, ratio)
    print(f"teacher forcing ratio {ratio}: loss {loss:.3f}")

# %% [markdown]
# ## 4. Decoding Strategies
#
# A trained model gives a probability to every possible translation. To use it, we look for the most
# probable one:
#
# $$\hat y = \arg\max_y \log p(y \mid x) = \arg\max_y \sum_t \log p(y_t \mid y_1, \dots, y_{t-1},
# x).$$
#
# There are $V^n$ candidates of $n$ tokens. Nobody can try them all, so we *search*.
#
# ### Greedy decoding
#
# Take the most probable word, feed it back, and go on until EOS. It costs one decoder step for each
# word. Each choice is final.
#
# ### Task `greedy` ({{points greedy}} points)
#
# **A small example.** A batch of three sources for the toy. Their first words 0, 1, 2 choose the
# tables. `max_length=4`.
#
# {{predict greedy_row_0}}

# %%
predict("greedy_row_0", ...)

# %% [markdown]
# | step | row 0 | row 1 | row 2 |
# |---|---|---|---|
# | 1 | BOS: **a** 0.7, EOS 0.2, … | BOS: **EOS** 0.6, a 0.3, … | BOS: **a** 0.8, b 0.1, … |
# | 2 | a: **a** 0.5, b 0.4, … | finished | a: **b** 0.7, a 0.2, … |
# | 3 | a: **a** 0.5, b 0.4, … | | b: **EOS** 0.7, a 0.2, … |
# | 4 | a: **a** 0.5, b 0.4, … | | finished |
# | result | `[a, a, a, a]` | `[EOS]` | `[a, b, EOS]` |
#
# - Row 0 would never end. It is cut after `max_length` tokens, and no EOS is put at its end.
# - Row 1 ends at once. The empty translation `[EOS]` is allowed: the model chose it.
# - Row 2 ends with its first EOS, *included*. The BOS that every row starts from is in no result.
# - The rows finish at different times. A finished row may stay in the batch, but nothing more is
#   added to its result. After the last row has finished the decoder is not called again.
#
# {{predict greedy_pad}}

# %%
predict("greedy_pad", ...)

# %% [markdown]
# PAD and BOS are words like others here. The toy never says them, but a badly trained model may. If
# after *a* it gave PAD 0.5 and *b* 0.4, the next word would be PAD. It is fed back, the row goes
# on, and the result is `[a, PAD, …]`. Only EOS is special.
#
# > **Contract** `greedy_decode(model, source, source_lengths, max_length) -> list[list[int]]`
# >
# > - A list of integers for each row: at every step the argmax over *all* ids, PAD and BOS too. It
# >   starts from `model.bos_id`, which is not included. It ends with the row's first EOS, which is
# >   included, or after `max_length` tokens without an EOS. No other id ends a row or is left out.
# > - Stops when all rows are finished. Row b is what decoding row b alone would give.
# > - Runs in evaluation mode and builds no graph. Afterwards the model's training flag is as
# >   before, and so are weights and inputs; calling again gives the same.
# > - No global state is changed: gradient mode, default dtype, seeds. Nothing is seeded, by
# >   whatever library.
# >
# > *Free:* whether rows are decoded together or one by one, and whether prefixes are read again.
# > Lists of Python integers; tuples and NumPy integers are accepted too.
#
# <details><summary>What the {{points greedy}} points are for</summary>
#
# {{rubric greedy}}
#
# </details>
#
# <details><summary>Hint 1: a question</summary>
#
# The rows of a batch finish at different steps, but the decoder runs all of them together. How do
# you remember which rows are finished? What do you do with the token that a finished row gets?
#
# </details>
# <details><summary>Hint 2: the parts</summary>
#
# A module knows its own mode: `training` is true or false. Remember it, switch to evaluation, and
# switch back at the end. Inside `with torch.no_grad():` no graph is built, and the gradient mode is
# as before afterwards. `argmax(dim=1)` gives one token for each row; `.tolist()` makes Python
# integers of a tensor.
#
# </details>
# <details><summary>Hint 3: the outline</summary>
#
# 1. Remember the mode; evaluation mode; no gradients.
# 2. Encode. The first input of every row is BOS. No row is finished.
# 3. At most `max_length` times: one decoder step; the argmax of each row is its token and its next
#    input; add the token to the result of each row that is not finished; a row that gets EOS is
#    finished now; leave the loop if all rows are.
# 4. Go back to the mode that you remembered. Return the lists.
#
# </details>


# %% nbgrader={"grade_id": "greedy", "solution": true}
def greedy_decode(
    model: Seq2Seq, source: Tensor, source_lengths: Tensor, max_length: int
) -> list[list[int]]:
    """Translate by taking the most probable token at every step.

    Args:
        source: (B, S) int64. source_lengths: (B,) int64.
        max_length: the largest number of tokens a translation may have.

    Returns:
        For each row its tokens, without BOS, up to and including its first EOS.
    """
    ### BEGIN SOLUTION
    was_training = model.training
    model.eval()
    translations: list[list[int]] = [[] for _ in range(source.shape[0])]
    with torch.no_grad():
        _, state = model.encoder(source, source_lengths)
        previous = torch.full_like(source[:, 0], model.bos_id)  # (batch,)
        finished = torch.zeros_like(previous, dtype=torch.bool)  # (batch,)
        for _ in range(max_length):
            logits, state = model.decoder(previous, state)  # (batch, vocabulary)
            previous = logits.argmax(dim=1)  # (batch,)
            for row, token in enumerate(previous.tolist()):
                if not finished[row]:
                    translations[row].append(token)
            finished = finished | (previous == model.eos_id)
            if finished.all():
                break
    model.train(was_training)
    return translations
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_greedy", "grade": true, "locked": true}
check("greedy", globals())

# %% [markdown]
# Try it on the table above. The sources are padded, the lengths are 2, 1 and 3.

# %% tags=["raises-exception"]
source = torch.tensor([[0, 0, PAD], [1, PAD, PAD], [2, 0, 1]])
source_lengths = torch.tensor([2, 1, 3])
for tokens in greedy_decode(toy_model(), source, source_lengths, max_length=4):
    print(letters(tokens))

# %% [markdown]
# ### Beam search
#
# Greedy decoding of row 0 gave *a a a a*, with probability $0.7 \cdot 0.5^3 = 0.0875$, and without
# an end. But *a b EOS* has $0.7 \cdot 0.4 \cdot 0.9 = 0.252$. The second word, *b*, was a little
# worse than *a*. What came after it was much better. Greedy decoding never looks back.
#
# **Beam search** keeps several beginnings instead of one: the `beam_width` best. A beginning is
# called a *hypothesis*. Beam width 1 is greedy decoding. Sutskever et al. (2014) found that width 2
# gave most of the benefit. Width $k$ costs about $k$ times the decoder work of greedy decoding.
#
# ### Task `beam_search` ({{points beam_search}} points)
#
# **A small example, step by step.** Table 0, `beam_width=2`, `max_length=3`. We multiply
# probabilities here; your program adds logarithms. At each step every *live* hypothesis is extended
# by every token. The best two of all these *candidates* are kept. One that ends in EOS goes to the
# *pool*; the other ones are the new live hypotheses.

# %%
pictures.worked_beam(1)

# %% [markdown]
# After step 1 one hypothesis is live, *a*, and one has ended: *EOS*, the empty translation. It
# waits in the pool.
#
# {{predict beam_step_2}}

# %%
predict("beam_step_2", ...)

# %%
pictures.worked_beam(2)

# %% [markdown]
# A hypothesis that ends leaves the beam, and *the beam is filled up again*. At every step
# `beam_width` candidates are kept, however many have ended before. Now two hypotheses are live,
# with three possible next tokens each.
#
# {{predict beam_step_3}}

# %%
predict("beam_step_3", ...)

# %%
pictures.worked_beam(3)

# %% [markdown]
# `max_length` is reached. What is still live, *a a a*, is *cut*: it goes to the pool without an
# EOS. The pool holds EOS 0.2, a b EOS 0.252, a a a 0.175. The result is the two best of it: **a b
# EOS (0.252)**, **EOS (0.2)**.
#
# **The same with tensors.** You have seen the numbers. These are the shapes, for the toy with V = 5
# ids. *live* is the number of live hypotheses: 1 at steps 1 and 2, then 2.
#
# | | shape | step 1 | step 3 |
# |---|---|---|---|
# | `previous`: the last token of each live hypothesis | (live,) | (1,): BOS | (2,): a, b |
# | `h`, `c`: the state of each live hypothesis | (L, live, H) | (L, 1, H) | (L, 2, H) |
# | log-probabilities from the decoder | (live, V) | (1, 5) | (2, 5) |
# | totals of the candidates: live total + log-probability | (live, V) | (1, 5) | (2, 5) |
# | the same as one long list | (live · V,) | (5,) | (10,) |
# | the best two, and their places | (2,) each | 0.7, 0.2 at 0, 2 | 0.252, 0.175 at 7, 0 |
#
# At step 3 the best candidate stands at place 7 of the list. `divmod(7, 5)` says where it comes
# from.
#
# {{predict parent_of_7}}

# %%
predict("parent_of_7", ...)

# %%
# step 3 of the example: rows are the live hypotheses a a and a b, columns a, b, EOS, BOS, PAD
after = torch.tensor([[0.5, 0.4, 0.1, 0.0, 0.0], [0.05, 0.05, 0.9, 0.0, 0.0]]).log()
live = torch.tensor([0.35, 0.28]).log()
candidates = live.unsqueeze(1) + after
best_two, places = candidates.reshape(10).topk(2)
print("totals of the candidates", tuple(candidates.shape))
for total, at in zip(best_two.exp().tolist(), places.tolist(), strict=True):
    print(f"  p {total:.3f} at place {at}: (live hypothesis, token) = {divmod(at, 5)}")

# %% [markdown]
# **Why states are copied.** The decoder needs the state *after the words of this hypothesis*. The
# states stand in the columns of `h` and `c`, one for each live hypothesis. After a step, the new
# live hypotheses are other ones, in another order. Each must take the column of its parent.
#
# {{predict copied_states}}

# %%
predict("copied_states", ...)

# %%
pictures.copied_states()

# %% [markdown]
# **The rule.** Several algorithms are called beam search, and they give different results. Ours,
# for each row on its own:
#
# ```
# live = {(empty, 0.0)}; pool = {}
# repeat max_length times:
#     candidates = every live hypothesis extended by every token, log-probabilities added
#     keep the beam_width best of the candidates (all if there are fewer; -inf is dropped)
#     those that end in EOS go to the pool, the others are the new live hypotheses
#     stop if none is live
# pool += live                     # cut at max_length: no EOS, nothing added to the score
# score = log_prob / ((5 + length) / 6) ** length_penalty
# return the beam_width best of the pool by score, best first
# ```
#
# Compare what other rules would have given in the example:
#
# | another rule | what is different | its result |
# |---|---|---|
# | the finished stay in the beam | step 2: aa, ab are better: no EOS | a b EOS 0.252, a a a 0.175 |
# | each finished one makes the beam smaller | step 2: only aa is kept | EOS 0.2, a a a 0.175 |
# | stop at the first that finishes | the search ends after step 1 | EOS 0.2 |
#
# All four are really used under the name beam search. Write the rule above.
#
# **Length penalty.** Every further word makes the log-probability smaller, so the search prefers
# short translations. Stahlberg & Byrne (2019) searched exhaustively and found: for more than half
# of their sentences the most probable translation of all is the empty one! Wu et al. (2016) divide
# the log-probability by $\big((5 + \text{length})/6\big)^{\alpha}$. $\alpha$ is the
# `length_penalty`: 0 turns it off. EOS counts for the length, BOS does not.
#
# {{predict beam_penalty}}

# %%
predict("beam_penalty", ...)

# %% [markdown]
# *With `length_penalty=1`* the same pool is ordered anew. For *a b EOS*, $\ln 0.252 = -1.378$,
# length 3: $-1.378 / (8/6) = \mathbf{-1.034}$. For *EOS*, $\ln 0.2 = -1.609$, length 1: $-1.609 /
# (6/6) = \mathbf{-1.609}$. The third, *a a a*, cut at 3 words, has $-1.743 / (8/6) =
# \mathbf{-1.307}$ and overtakes *EOS*. The penalty is used in the final order only: all candidates
# of one step are equally long, so it could not change which are kept.
#
# *Corner cases.* `beam_width=10`, `max_length=1`, table 0: ten places are more than the five ids of
# the vocabulary. PAD and BOS have probability 0, $\log 0 = -\infty$, and are dropped. Three
# hypotheses remain, fewer than `beam_width`: a 0.7 (cut), EOS 0.2, b 0.1 (cut).
#
# > **Contract** `beam_search(model, source, source_lengths, beam_width, max_length,
# > length_penalty=0.0) -> list[list[Hypothesis]]`
# >
# > - For each row, what the rule above returns: a list of at most `beam_width` hypotheses
# >   `Hypothesis(tokens, log_prob, score)`, best score first; plain tuples are accepted.
# > - `tokens` holds integers: not the BOS that all start from; EOS only as the last. PAD and BOS
# >   are words like others: they may be chosen, extended and returned. With PAD 0.5, *a* 0.3 and
# >   EOS 0.2 a beam of two keeps PAD and *a*.
# > - `log_prob` is the sum of the tokens' natural log-probabilities, added in float32 or better.
# >   A hypothesis is dropped only if its `log_prob` is $-\infty$, however small this is. (A product
# >   of probabilities becomes 0 long before, below $e^{-104}$ in float32.)
# > - `score` is `log_prob / ((5 + length) / 6) ** length_penalty`, where length is that of
# >   `tokens`, for all hypotheses alike. Both are Python floats.
# > - `beam_width` may exceed V. Rows do not influence one another.
# > - The rules of `greedy_decode` hold too: evaluation mode, no graph, weights, inputs and global
# >   state as before. Tuples and NumPy numbers are accepted.
# > - Stopping early is allowed only where it cannot change the result. In total, the decoder gets
# >   at most $B \cdot k \cdot M(M+1)/2$ rows, for B sentences, $k$ = `beam_width` and $M$ =
# >   `max_length`. This is enough to start each hypothesis again at every step, but not to try
# >   everything.
# >
# > *Free:* rows together or one by one, prefixes read again or not; which of several equal
# > candidates is kept, and the order of equal scores.
#
# <details><summary>What the {{points beam_search}} points are for</summary>
#
# {{rubric beam_search}}
#
# </details>
#
# <details><summary>Hint 1: a question</summary>
#
# Begin with one row of the batch, and with step 3 of the example. You hold two live hypotheses.
# What must you know of each of them to go on? (There are three things: what it says, what it has
# scored, and what the decoder needs.) When a candidate is kept, from which parent does it get each
# of the three?
#
# </details>
# <details><summary>Hint 2: the parts</summary>
#
# The small example above is the main part: totals as a table, the best of the flattened table,
# `divmod` with V. `topk` cannot give more than there are: ask for the smaller of `beam_width` and
# the number of candidates. `F.log_softmax` turns logits into log-probabilities. To choose columns
# of a tensor, in any order and with repetition, index it with a list: `x[:, [1, 1, 0]]`.
#
# </details>
# <details><summary>Hint 3: the outline</summary>
#
# Write a function for one row first; it starts from that row's columns of the context.
#
# 1. One live hypothesis: no tokens, total 0, last token BOS. The pool is empty.
# 2. At most `max_length` times:
#    - one decoder step for all live hypotheses together;
#    - totals of all candidates; the best `beam_width` of them;
#    - for each of these, unless it is $-\infty$: find its parent and its token. If the token is
#      EOS, put it into the pool. If not, note tokens, total and parent for the next step;
#    - nothing live any more: stop;
#    - give each new live hypothesis the state of its parent.
# 3. Add what is still live to the pool.
# 4. Score, sort, and return the best `beam_width` as `Hypothesis`.
#
# Around it: evaluation mode and no gradients, as in `greedy_decode`; encode once; then row by row.
#
# </details>


# %% nbgrader={"grade_id": "beam_search", "solution": true}
def beam_search(
    model: Seq2Seq,
    source: Tensor,
    source_lengths: Tensor,
    beam_width: int,
    max_length: int,
    length_penalty: float = 0.0,
) -> list[list[Hypothesis]]:
    """Translate by keeping the best `beam_width` hypotheses at every step.

    Args:
        source: (B, S) int64. source_lengths: (B,) int64.
        beam_width: how many hypotheses are kept; may exceed the vocabulary.
        max_length: the largest number of tokens a hypothesis may have.
        length_penalty: exponent of ((5 + length) / 6); 0 turns it off.

    Returns:
        For each row at most `beam_width` hypotheses, best score first.
    """

    ### BEGIN SOLUTION
    def search(state: State) -> list[Hypothesis]:
        live_tokens: list[list[int]] = [[]]
        live_log_probs = torch.zeros(1, device=source.device)  # (live,)
        previous = torch.full((1,), model.bos_id, device=source.device)  # (live,)
        pool: list[tuple[list[int], float]] = []
        for _ in range(max_length):
            logits, state = model.decoder(previous, state)  # (live, vocabulary)
            log_probs = F.log_softmax(logits.float(), dim=1)  # (live, vocabulary)
            totals = (live_log_probs[:, None] + log_probs).flatten()  # (live * vocabulary,)
            kept = totals.topk(min(beam_width, totals.numel()))
            tokens: list[list[int]] = []
            parents: list[int] = []
            survivors: list[float] = []
            for total, index in zip(kept.values.tolist(), kept.indices.tolist(), strict=True):
                if total == -math.inf:
                    continue
                parent, token = divmod(index, logits.shape[1])
                extended = [*live_tokens[parent], token]
                if token == model.eos_id:
                    pool.append((extended, total))
                else:
                    tokens.append(extended)
                    parents.append(parent)
                    survivors.append(total)
            live_tokens = tokens
            if not live_tokens:
                break
            live_log_probs = torch.tensor(survivors, device=source.device)  # (live,)
            previous = torch.tensor([t[-1] for t in tokens], device=source.device)  # (live,)
            state = (state[0][:, parents], state[1][:, parents])  # (layers, live, hidden)
        if live_tokens:
            pool.extend(zip(live_tokens, live_log_probs.tolist(), strict=True))
        hypotheses = [
            Hypothesis(tokens, log_prob, log_prob / ((5 + len(tokens)) / 6) ** length_penalty)
            for tokens, log_prob in pool
        ]
        return sorted(hypotheses, key=lambda hypothesis: -hypothesis.score)[:beam_width]

    was_training = model.training
    model.eval()
    with torch.no_grad():
        _, (h, c) = model.encoder(source, source_lengths)  # (layers, batch, hidden)
        states = zip(h.split(1, dim=1), c.split(1, dim=1), strict=True)  # (layers, 1, hidden) each
        # contiguous: on a GPU the layers take no slice of a batch
        results = [search((h.contiguous(), c.contiguous())) for h, c in states]
    model.train(was_training)
    return results
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_beam_search", "grade": true, "locked": true}
check("beam_search", globals())

# %% [markdown]
# Try it: the example above, the length penalty, and the corner cases.

# %% tags=["raises-exception"]
source, source_lengths = torch.tensor([[0]]), torch.tensor([1])
for beam_width, max_length, length_penalty in [(2, 3, 0.0), (2, 3, 1.0), (10, 1, 0.0)]:
    print(f"width {beam_width}, at most {max_length} tokens, length penalty {length_penalty}")
    (beam,) = beam_search(
        toy_model(), source, source_lengths, beam_width, max_length, length_penalty
    )
    for tokens, log_prob, score in beam:
        print(f"  {letters(tokens):8}  p {math.exp(log_prob):.3f}  score {score:.3f}")

# %% [markdown]
# **Your own beam, as a tree.** This draws what *your* function did. It must show the words and
# numbers of the worked example. It cannot see your pool, only what you return: so *a a a* is grey.
# Then change the table (0, 1 or 2), the width and the length. Before you run it, say which
# hypotheses will be kept. If your search has a mistake, the tree shows where: a word below the
# wrong parent, a step with too few places, or a hypothesis that goes on after EOS.

# %% tags=["raises-exception"]
table, beam_width, max_length = 0, 2, 3
tree = pictures.own_beam(beam_search, toy_model(), [table], beam_width, max_length)
tree

# %% [markdown]
# ## 5. Application: Machine Translation
#
# Now the five parts work together and translate English to French. You write one answer, at the
# end of this section. Everything else you run, look at and think about.
#
# **If a task is not finished, nothing stops.** The cells below use *your* functions. Where one is
# not finished, you see a result that was recorded with the reference solution. It is marked
# RECORDED. You may use it in your answer: say that it is recorded.
#
# The sentences come from a small grammar, written for this course. It has a few hundred words, but
# real difficulties: agreement, negation around the verb, adjectives before and after the noun, time
# expressions that change places, subordinate clauses. We train on the pairs of `data/train.tsv`,
# and measure on those of `data/dev.tsv`. No pair is in both.
#
# The first run of everything takes some minutes. Cells that train print one line for each epoch. If
# your time is short, leave out what is called *extra* or *more*. Your answer does not need it.

# %%
# you may change these settings; then run the cells below again
skip_experiments = (
    "NBGRADER_EXECUTION" in os.environ
)  # True: compute nothing, show what is recorded
use_anyway = set()  # {"encoder"}: use your code for this task, though not all its checks pass
sentences_file = None  # "eng-fra.txt": real sentences in place of the course's, see the end
seed = 0  # another number: other first weights, another order of the pairs

# %% nbgrader={"grade_id": "experiments", "locked": true}
import experiments
import plots
from IPython.display import display
from sentences import load_corpus
from stand_ins import Results
from training import Toolbox, train
from translation import scores

# with matrices as small as these, more threads gain little, and on a busy machine they cost time
torch.set_num_threads(1)
plots.set_style()
random.seed(seed)
np.random.seed(seed)
torch.manual_seed(seed)

corpus = load_corpus(sentences_file)
display(pd.DataFrame(corpus.training[:8]))
results = Results(globals(), anyway=use_anyway, recorded_only=skip_experiments)

# %% [markdown]
# ### The translator
#
# Encoder and decoder have one layer of 192 units each. One processor core trains them in one to two
# minutes. `Toolbox` holds your functions for the experiments.


# %%
def new_model() -> Seq2Seq:
    """Return a translator with fresh weights."""
    sizes = {"embedding_dim": 64, "hidden_dim": 192, "num_layers": 1, "dropout": 0.0}
    source_vocabulary, target_vocabulary = corpus.source_vocabulary, corpus.target_vocabulary
    encoder = Encoder(len(source_vocabulary), **sizes, pad_id=source_vocabulary.pad_id)
    decoder = Decoder(len(target_vocabulary), **sizes, pad_id=target_vocabulary.pad_id)
    ids = target_vocabulary.pad_id, target_vocabulary.bos_id, target_vocabulary.eos_id
    return Seq2Seq(encoder, decoder, *ids).to(device)


tools = Toolbox(new_model, globals(), corpus.source_vocabulary, corpus.target_vocabulary, device)

# %% [markdown]
# **Training.** The sources are *reversed*: *. sleeps cat the*. Limit 2 below says why. The first
# two epochs hold short sentences only. So the training loss *rises* where the long sentences begin.
#
# An untrained model gives each of the V words a probability of about $1/V$. So the loss should
# start near $\ln V$: check it in the plot. Its unit is the *nat*, the unit of the natural
# logarithm. $e^{\text{loss}}$ is the **perplexity**. A loss of 0.7 nats is a perplexity of 2: at
# every word, the model is as unsure as if it chose between 2 equally probable words. An untrained
# model has a perplexity of about V.
#
# <details><summary>More: five choices that save training time</summary>
#
# - The sources are reversed.
# - The first epoch holds sentences of at most 9 tokens, the second of at most 12. They cost little
#   time, and what they teach helps with the long ones (Bengio et al., 2009: *curriculum learning*).
# - There are many different sentences and few epochs, so there is little to learn by heart.
# - The optimizer is Adam. Its learning rate begins high and falls in a straight line to zero.
# - A batch holds 64 sentences of similar length, so little time is spent on padding.
#
# </details>
# <details><summary>More: why does <code>train_step</code> clip the gradient?</summary>
#
# The gradient of an early state is a product. It has one factor for each step between this state
# and the loss. With thirty factors, the product may become very small or very large. One very large
# gradient moves the weights far away from all that they have learned. Clipping keeps the direction
# of the gradient and makes it shorter (Pascanu et al., 2013).
#
# </details>


# %% tags=["raises-exception"]
def train_translator() -> pd.DataFrame:
    """Train the translator of this section, `model`, and return the history."""
    global model
    model = tools.seeded_model(seed)
    print(f"{sum(weights.numel() for weights in model.parameters()):,} parameters")
    return train(
        model,
        tools,
        corpus.training,
        corpus.validation,
        epochs=2 if sentences_file is None else 20,
        short_first=(9, 12),
        generator=torch.Generator().manual_seed(seed),
    )


history = results.of("training", train_translator)
plots.plot_losses(history)

# %% [markdown]
# **Look at some translations** before you look at numbers. The first twelve sentences are short,
# the last three are long. What is right although the languages differ (order, agreement, *ne …
# pas*)? And *how* are the wrong ones wrong? A typical mistake is not nonsense. It is a correct
# French sentence with another meaning. Some translations are not wrong at all. For example,
# *aujourd'hui* may stand at the beginning or at the end, and there are two ways to ask a question.
# The reference has only one of them.

# %% tags=["raises-exception"]
short, long = experiments.examples(corpus.validation)
looked_at = results.of(
    "translations",
    lambda: experiments.translations(model, tools, short + long, beam_width=5),
    needs=["greedy", "beam_search"],
)
exact = looked_at["beam 5"] == looked_at["reference"]
for which, group in (("short", exact[: len(short)]), ("long", exact[len(short) :])):
    if len(group):  # a file of your own may have no long ones
        print(f"{group.sum()} of {len(group)} {which} ones are exactly the reference, with beam 5")
with pd.option_context("display.max_colwidth", None):
    display(looked_at)

# %% [markdown]
# Now try sentences of your own, with words of the corpus. The last two sentences below differ in
# one word. It decides how the *second French word* is written: *l'étudiant* or *l'étudiante*?

# %% tags=["raises-exception"]
sentences = [
    "the cat does not sleep in the garden.",
    "the student lost his coat.",
    "the student lost her coat.",
]
own_sentences = results.of(
    "own_sentences",
    lambda: experiments.own_sentences(model, tools, sentences, beam_width=5),
    needs=["beam_search"],
)
with pd.option_context("display.max_colwidth", None):
    display(own_sentences)

# %% [markdown]
# ### How good is it? Greedy against beam
#
# **BLEU** (Papineni et al., 2002) compares *n-grams*: sequences of n neighbouring tokens, for n =
# 1, 2, 3 and 4. The *precision* for n is the share of the hypotheses' n-grams that their references
# have too. BLEU is the geometric mean of the four precisions. It is reduced if the text is too
# short. **By hand**, for a corpus of two sentences:
#
# | | hypothesis | reference |
# |---|---|---|
# | 1 | le petit chat ne *mange* pas . | le petit chat ne dort pas . |
# | 2 | il part demain . | il part demain . |
#
# | n | in 1 | in 2 | precision |
# |---|---|---|---|
# | 1 | 6 of 7 | 4 of 4 | 10/11 |
# | 2 | 4 of 6 | 3 of 3 | 7/9 |
# | 3 | 2 of 5 | 2 of 2 | 4/7 |
# | 4 | 1 of 4 | 1 of 1 | 2/5 |
#
# $\text{BLEU} = 100 \cdot \big(\tfrac{10}{11} \cdot \tfrac79 \cdot \tfrac47 \cdot
# \tfrac25\big)^{1/4} = \mathbf{63.4}$. Both texts have 11 tokens, so nothing is taken off for
# length. One wrong word of eleven costs more than a third: it spoils every n-gram that it is in.
#
# <details><summary>More: a text that is too short; BLEU of one sentence</summary>
#
# If the second hypothesis were only *il part .*, the precisions would be 9/10, 5/8, 2/6 and 1/4.
# The text would have 10 tokens for 11. So the mean would be multiplied by $e^{1 - 11/10} = 0.905$:
# $\mathbf{42.1}$.
#
# The counts are added up over the corpus *before* they are divided. A single sentence often has no
# 4-gram in common with its reference. Then its own BLEU would be 0.
#
# </details>
#
# **chrF** (Popović, 2015) is an F-score of n-grams of 1 to 6 *characters*. For chrF, *petite*
# instead of *petit* is nearly right. For BLEU it is simply wrong. Both go from 0 to 100. We compute
# them with `sacrebleu` (Post, 2018), so that the numbers of different people can be compared.

# %%
references = ["le petit chat ne dort pas .", "il part demain ."]
for second in ("il part demain .", "il part ."):
    bleu, chrf = scores(["le petit chat ne mange pas .", second], references)
    print(f"second hypothesis {second!r}: BLEU {bleu:.1f}, chrF {chrf:.1f}")

# %% [markdown]
# **What to look for:**
#
# - Beam width 1 must agree with greedy decoding exactly.
# - How much does width 2 gain? How much do widths 5 and 10 add?
# - The mean log-probability of the best hypotheses rises with the width: the *search* gets better.
#   Does BLEU rise with it? Where it does not, the model is the cause and not the search.
# - What does each width cost? The times can be compared: greedy decoding and beam search get one
#   sentence at a time. (Many sentences *together* are much faster, and a beam can be batched too.)

# %% tags=["raises-exception"]
beams = results.of(
    "beams",
    lambda: experiments.compare_beams(model, tools, corpus.validation, beam_widths=(1, 2, 5, 10)),
    needs=["greedy", "beam_search"],
)
plots.plot_beams(beams)
display(beams.round(2))

# %% [markdown]
# ### Limit 1: long sentences
#
# We sort the greedy translations by the length of their source, into five groups of similar size.
# Cho et al. (2014) drew this curve for the first encoder–decoders.
#
# **What to look for:** Which group is worst, and by how much? Does chrF, which counts small
# mistakes less, fall as steeply as the share of *exactly* right sentences? (Be careful with
# "exact". A longer sentence has more chances for a mistake, even if every word is equally hard.
# BLEU and chrF count pieces, so this cannot explain why they fall.)

# %% tags=["raises-exception"]
lengths = results.of(
    "lengths",
    lambda: experiments.quality_by_length(model, tools, corpus.validation),
    needs=["greedy"],
)
plots.plot_lengths(lengths)
display(lengths.round(1))

# %% [markdown]
# **Memory, or only difficulty?** Is the context too small for a long sentence? Or are long
# sentences simply harder? To tell the two apart, we change the memory and nothing else. We train
# several translators in the same way. In each of them, only the first numbers of the context reach
# the decoder: the first 0, the first 32, or all 192 of h, and as many of c. The others are set to 0
# (`Narrow` in `instruments.py`). With the first 0, the decoder knows nothing of the source. It is a
# language model of French.
#
# The left panel shows the loss of the next word after the *right* beginning. So no earlier mistake
# can make it worse, and a long sentence has no more chances than a short one.
#
# **What to look for:**
#
# - The line *first 0*: are the words of long sentences harder, even if nothing is remembered?
# - The other lines lie below it. The distance is what their context is worth, in nats per token. Is
#   it worth as much in a long sentence as in a short one? What would you see if difficulty were the
#   only cause?

# %% tags=["raises-exception"]
runs = experiments.ShortRuns(
    tools,
    corpus.training[:12_000],  # enough to compare, and faster
    corpus.validation,
    epochs=2,
    short_first=(9, 12),
    seed=seed,
)
memory = results.of(
    "memory",
    lambda: experiments.context_sizes(runs, sizes=(0, 32, None)),
    needs=["greedy"],
)
plots.plot_context_sizes(memory)
for column in ("loss", "BLEU"):
    print(column)
    display(memory.pivot_table(column, "context", "source tokens", sort=False).round(2))

# %% [markdown]
# ### Limit 2 (extra): the way through the bottleneck is long
#
# Count the LSTM steps between a source word and its translation. For a source of S words, there are
# S steps from its first word to the first word of the target. If the target is as long, there are S
# steps between the last words too. Sutskever et al. (2014) fed the source *backwards*, as we have
# done so far. On average the distance stays the same. But the first words are now close together,
# so the model can learn the beginning of the target first. Sutskever et al. report a rise from 25.9
# to 30.6 BLEU, also for English to French.
#
# **What to look for:** The two models differ only in the direction of the source. Is one curve
# higher all the time, or only at first?

# %% tags=["raises-exception"]
directions = results.of("directions", lambda: experiments.directions(runs), needs=["greedy"])
plots.plot_curves(directions, "source", "Does it help to read the source backwards?")
display(directions.pivot(index="epoch", columns="source", values="BLEU").round(1))

# %% [markdown]
# ### Limit 3: without the teacher
#
# We train three equal models, with teacher forcing ratios 1, 0.5 and 0. All are measured as they
# will be used: they go on from their own words.
#
# **What to look for:** After each epoch, how far behind is the model with ratio 0? And is *some*
# teaching (0.5) enough?

# %% tags=["raises-exception"]
teachers = results.of("teachers", lambda: experiments.teachers(runs), needs=["greedy"])
plots.plot_curves(teachers, "teacher forcing ratio", "How fast does it learn with a teacher?")
display(teachers.pivot(index="epoch", columns="teacher forcing ratio", values="BLEU").round(1))

# %% [markdown]
# In this figure, teacher forcing seems to cost nothing. So we look where its cost should be: *after
# the model's own mistake*. Two of the models predict the words of the validation sentences twice.
# First, each word is predicted after the right beginning. Then, each word is predicted after the
# model's own words. (Your `train_step` does both, with ratio 1 and with ratio 0. The learning rate
# is 0, so nothing is learned. `Listener` in `instruments.py` records the logits.) A word is right
# if the reference has it at the same position. Up to the first mistake, both beginnings are equal.
#
# **What to look for:**
#
# - Left: with right beginnings, is a word at position 10 harder than one at position 3? And with
#   the model's own beginnings?
# - Right: the first word after the mistake, then the second, and so on. How far apart are the two
#   lines of one model? This gap is what the mistake has cost. It is exposure bias.
# - With ratio 0.5 the model has met its own words in training. Is its gap smaller? What did that
#   cost elsewhere?

# %% tags=["raises-exception"]
exposure = results.of("exposure", lambda: experiments.exposure(runs), needs=["greedy"])
plots.plot_exposure(exposure)
after = exposure[exposure["counted from"] == "first mistake"]
display(
    after.pivot(
        index=["teacher forcing ratio", "beginning"], columns="place", values="right %"
    ).round(1)
)

# %% [markdown]
# ### What does the context vector hold? (extra)
#
# We take the final h and c of every sentence and ask them: what was the first word of the source?
# The second? And so on. The answer comes from a **probe**: one linear map for each place, fitted on
# 4,000 training sentences. If even a linear map finds the word, the context holds it. (If it does
# not, the word may still be there in another form. The decoder is not linear.)
#
# {{predict remembered}}

# %%
predict("remembered", ...)

# %% [markdown]
# **What to look for:** The dashed line needs no context at all: it always says the most frequent
# word. Up to which place is the context better? What does this mean for the second half of a long
# sentence, and for the *direction* of the source?

# %% tags=["raises-exception"]
remembered = results.of(
    "remembered",
    lambda: experiments.remembered(
        model,
        tools,
        corpus.training[:4_000],
        corpus.validation,
        groups={"at most 10": (1, 10), "16 and more": (16, 99)},
    ),
)
plots.plot_remembered(remembered)

# %% [markdown]
# **The whole context at a glance.** We cannot look at 192 dimensions of h. But we can look at the
# plane in which the contexts differ most: the first two principal components. Each point is a
# sentence. Nobody told the encoder the properties that give the colours. If you see an order, the
# encoder has found it because it helps to translate.
#
# **What to look for:** Which property splits the points into groups? Could you tell this property
# from the *last* token that the encoder read? (The source is reversed.) Each axis says its share of
# the variance. How much of the context is not in the figure at all?

# %% tags=["raises-exception"]
contexts = results.of(
    "contexts",
    lambda: experiments.contexts(
        model,
        tools,
        corpus.validation,
        properties={
            "length": lambda sentence: len(sentence.split()),
            "kind": lambda sentence: "question" if sentence.endswith("?") else "statement",
        },
    ),
)
plots.plot_contexts(contexts, colours=["length", "kind"])

# %% [markdown]
# ### Real sentences (extra)
#
# <details><summary>More: everything above with your own file</summary>
#
# Set `sentences_file`, at the beginning of this section, to a file of real pairs. Then run the
# cells below it again. Each line is an English sentence, a tab and a French sentence. The Tatoeba
# project offers such files. `load_corpus` in `sentences.py` leaves out long sentences and makes
# rare words *unknown*. It keeps all translations of one sentence in one part, and prints how many
# words are unknown.
#
# **Expect little** of a few thousand pairs. Real language has many more words and constructions
# than our grammar, and most of them occur once or twice. Sentences that differ so much need far
# more practice. Research systems learn from millions of pairs.
#
# </details>

# %% [markdown] nbgrader={"grade_id": "translation_question", "locked": true}
# ### Task `translation` (10 points): a written answer
#
# Answer in about 200 words, from the tables and figures of section 5. Quote the numbers that you
# use. A result that is marked RECORDED counts as much as your own: say that it is recorded.
#
# 1. How does the mean log-probability change from beam width 1 to 10? Does BLEU change with it?
#    Explain *search errors* (the model prefers a better translation, but the search did not find
#    it) and *model errors* (the model prefers a worse one). Which of the two can a wider beam
#    correct?
# 2. Quality falls with the length of the source. Give two explanations: one in which the fixed-size
#    context is the cause, and one in which it is not. What does the experiment with several sizes
#    of the context say for or against each?
# 3. Teacher forcing learns fast. What does it not practise? Show the damage with numbers of the
#    words after a first mistake. What does a teacher forcing ratio of 0.5 change, for better and
#    for worse?

# %% [markdown] nbgrader={"grade_id": "translation", "grade": true, "solution": true, "points": 10}
# === BEGIN MARK SCHEME ===
# **Search and model (3 points).** 1: the change of log-probability and of BLEU is given in numbers
# (recorded, from width 1 over 2 and 5 to 10: log-probability −3.22, −2.92, −2.76, −2.74 and BLEU
# 67.2, 70.0, 71.5, 71.6; both rise less and less). 1: search error: the model gives a better
# translation more probability, but the search did not find it; model error: the model gives the
# better one less. 1: a wider beam corrects search errors only; so it can even *lower* BLEU, because
# it finds what the model wrongly prefers (Stahlberg & Byrne, 2019: the most probable translation is
# often the empty one; the length penalty hides this and does not change the model).
#
# **Bottleneck (4 points).** 1: two explanations: the same 2 × 192 numbers must hold 4 words or 20;
# against that, for example: long sentences have harder grammar or rarer words, mistakes lead to
# more mistakes, there are more chances for one. 1: numbers are quoted from the experiment with
# several sizes. 1: the line for 0 is understood: nothing is remembered, and still the loss per
# token hardly rises with length (recorded: 1.87 for 4–8 tokens, 2.03 for 18–25). So the words of
# long sentences are little harder by themselves. The loss is taken after right beginnings, so
# mistakes do not lead to more mistakes. 1: what a context is worth, its distance to that line,
# shrinks with length (recorded, whole context: from 1.32 to 0.81 nats; first 32: from 0.59 to
# 0.32). The probe counts as evidence too (recorded, 16 tokens and more: the first word is told in
# 100 %, from the eighth on hardly more often than without a context). A careful answer says what
# stays open: to remember long sentences may also need more practice.
#
# **Teacher forcing (3 points).** 1: it never practises going on after its own mistakes (exposure
# bias). 1: the damage in numbers: how far the words after the first mistake lie below the same
# words with right beginnings (recorded, ratio 1, first word: 27.7 % instead of 70.7 %). 1: what
# ratio 0.5 changes, in numbers: the gap (recorded, first word: 34.3 instead of 43.0 points), and
# what it costs in BLEU (recorded: 37.8 instead of 40.3) or in words with right beginnings. (A part
# of any gap is no damage: after another choice of words the positions no longer match. An answer
# that says so has understood it.)
#
# Other answers that argue soundly from the numbers shown get the same points. This holds too where
# the numbers are not as expected, and where the results are recorded ones.
# === END MARK SCHEME ===

# %% [markdown]
# ## 6. Summary
#
# - **Encoder–decoder.** Two recurrent networks divide the work. EOS lets the model choose the
#   length.
# - **Context vector.** All that the decoder knows of the source is the encoder's last state. This
#   is simple, and it is a bottleneck.
# - **Padding is not data.** States end at the last real token. Losses count real tokens only.
# - **Teacher forcing** makes each step an ordinary classification, and learns fast. Exposure bias
#   is the price.
# - **Greedy decoding** never changes a choice. **Beam search** keeps several hypotheses, and costs
#   time. A better search does not correct a worse model.
# - **Limits.** Quality falls with length, because a context of one size must hold more and more.
#   The distance between a word and its translation matters. And after a mistake, a decoder goes on
#   from this mistake.
#
# ### What's Next?
#
# Must one memory of the whole sentence be enough for the decoder? It could also *look back*. Your
# encoder already returns the `outputs` of all positions. Nobody has used them so far. The decoder
# could choose, at every step, those that matter now. Bahdanau et al. (2015) did so. Quality then
# hardly fell with length any more. That is **attention**, the topic of **Module 05**.
#
# ### References
#
# - Bahdanau, Cho & Bengio (2015). *Neural Machine Translation by Jointly Learning to Align and
#   Translate.* ICLR.
# - Bengio, Louradour, Collobert & Weston (2009). *Curriculum Learning.* ICML.
# - Bengio, Vinyals, Jaitly & Shazeer (2015). *Scheduled Sampling for Sequence Prediction with
#   Recurrent Neural Networks.* NeurIPS.
# - Cho, van Merriënboer, Gulcehre, Bahdanau, Bougares, Schwenk & Bengio (2014). *Learning Phrase
#   Representations using RNN Encoder–Decoder for Statistical Machine Translation.* EMNLP. For
#   quality against length: Cho, van Merriënboer, Bahdanau & Bengio (2014). *On the Properties of
#   Neural Machine Translation: Encoder–Decoder Approaches.* SSST-8.
# - Pascanu, Mikolov & Bengio (2013). *On the Difficulty of Training Recurrent Neural Networks.*
#   ICML.
# - Papineni, Roukos, Ward & Zhu (2002). *BLEU: a Method for Automatic Evaluation of Machine
#   Translation.* ACL. Popović (2015). *chrF: character n-gram F-score for automatic MT evaluation.*
#   WMT. Post (2018). *A Call for Clarity in Reporting BLEU Scores.* WMT.
# - Stahlberg & Byrne (2019). *On NMT Search Errors and Model Errors: Cat Got Your Tongue?* EMNLP.
# - Sutskever, Vinyals & Le (2014). *Sequence to Sequence Learning with Neural Networks.* NeurIPS.
# - Williams & Zipser (1989). *A Learning Algorithm for Continually Running Fully Recurrent Neural
#   Networks.* Neural Computation 1(2).
# - Wu et al. (2016). *Google's Neural Machine Translation System: Bridging the Gap between Human
#   and Machine Translation.* arXiv:1609.08144.
