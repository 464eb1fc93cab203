package picture

import "fmt"

// Accepted names the formats that Decode reads, for messages.
const Accepted = "JPEG, PNG, GIF or WebP"

// A FormatError says that the data is not in a format that Decode reads.
type FormatError struct {
	Name string // of the format, as its first bytes tell it; "" if they tell nothing
}

// Error names the format and those that are accepted.
func (e *FormatError) Error() string {
	if e.Name == "" {
		return "the data is no image of a known format: send " + Accepted
	}
	return e.Name + " is not accepted: send " + Accepted
}

// A LimitError says that an image is larger than Limits allow.
type LimitError struct {
	What         string // "bytes", "pixels", "pixels on a side", "times as long as it is short", "pixels in all its scans"
	Value, Limit int64
}

// Error gives the value and the limit.
func (e *LimitError) Error() string {
	return fmt.Sprintf("the image is too large: %d %s, and at most %d are taken", e.Value, e.What, e.Limit)
}

// A DamageError says that an image in an accepted format cannot be decoded: it
// is cut short, damaged, or uses a part of the format that is not read.
type DamageError struct {
	Format string // "JPEG", "PNG", "GIF" or "WebP"
	Err    error  // what the decoder says
}

// Error names the format and the cause.
func (e *DamageError) Error() string {
	return fmt.Sprintf("the %s image cannot be decoded: %v", e.Format, e.Err)
}

// Unwrap returns the cause.
func (e *DamageError) Unwrap() error { return e.Err }
