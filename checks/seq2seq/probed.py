"""What a check of this assignment is handed, typed: `student.encode(...)`.

Each line takes name, arguments and help from the probe itself, so that there is no second list of
signatures to keep in step. What comes back is `Any` on purpose: it was made in the submission's
process and may be anything, until a check has read it.
"""

from __future__ import annotations

from checks.student import Asked, Student

from . import probes


class Probed(Student):
    """A submission, or the solution, that can be asked what `probes` lists.

    For annotations: the fixtures `student` and `reference` hand out a plain `Student`, which knows
    no assignment and passes any name on.
    """

    encode = Asked(probes.encode)
    encoder_gradients = Asked(probes.encoder_gradients)
    encoder_on = Asked(probes.encoder_on)
    decode = Asked(probes.decode)
    decoder_gradients = Asked(probes.decoder_gradients)
    decoder_on = Asked(probes.decoder_on)
    train = Asked(probes.train)
    train_step_on = Asked(probes.train_step_on)
    greedy = Asked(probes.greedy)
    greedy_on = Asked(probes.greedy_on)
    beam = Asked(probes.beam)
    beam_on = Asked(probes.beam_on)
