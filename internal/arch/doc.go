// Package arch holds the rules of this repository that can be checked by
// reading its files: which package may import which, what assembly must do
// before it returns, and how long a file may be. It has tests only; they parse
// the files themselves, so that the test cache sees every change.
package arch
