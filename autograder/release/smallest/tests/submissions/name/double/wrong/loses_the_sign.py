# says: a negative number was not doubled
def double(numbers):
    return [2 * abs(number) for number in numbers]
