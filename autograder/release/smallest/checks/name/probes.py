from typing import Any

from checks.declared import answers


@answers(Any)  # what students return is for a check to read
def double(lesson, numbers):
    return lesson.double(numbers)
