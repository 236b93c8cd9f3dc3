"""What the judge may ask of a submission: every function here runs in the student's process."""

from .beam_search.probes import beam, beam_on
from .decoder.probes import decode, decoder_gradients, decoder_on
from .encoder.probes import encode, encoder_gradients, encoder_on
from .greedy.probes import greedy, greedy_on
from .teacher_forcing.probes import train, train_step_on
from .warm_up import warm_up as warm_up  # no probe: called once, before any submission

__all__ = [
    "beam",
    "beam_on",
    "decode",
    "decoder_gradients",
    "decoder_on",
    "encode",
    "encoder_gradients",
    "encoder_on",
    "greedy",
    "greedy_on",
    "train",
    "train_step_on",
]
