// Package memory tells how much memory there is for a program to take.
package memory

// Available is what a new program may take, in bytes; 0 where the system does
// not tell. Goroutines may share it.
func Available() int64 { return available() }
