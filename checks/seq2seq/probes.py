"""What the judge may ask of a submission: every function here runs in the student's process."""

from .device_probes import *  # noqa: F403  the same five tasks on other devices
from .module_probes import *  # noqa: F403  the probes of encoder, decoder and train_step
from .search_probes import *  # noqa: F403  the probes of greedy_decode and beam_search
from .warm_up import warm_up as warm_up
