package chat

import "errors"

// Load reads the template of the model in a directory.
func Load(dir string) (*Template, error) { return nil, errors.ErrUnsupported }
