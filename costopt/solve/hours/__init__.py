"""What to run in each hour and what to commit to for all of them, as one program."""
