"""What the scripts of a repository read and write, found by evaluating what in them is constant; nothing is executed."""
