// Package page draws what a model takes as one HTML file: parameters and memory by
// part, cost against the length of the text, and, where a cluster was simulated,
// the timeline of a training step and the layouts that fit. The file contains no
// script and no reference to anything outside it.
package page
