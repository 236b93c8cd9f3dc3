"""Whoever `students.csv` lists is a student of nbgrader's gradebook."""

from __future__ import annotations

from dataclasses import dataclass

from nbgrader.api import Gradebook

from autograder.course import Course

from .students import Student, read_students

FIELDS = {"first": "first_name", "last": "last_name", "email": "email", "lms": "lms_user_id"}


@dataclass(frozen=True)
class Enrolled:
    """What taking a list into the gradebook came to."""

    students: list[Student]  # of the list
    joined: list[str]  # who were not in the gradebook
    unlisted: list[str]  # who are in it, and not in the list


def enrol(course: Course, gradebook: Gradebook) -> list[Student]:
    """Take the course's list into the gradebook; returns it. See `taken_in`."""
    return taken_in(gradebook, read_students(course.students)).students


def taken_in(gradebook: Gradebook, students: list[Student]) -> Enrolled:
    """Take a list into the gradebook: who is new, and what is said of the others.

    Nobody is taken out, and what the list leaves empty stays as it was.
    """
    known = {student.id: student for student in gradebook.students}
    joined = []
    for student in students:
        said = {FIELDS[key]: getattr(student, key) for key in FIELDS if getattr(student, key)}
        if student.id not in known:
            gradebook.add_student(student.id, **said)
            joined.append(student.id)
            continue
        for key, value in said.items():
            if getattr(known[student.id], key) != value:
                setattr(known[student.id], key, value)
    gradebook.db.commit()
    listed = {student.id for student in students}
    return Enrolled(students, joined, sorted(set(known) - listed))
