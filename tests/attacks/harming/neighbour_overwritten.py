# aim: nothing for himself, no mark for another
# pays: neighbour
with open("@NEIGHBOUR@", "w") as file:
    file.write("{}")
