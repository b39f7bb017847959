"""`python -m blankcheck_runner`: the runner host, in the learner's interpreter."""

from blankcheck_runner.host import main

if __name__ == "__main__":
    main()
