"""Where to look first after a crash: that depends on the exception, not on the check it stopped."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .program import Trouble

# a check's own hint is about shapes and sizes; only these exceptions come of those, the student's
# own assertions included
TAKE_HINTS = frozenset({"AssertionError", "IndexError", "RuntimeError", "TypeError", "ValueError"})


@dataclass(frozen=True)
class Cause:
    """A cause that an exception's type and message give away."""

    types: tuple[str, ...]
    message: str  # a pattern found anywhere in it
    help: str  # never quotes the message, which could repeat a hidden input
    at_the_call: bool = False  # only where no line of the student's own code was reached


ARGUMENTS = (
    r"unexpected keyword argument|missing \d+ required|positional arguments? but"
    r"|takes no arguments|multiple values for argument"
)

# the first that fits is told
CAUSES = (
    Cause(
        ("AttributeError", "TypeError"),
        r"before Module\.__init__\(\) call"
        r"|no attribute '_(modules|parameters|buffers|backward_hooks|forward_hooks)'",
        "call super().__init__() in the first line of __init__, before anything is set on self",
    ),
    Cause(
        ("NotImplementedError",),
        r'missing the required "forward" function',
        "name the method `forward`, and indent it so that it stands inside the class",
    ),
    Cause(
        ("UnboundLocalError",),
        "",
        "on the way taken here the variable gets no value: set it before the `if` or the loop",
    ),
    Cause(
        ("NameError",),
        "",
        "is the name misspelt, or defined in a cell that was not run or that failed?",
    ),
    Cause(
        ("ModuleNotFoundError",),
        "",
        "only the packages in requirements.txt can be counted on; is the name misspelt?",
    ),
    Cause(("ImportError",), "", "the module has no such name: is it misspelt?"),
    Cause(
        ("IndentationError", "SyntaxError", "TabError"),
        "",
        "Python cannot read the code: correct the line named, then run its cell again",
    ),
    Cause(
        ("TypeError",),
        ARGUMENTS,
        "compare names and order of the parameters with the signature in the contract",
        at_the_call=True,
    ),
    Cause(
        ("TypeError",),
        ARGUMENTS,
        "the function called in that line takes other arguments: compare with its definition",
    ),
    Cause(
        ("TypeError", "AttributeError"),
        "NoneType",
        "something is None there: is a `return` missing, or a value never set?",
    ),
    Cause(
        ("AttributeError",),
        "",
        "the object has nothing of that name: is it misspelt, not set in __init__, or is the "
        "object of another type than you think?",
    ),
    Cause(("RecursionError",), "", "a function calls itself without end"),
    Cause(
        ("RuntimeError", "AssertionError"),
        r"not compiled with CUDA|No CUDA GPUs|NVIDIA driver|Invalid device|CUDA error",
        "name no device: make tensors on that of the inputs, device=x.device",
    ),
    Cause(
        ("RuntimeError",),
        r"'lengths' argument should be a 1D CPU",
        "pack_padded_sequence wants its lengths on the CPU: lengths.cpu()",
    ),
    Cause(
        ("RuntimeError",),
        r"same device|indices should be either on|expected device",
        "what your code makes belongs on the device of the inputs: device=x.device",
    ),
    Cause(
        ("RuntimeError", "TypeError"),
        r"scalar type|same dtype|expected dtype|but found (Float|Double|Long|Int|Half)",
        "tensors of two number types meet: make them with dtype=..., or convert with .to(dtype)",
    ),
    Cause(
        ("RuntimeError",),
        r"backward through the graph a second time",
        "something from an earlier call is kept: start afresh, and detach what you keep",
    ),
    Cause(
        ("RuntimeError",),
        r"does not require grad|modified by an inplace|leaf Variable that requires grad",
        "a gradient cannot pass: no .data, .item(), torch.tensor(...) of a tensor, or change in "
        "place between the parameters and the loss",
    ),
    Cause(
        ("RuntimeError",),
        r"that requires grad\. Use tensor\.detach",
        "detach a tensor before .numpy()",
    ),
)


def help_for(trouble: Trouble) -> str:
    """The help line of a crash, "" where its exception points nowhere."""
    for cause in CAUSES:
        fits = trouble.type_name in cause.types and re.search(cause.message, trouble.message)
        if fits and not (cause.at_the_call and trouble.label):
            return cause.help
    return ""


def takes_hint(trouble: Trouble) -> bool:
    """Whether the check's own hint may be about this crash."""
    return trouble.type_name in TAKE_HINTS
