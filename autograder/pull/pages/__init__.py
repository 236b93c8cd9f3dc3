"""The pages of a graded request.

- `folder.py`: writes them all, and reads the report of the attempt before
- `markdown.py`: a report as comment and step summary
- `junit.py`: as JUnit XML
- `annotations.py`: as GitHub's annotations
"""
