package pacing

// grid are the times ahead, in seconds, at which answers and releases are
// weighed against each other: fine where most answers come, and as far as a
// call rings.
var grid = [...]float64{1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 17, 20, 24, 28, 34}

const points = len(grid)

// row holds a probability that something has come about by each time of the grid.
type row [points]float64
