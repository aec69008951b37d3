"""Train, export and measure the finder of faces, as weights/finder/README.md says."""

from facelens.training.finder.command import main

main()
