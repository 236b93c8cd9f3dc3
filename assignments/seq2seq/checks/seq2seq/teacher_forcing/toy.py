"""The toy translator that `train_step` trains: small, smooth, and no LSTM."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from checks.declared import Like, Many, Shaped

State = tuple[Tensor, Tensor]
# sizes by the tensors that a toy is made of: of the batch b, of the layers of a state l, of calls n
L, H, V = "weights.move.0", "weights.move.1", "weights.output.1"
SOURCES, TARGETS = "weights.source_embedding.0", "weights.target_embedding.0"


class EncoderCall(TypedDict):
    """One call of the encoder."""

    source: Annotated[Tensor, Shaped("b", None, whole=True, below=SOURCES)]
    lengths: Annotated[Tensor, Shaped("b", whole=None)]
    training: bool
    h: Annotated[Tensor, Shaped(L, "b", H)]
    c: Annotated[Tensor, Shaped(L, "b", H)]


class DecoderCall(TypedDict):
    """One call of the decoder; `previous` has any shape."""

    logits: Annotated[Tensor, Shaped("b", V)]
    previous: Annotated[Tensor, Shaped(..., whole=True, below=TARGETS, total=("b",))]
    h: Annotated[Tensor, Shaped("l", "b", H)]
    c: Annotated[Tensor, Shaped("l", "b", H)]
    new_h: Annotated[Tensor, Shaped(L, "b", H)]
    new_c: Annotated[Tensor, Shaped("l", "b", H)]
    training: bool
    graph: Annotated[list[bool], Many(3)]


class StackedCalls(TypedDict):
    """Calls of the decoder that look alike, each tensor with one more dimension in front."""

    logits: Annotated[Tensor, Shaped("n", "b", V)]
    previous: Annotated[Tensor, Shaped("n", ..., whole=True, below=TARGETS, total=("n", "b"))]
    h: Annotated[Tensor, Shaped("n", "l", "b", H)]
    c: Annotated[Tensor, Shaped("n", "l", "b", H)]
    new_h: Annotated[Tensor, Shaped("n", L, "b", H)]
    new_c: Annotated[Tensor, Shaped("n", "l", "b", H)]
    training: Annotated[list[bool], Many("n")]
    graph: Annotated[list[Annotated[list[bool], Many(3)]], Many("n")]


Weights = TypedDict(
    "Weights",
    {
        "encoder.embedding": Annotated[Tensor, Like("weights.source_embedding")],
        "encoder.to_h": Annotated[Tensor, Like("weights.to_h")],
        "encoder.to_c": Annotated[Tensor, Like("weights.to_c")],
        "decoder.embedding": Annotated[Tensor, Like("weights.target_embedding")],
        "decoder.move": Annotated[Tensor, Like("weights.move")],
        "decoder.output": Annotated[Tensor, Like("weights.output")],
        "decoder.bias": Annotated[Tensor, Like("weights.bias")],
    },
)
Weights.__doc__ = "A tensor for each weight of the toy translator: its value, or its gradient."


class ToyEncoder(nn.Module):
    """Makes a state from the sum of all embeddings and from the length it is told."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.embedding = nn.Parameter(weights["source_embedding"])  # (vocabulary, hidden)
        self.to_h = nn.Parameter(weights["to_h"])  # (layers, hidden, hidden)
        self.to_c = nn.Parameter(weights["to_c"])  # (layers, hidden, hidden)
        self.calls: list[dict[str, Any]] = []

    def forward(self, source: Tensor, source_lengths: Tensor) -> tuple[Tensor, State]:
        """Return (outputs, (h, c)), and write the call down."""
        lengths = torch.as_tensor(source_lengths, device=source.device)
        embedded = embedding(source, self.embedding)  # (batch, source_time, hidden)
        summed = embedded.sum(1) / lengths[:, None]  # (batch, hidden)
        h, c = torch.tanh(summed @ self.to_h), torch.tanh(summed @ self.to_c)
        call = {"source": source, "lengths": lengths, "training": self.training, "h": h, "c": c}
        self.calls.append(copies(call))
        return embedded, (h, c)


class ToyDecoder(nn.Module):
    """Moves a state by one token; h and c of every layer enter the logits."""

    depth: Tensor

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.embedding = nn.Parameter(weights["target_embedding"])  # (vocabulary, hidden)
        self.move = nn.Parameter(weights["move"])  # (layers, hidden, hidden)
        self.output = nn.Parameter(weights["output"])  # (hidden, vocabulary)
        self.bias = nn.Parameter(weights["bias"])  # (vocabulary,)
        depth = torch.arange(1.0, len(self.move) + 1)[:, None, None]
        self.register_buffer("depth", depth, persistent=False)  # each layer's share
        self.calls: list[dict[str, Any]] = []

    def forward(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Return (logits, new state), and write the call down."""
        h, c = state
        B = h.shape[1] if h.ndim == 3 else -1
        if h.shape != c.shape or previous.numel() != B:
            shapes = [tuple(tensor.shape) for tensor in (previous, h, c)]
            raise ValueError(f"model.decoder expects (B,), and (L, B, H) twice, got {shapes}")
        words = previous.reshape(B)  # the checks see what shape it had
        new_c = 0.6 * c + embedding(words, self.embedding)  # (layers, batch, hidden)
        new_h = torch.tanh(h @ self.move - new_c)  # (layers, batch, hidden)
        logits = (new_h * self.depth[: len(new_h)]).sum(
            0
        ) @ self.output + self.bias  # (batch, vocabulary)
        call = {"previous": previous, "h": h, "c": c, "training": self.training}
        call |= {"logits": logits, "new_h": new_h, "new_c": new_c}
        call["graph"] = [tensor.requires_grad for tensor in (h, c, logits)]
        self.calls.append(copies(call))
        return logits, (new_h, new_c)


def copies(call: dict[str, Any]) -> dict[str, Any]:
    """Copy what was seen, so that nothing done later changes it."""
    return {
        name: value.detach().clone() if isinstance(value, Tensor) else value
        for name, value in call.items()
    }
