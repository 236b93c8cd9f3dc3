from checks.expect import expect


def test_doubles_each_number(student):
    """You return each number doubled, in the order given."""
    expect(student.double(numbers=[1, 3]) == [2, 6], "1 and 3 did not become 2 and 6")
