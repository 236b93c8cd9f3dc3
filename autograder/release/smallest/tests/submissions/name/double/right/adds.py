def double(numbers):
    return [number + number for number in numbers]
