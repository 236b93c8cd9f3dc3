"""Reports: one record a submission, from which every output is rendered.

- `mark.py`: what a task earns, line by line of its rubric
- `excuse.py`: checks that do not count as they did, by a decision after the release
- `record.py`: the record, with its points, as JSON
- `attempts.py`: the attempts that were graded, a line each
- `schema.py`: its types as they are written, and their JSON schema
- `compare.py`: what parts two of them
- `view.py`: what of it may be shown
- `render.py`: it as HTML and as text
- `gradescope.py`: it as Gradescope's `results.json`
"""
