"""Trains the judge's English-French translator.

`python -m autograder.suites.seq2seq.shared.train_translator` writes `translator.safetensors` and
`translator.vocabulary.json` beside this file. The decoder's weights are those of
`RecurrentDecoder`; the encoder is a GRU that only the judge runs.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from data.batches import Batch, batches
from data.corpus import build
from data.vocabulary import Vocabulary

WEIGHTS = Path(__file__).with_name("translator.safetensors")
WORDS = Path(__file__).with_name("translator.vocabulary.json")

SEED = 7
EMBEDDING = 40
WIDTH = 104  # 2H: a GRU's hidden vector, shared out between h and c
LAYERS = 2
EPOCHS = 12
BATCH_SIZE = 64
LEARNING_RATE = 4e-3


class Translator(nn.Module):
    """A GRU encoder-decoder; each decoder layer starts from a projection of the encoder's state."""

    def __init__(self, source_size: int, target_size: int) -> None:
        super().__init__()
        self.source_embedding = nn.Embedding(source_size, EMBEDDING)
        self.reader = nn.GRU(EMBEDDING, WIDTH, batch_first=True)
        self.bridge = nn.Linear(WIDTH, LAYERS * WIDTH)
        self.target_embedding = nn.Embedding(target_size, EMBEDDING)
        self.writer = nn.GRU(EMBEDDING, WIDTH, LAYERS, batch_first=True)
        self.output = nn.Linear(WIDTH, target_size)
        self.dropout = nn.Dropout(0.1)

    def encode(self, source: Tensor, source_lengths: Tensor) -> Tensor:
        """Return the decoder's first hidden vectors, (layers, batch, 2 * hidden)."""
        embedded = self.dropout(self.source_embedding(source))  # (batch, source_time, embedding)
        packed = pack_padded_sequence(
            embedded, source_lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        _, last = self.reader(packed)  # (1, batch, width)
        start = self.bridge(last[0]).tanh()  # (batch, layers * width)
        return start.unflatten(1, (LAYERS, WIDTH)).transpose(0, 1).contiguous()

    def forward(self, batch: Batch) -> Tensor:
        """Return the logits of all target words but BOS, (B, T - 1, V)."""
        start = self.encode(batch.source, batch.source_lengths)  # (layers, batch, width)
        embedded = self.dropout(self.target_embedding(batch.target[:, :-1]))
        outputs, _ = self.writer(embedded, start)  # (batch, target_time - 1, width)
        return self.output(self.dropout(outputs))


def train(seed: int = SEED, epochs: int = EPOCHS) -> tuple[Translator, Vocabulary, Vocabulary]:
    """Train on the corpus, the source reversed; the same for a seed on the same machine."""
    corpus = build()
    source_words = Vocabulary.from_sentences(pair.source for pair in corpus.train)
    target_words = Vocabulary.from_sentences(pair.target for pair in corpus.train)
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # initial weights and dropout know no generator of their own
        model = Translator(len(source_words), len(target_words))
        optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
        for epoch in range(epochs):
            began, total, count = time.perf_counter(), 0.0, 0
            for batch in batches(
                corpus.train,
                source_words,
                target_words,
                batch_size=BATCH_SIZE,
                generator=generator,
                reverse_source=True,
            ):
                optimizer.zero_grad()
                loss = F.cross_entropy(
                    model(batch).flatten(0, 1),
                    batch.target[:, 1:].flatten(),
                    ignore_index=target_words.pad_id,
                )
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                total, count = total + loss.item(), count + 1
            schedule.step()
            seconds = time.perf_counter() - began
            print(f"epoch {epoch + 1}: loss {total / count:.3f}, {seconds:.1f} s", flush=True)
    return model.eval(), source_words, target_words


def main() -> None:
    """Train and write the weights and the words."""
    model, source_words, target_words = train()
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, WEIGHTS)
    words = {"source": source_words.words[4:], "target": target_words.words[4:]}
    WORDS.write_text(json.dumps(words, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
