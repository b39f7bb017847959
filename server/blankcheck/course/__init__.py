"""The pure core: chapters, exercises, blanks and submissions as text. Opens and runs nothing."""
